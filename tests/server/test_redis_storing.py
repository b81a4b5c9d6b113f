"""What a node has before it replays, where its journal is in Redis."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs

from router.archive.sqlite import SqliteArchive
from router.errors import ArchiveCorrupt, SettingsError, StorageError
from router.journal.redis_layout import BEGINNING, LIVES, OWNER, SNAPSHOTS, STORE
from router.journal.redis_link import Took
from router.journal.redis_owner import Claim
from router.journal.redis_snapshots import BEGUN
from router.journal.redis_stream import RedisJournal
from router.server.archiving import open_archive
from router.server.clock import Clock
from router.server.metrics import Metrics
from router.server.restoring import NOTHING
from router.server.setting_back import LIVES_FILE, STOOD_FILE
from router.server.settings import Settings
from router.server.snapshotter import LIFE_VARIABLE, followed_redis
from router.server.storing import Kept, claimed, opened, snapshotting
from tests.helpers.nodes import node_settings
from tests.helpers.redis_server import RedisServer
from tests.server.test_snapshotter import drive
from tests.server.test_storing import COMMANDS, archived

pytestmark = pytest.mark.process


@pytest.fixture
def settings(redis: RedisServer, tmp_path: Path) -> Settings:
    redis.ask("FLUSHALL")
    return redis_settings(tmp_path, redis)


def redis_settings(folder: Path, redis: RedisServer, partitions: int = 4) -> Settings:
    return node_settings(
        journal="redis",
        data=str(folder),
        redis_url=redis.url,
        partitions=partitions,
        node="one",
        snapshot_ms=5_000,
    )


def ignore(*_: object) -> None:
    pass


@asynccontextmanager
async def started(settings: Settings, took: Took = ignore) -> AsyncIterator[Kept]:
    """What a node does first; whoever was before has let go."""
    with trio.fail_after(10):
        owned = await claimed(settings, ignore, ignore, took)
    async with opened(settings, Clock(), owned) as kept:
        yield kept


async def fill(kept: Kept, redis: RedisServer) -> None:
    """Five commands, a snapshot, and one more."""
    for command in COMMANDS:
        await kept.journal.append([command], 0)
    await trio.to_thread.run_sync(drive, followed_redis(redis.address), [])
    await kept.journal.append([COMMANDS[-1]], 0)


async def test_a_start_begins_with_nothing_and_an_end_lets_another_in(
    settings: Settings, redis: RedisServer
) -> None:
    for _ in range(2):
        redis.ask("ZADD", BEGUN, 1, "fairline:snapshot:left")
        async with started(settings) as kept:
            assert isinstance(kept.journal, RedisJournal)
            assert kept.start == NOTHING
            assert redis.ask("HGET", OWNER, "node") == b"one"
            keeper = snapshotting(settings.server, kept, Metrics())
            assert keeper is not None
            assert keeper._terms.span_ms == 5_000
            assert keeper._environment[LIFE_VARIABLE] == kept.journal.life
            keeper._snapshots.sweep()
        assert redis.ask("EXISTS", OWNER, BEGUN) == 0


async def test_what_a_start_and_the_keeper_of_snapshots_say_to_redis_is_timed(
    settings: Settings,
) -> None:
    kinds: list[str] = []
    async with started(settings, lambda kind, _: kinds.append(kind)) as kept:
        assert "snapshot" in kinds
        kinds.clear()
        keeper = snapshotting(settings.server, kept, Metrics())
        assert keeper is not None
        keeper._snapshots.sweep()
        assert "snapshot" in kinds


async def test_a_start_has_the_newest_snapshot_and_the_journal_behind_it(
    settings: Settings, redis: RedisServer
) -> None:
    async with started(settings) as kept:
        await fill(kept, redis)
        archived(kept, len(COMMANDS))
    async with started(settings) as kept:
        count = len(COMMANDS)
        assert kept.start.positions == {"acme": count}
        assert kept.journal.end == {"acme": count + 1}
        assert kept.start.cores["acme"].router.position == count
        async with aclosing(kept.journal.read(kept.start.positions)) as batches:
            batch = await anext(batches)
        assert [record.position for record in batch] == [count + 1]


async def test_a_start_takes_no_snapshot_that_the_archive_has_not_reached(
    settings: Settings, redis: RedisServer
) -> None:
    async with started(settings) as kept:
        await fill(kept, redis)
        archived(kept, 3)
        assert isinstance(kept.journal, RedisJournal)
        assert kept.journal.holds.done()[0]["acme"] == 3
    async with started(settings) as kept:
        assert kept.start == NOTHING
        async with aclosing(kept.journal.read(kept.start.positions)) as batches:
            assert (await anext(batches))[0].position == 1


async def test_an_archive_that_was_lost_begins_where_the_journal_does(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    async with started(settings) as kept:
        await fill(kept, redis)
        archived(kept, len(COMMANDS))
        assert isinstance(kept.journal, RedisJournal)
        (place,) = await trio.to_thread.run_sync(followed_redis(redis.address).snapshots.prune)
        assert await kept.journal.trim(place.positions, place=place)
    assert redis.ask("EXISTS", BEGINNING, SNAPSHOTS) == 2
    elsewhere = redis_settings(tmp_path / "elsewhere", redis)
    with capture_logs() as said:
        async with started(elsewhere) as kept:
            assert kept.start.positions == {"acme": len(COMMANDS)}
            assert kept.archive is not None
            assert kept.archive.position("acme") == len(COMMANDS)
            async with aclosing(kept.journal.read(kept.start.positions)) as batches:
                assert (await anext(batches))[0].position == len(COMMANDS) + 1
    events = [line["event"] for line in said]
    assert "snapshot.newer_than_effects" in events
    assert "archive.gap" in events


async def test_a_store_that_is_spread_otherwise_is_refused_by_the_key(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    async with started(settings):
        pass
    other = redis_settings(tmp_path, redis, partitions=8)
    with pytest.raises(SettingsError, match="write partitions = 4"):
        async with started(other):
            raise AssertionError("nothing was opened")


async def _archive_all_and_lose_one(settings: Settings, redis: RedisServer) -> None:
    """Every command is in the archive, and the last no more in Redis."""
    async with started(settings) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        archived(kept, len(COMMANDS))
    lose_last(redis)


async def _archive_one_and_empty(settings: Settings, redis: RedisServer) -> None:
    """Leaves an archive with one command, of a Redis that has nothing any more."""
    async with started(settings) as kept:
        await kept.journal.append([COMMANDS[0]], 0)
        archived(kept, 1)
    redis.ask("FLUSHALL")


async def test_a_start_goes_on_from_what_redis_has_though_the_archive_knows_more(
    settings: Settings, redis: RedisServer
) -> None:
    await _archive_all_and_lose_one(settings, redis)
    async with started(settings) as kept:
        assert kept.journal.end == {"acme": len(COMMANDS) - 1}
        assert kept.archive is not None
        assert kept.archive.position("acme") == len(COMMANDS) - 1
        await kept.journal.append([COMMANDS[-1]], 0)


async def test_the_archive_of_another_redis_is_left_as_it_is(
    settings: Settings, redis: RedisServer
) -> None:
    async with started(settings) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        archived(kept, len(COMMANDS))
    redis.ask("FLUSHALL")
    for _ in range(2):
        with pytest.raises(ArchiveCorrupt, match="another journal"):
            async with started(settings):
                raise AssertionError("nothing was opened")
    with closing(SqliteArchive(Path(settings.server.data) / "archive", ["acme"])) as archive:
        assert archive.position("acme") == len(COMMANDS)


async def test_the_archive_of_another_redis_is_left_though_that_one_has_gone_further(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    await _archive_one_and_empty(settings, redis)
    async with started(redis_settings(tmp_path / "elsewhere", redis)) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
    for _ in range(2):
        with pytest.raises(ArchiveCorrupt, match="another journal"):
            async with started(settings):
                raise AssertionError("nothing was opened")
    (tmp_path / "archive").rename(tmp_path / "archive-before")
    async with started(settings) as kept:
        assert kept.journal.end == {"acme": len(COMMANDS)}


async def test_an_archive_forgets_what_was_lost_though_another_node_has_gone_further(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    await _archive_all_and_lose_one(settings, redis)
    async with started(redis_settings(tmp_path / "elsewhere", redis)) as kept:
        for command in COMMANDS:
            await kept.journal.append([command], 0)
        archived(kept, len(COMMANDS) + 2)
    with capture_logs() as said:
        async with started(settings) as kept:
            assert kept.journal.end == {"acme": 2 * len(COMMANDS) - 1}
            assert kept.archive is not None
            assert kept.archive.position("acme") == len(COMMANDS) - 1
            archived(kept, len(COMMANDS) + 3)
    assert [line["to_position"] for line in said if line["event"] == "archive.set_back"] == [
        len(COMMANDS) - 1
    ]
    for folder in (tmp_path / "elsewhere", tmp_path):
        async with started(redis_settings(folder, redis)) as kept:
            assert kept.archive is not None
            assert kept.archive.position("acme") > len(COMMANDS), "nothing was lost since"


async def test_an_archive_that_cannot_be_compared_is_kept_and_that_is_said(
    settings: Settings, redis: RedisServer
) -> None:
    async with started(settings) as kept:
        await kept.journal.append([COMMANDS[0]], 0)
        archived(kept, 1)
    redis.ask("DEL", LIVES)  # as so many lives do that the one is not remembered
    with capture_logs() as said:
        async with started(settings) as kept:
            assert kept.archive is not None
            assert kept.archive.position("acme") == 1
    assert "archive.not_compared" in [line["event"] for line in said]


async def taken_over(first: Settings, second: Settings, lost: Callable[[], object]) -> Claim:
    """One node serves, another stands by; something happens to Redis, and the first one ends."""
    waits = trio.Event()
    claims: list[Claim] = []

    async def wait() -> None:
        with trio.fail_after(10):
            claims.append(await claimed(second, ignore, lambda _: waits.set()))

    async with trio.open_nursery() as nursery, started(first):
        nursery.start_soon(wait)
        await waits.wait()
        lost()
    return claims[0]


async def test_a_folder_that_takes_no_note_ends_the_start_and_lets_another_in(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    """As a full disk does; an operator hears a sentence and no traceback."""
    (tmp_path / f"{LIVES_FILE}.new").mkdir()
    with pytest.raises(StorageError, match=f"{tmp_path} cannot be written: "):
        async with started(settings):
            raise AssertionError("nothing was opened")
    assert redis.ask("EXISTS", OWNER) == 0


async def test_a_node_that_stood_by_does_not_begin_anew_on_a_redis_that_was_emptied(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    second = redis_settings(tmp_path / "elsewhere", redis)
    with pytest.RaisesGroup(pytest.RaisesExc(StorageError, match="stood by another journal")):
        await taken_over(settings, second, lambda: redis.ask("FLUSHALL"))
    with pytest.raises(StorageError, match="stood by another journal"):
        async with started(second):
            raise AssertionError("nothing was opened")
    assert redis.ask("DBSIZE") == 0, "nobody claimed what was emptied"
    first = redis_settings(tmp_path / "new", redis)
    async with started(first):
        with pytest.raises(StorageError, match="stood by another journal"):
            await claimed(second, ignore, ignore)
    (tmp_path / "elsewhere" / STOOD_FILE).unlink()
    async with started(second) as kept:
        assert kept.journal.end == {}


async def test_a_node_that_served_before_neither_claims_another_redis_nor_stands_by_it(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    await _archive_one_and_empty(settings, redis)
    with pytest.raises(ArchiveCorrupt, match="another journal"):
        await claimed(settings, ignore, ignore)
    assert redis.ask("DBSIZE") == 0
    async with started(redis_settings(tmp_path / "elsewhere", redis)):
        there = redis.ask("HGETALL", STORE)
        with trio.fail_after(2), pytest.raises(ArchiveCorrupt, match="another journal"):
            await claimed(settings, ignore, ignore)
    with pytest.raises(ArchiveCorrupt, match="another journal"):
        await claimed(settings, ignore, ignore)
    assert redis.ask("HGETALL", STORE) == there


async def test_a_node_that_stood_by_takes_over_what_it_stood_by(
    settings: Settings, redis: RedisServer, tmp_path: Path
) -> None:
    second = redis_settings(tmp_path / "elsewhere", redis)
    owned = await taken_over(settings, second, lambda: None)
    assert (tmp_path / "elsewhere" / STOOD_FILE).exists()
    async with opened(second, Clock(), owned) as kept:
        await kept.journal.append([COMMANDS[0]], 0)
    assert not (tmp_path / "elsewhere" / STOOD_FILE).exists()
    assert not (tmp_path / STOOD_FILE).exists()


def lose_last(redis: RedisServer) -> None:
    """As a restart does that had not synced the newest entry."""
    stream = next(iter(redis.ask("KEYS", "fairline:journal:*")))
    (last, _), (before, _) = redis.ask("XREVRANGE", stream, "+", "-", "COUNT", "2")
    redis.ask("XDEL", stream, last)
    number = int(before.partition(b"-")[2])
    redis.ask("HSET", "fairline:store", "last", before, "sequence", number)
    redis.ask("HINCRBY", "fairline:positions", "acme", -1)


async def test_a_node_waits_for_one_that_is_letting_go_of_the_archive(
    settings: Settings,
) -> None:
    async with trio.open_nursery() as nursery:
        entered = trio.Event()

        async def hold() -> None:
            async with open_archive(settings):
                entered.set()
                await trio.sleep(0.3)

        nursery.start_soon(hold)
        await entered.wait()
        async with started(settings) as kept:
            assert kept.archive is not None
