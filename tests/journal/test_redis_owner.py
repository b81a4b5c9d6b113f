"""Who owns a store: watching a beat, claiming, standing by, giving up."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from router.errors import JournalUnavailable, JournalVersion, SettingsError, StorageError
from router.journal import redis_owner as module
from router.journal.redis_address import address_of
from router.journal.redis_layout import LIVES, OWNER, STORE
from router.journal.redis_owner import (
    CONTACT_SECONDS,
    STILL_SECONDS,
    Claim,
    Seen,
    Watch,
    _Owner,
    claim,
)
from router.journal.redis_stream import RedisJournal
from tests.helpers.redis_server import RedisServer, redis_server
from tests.journal.contract import Wall, take

FAR = 30


def owner(life: bytes, beat: int) -> _Owner:
    return _Owner(life, b"one", b"%d" % beat, b"0")


def test_a_beat_that_stands_still_long_enough_is_a_dead_ones() -> None:
    watch = Watch()
    looks = [(quarter * 0.25, watch.look(owner(b"a", 5), quarter * 0.25)) for quarter in range(20)]
    assert next(at for at, may in looks if may) == STILL_SECONDS
    assert not watch.is_serving


def test_a_beat_that_rises_is_a_living_ones() -> None:
    watch = Watch()
    for quarter in range(400):
        assert not watch.look(owner(b"a", quarter // 8), quarter * 0.25)
    assert watch.is_serving
    assert not watch.look(owner(b"b", 0), 100.0)
    assert not watch.is_serving, "of the next life nothing is known yet"


def test_a_store_that_nobody_owns_is_claimed_at_once() -> None:
    assert Watch().look(_Owner(), 0.0)


@given(st.lists(st.floats(0.01, 5.0), max_size=60), st.integers(0, 2**32))
def test_nobody_is_declared_dead_over_a_gap_in_the_contact(gaps: list[float], seed: int) -> None:
    """What counts are looks without a gap that all saw the same."""
    chance = random.Random(seed)
    watch, now, beat = Watch(), 0.0, 0
    since = now
    watch.look(owner(b"a", beat), now)
    for gap in gaps:
        now += gap
        changes = chance.random() < 0.2
        beat += changes
        if changes or gap > CONTACT_SECONDS:
            since = now
        if chance.random() < 0.1:
            watch.lose_sight()
            since = now
        assert watch.look(owner(b"a", beat), now) == (now - since >= STILL_SECONDS)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - another process, or thread, makes it so
        await trio.sleep(0.02)


async def own(hasty: RedisServer, node: str = "one", **rest: object) -> Claim:
    terms = {"partitions": 4, "core_version": 1, "node": node} | rest
    with trio.fail_after(FAR):
        return await claim(hasty.address, **terms)  # type: ignore[arg-type]


@pytest.mark.process
async def test_the_first_start_writes_what_never_changes(hasty: RedisServer) -> None:
    owned = await own(hasty)
    assert owned.kept.positions == {}
    assert hasty.ask("HGET", STORE, "partitions") == b"4"
    store_id = hasty.ask("HGET", STORE, "store_id")
    assert hasty.ask("HGET", OWNER, "node") == b"one"
    await owned.aclose()
    await owned.aclose()
    assert hasty.ask("EXISTS", OWNER) == 0
    await (await own(hasty)).aclose()
    assert hasty.ask("HGET", STORE, "store_id") == store_id


@pytest.mark.process
async def test_what_cannot_be_served_is_refused_with_the_mend(hasty: RedisServer) -> None:
    await (await own(hasty)).aclose()
    with pytest.raises(SettingsError, match="write partitions = 4") as raised:
        await own(hasty, partitions=5)
    assert raised.value.key == "server.partitions"
    hasty.ask("HSET", STORE, "core_version", 7)
    with pytest.raises(JournalVersion, match="core version 7 is of a newer Fairline"):
        await own(hasty)
    await (await own(hasty, core_version=7)).aclose()
    hasty.ask("HSET", STORE, "format", 2)
    with pytest.raises(JournalVersion, match="format 2 is of a newer Fairline"):
        await own(hasty, core_version=7)
    assert hasty.ask("EXISTS", OWNER) == 0


@pytest.mark.process
async def test_nobody_there_is_an_error_after_a_while_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.1)
    address = address_of("redis://fair:secret@127.0.0.1:1/0")
    with pytest.raises(StorageError, match="Redis does not answer") as raised:
        await claim(address, partitions=4, core_version=1)
    assert "secret" not in repr(raised.value)


@pytest.mark.process
async def test_a_node_stands_by_while_another_serves_and_follows_at_once(
    hasty: RedisServer,
) -> None:
    first = await own(hasty)
    journal = RedisJournal(first, wall_ms=Wall())
    store = hasty.ask("HGET", STORE, "store_id").decode()
    told: list[Seen] = []
    second: list[Claim] = []

    async def stand_by() -> None:
        second.append(await own(hasty, "two", told=told.append))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stand_by)
        with trio.fail_after(FAR):
            await until(lambda: Seen("one", is_serving=True, store=store) in told)
        await journal.append([("acme", b"1")], 0)
        assert second == []
        await journal.aclose()
    assert told == [Seen("one", serving, store) for serving in (False, True)]
    journal = RedisJournal(second[0], wall_ms=Wall())
    assert dict(journal.end) == {"acme": 1}
    assert [record.payload for record in await take(journal, 1)] == [b"1"]
    await journal.aclose()


@pytest.mark.process
async def test_of_many_that_stand_by_one_follows(hasty: RedisServer) -> None:
    first = await own(hasty)
    claims: list[Claim] = []

    async def stand_by(number: int) -> None:
        claims.append(await own(hasty, f"standby {number}"))

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(stand_by, number)
        await trio.sleep(0.2)
        await first.aclose()
        for count in range(1, 5):
            with trio.fail_after(FAR):
                await until(lambda: len(claims) >= count)  # noqa: B023 - it is awaited here
            assert hasty.ask("HGET", OWNER, "life").decode() == claims[-1].life
            await claims[-1].aclose()
            assert len(claims) == count


@pytest.mark.process
async def test_who_was_taken_over_is_fenced_and_ends(hasty: RedisServer) -> None:
    journal = RedisJournal(await own(hasty), wall_ms=Wall())
    await journal.append([("acme", b"1")], 0)
    hasty.ask("HSET", OWNER, "life", "another", "node", "two")
    with pytest.raises(StorageError, match="two serves now") as raised:
        await journal.append([("acme", b"2")], 0)
    assert not isinstance(raised.value, JournalUnavailable)
    with pytest.raises(StorageError, match="two serves now"):
        await journal.append([("acme", b"3")], 0)
    assert not journal.is_owner
    await journal.aclose()
    assert hasty.ask("HGET", OWNER, "life") == b"another", "it gives up only what is its own"


@pytest.mark.process
async def test_who_was_taken_over_learns_of_it_without_appending(hasty: RedisServer) -> None:
    journal = RedisJournal(await own(hasty), wall_ms=Wall())
    hasty.ask("DEL", OWNER)
    with trio.fail_after(FAR), pytest.raises(StorageError, match="Redis has lost this journal"):
        await anext(journal.read({}))
    await journal.aclose()


@pytest.mark.process
async def test_a_claim_that_nobody_uses_beats_and_may_fail_before_it_is_used(
    hasty: RedisServer,
) -> None:
    owned = await own(hasty)
    before = int(hasty.ask("HGET", OWNER, "beat"))
    with trio.fail_after(FAR):
        await until(lambda: int(hasty.ask("HGET", OWNER, "beat")) >= before + 2)
        hasty.ask("DEL", OWNER)
        await until(lambda: not owned.is_owner)
    journal = RedisJournal(owned, wall_ms=Wall())
    with pytest.raises(StorageError, match="lost this journal"):
        await journal.append([("acme", b"1")], 0)
    await journal.aclose()


@pytest.mark.process
async def test_a_node_whose_loop_stands_still_does_not_look_alive(
    hasty: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STUCK_SECONDS", 0.3)
    owned = await own(hasty)

    def beat() -> int:
        return int(hasty.ask("HGET", OWNER, "beat"))

    time.sleep(0.8)  # noqa: ASYNC251 - the loop stands still
    before = beat()
    time.sleep(0.5)  # noqa: ASYNC251 - as above
    assert beat() <= before + 1, "one may have been under way"
    with trio.fail_after(FAR):
        await until(lambda: beat() >= before + 3)
    await owned.aclose()


@pytest.mark.process
async def test_a_start_can_be_given_up_while_it_stands_by(hasty: RedisServer) -> None:
    first = await own(hasty)
    with trio.move_on_after(0.3) as scope:
        await own(hasty, "two")
    assert scope.cancelled_caught
    await first.aclose()


@pytest.mark.process
async def test_a_start_that_is_given_up_as_it_claims_leaves_the_store_free(
    hasty: RedisServer,
) -> None:
    """The claim is carried out by another thread, which nobody can call back."""
    for delay in range(12):
        with trio.move_on_after(delay / 1000):
            await (await own(hasty)).aclose()
        assert hasty.ask("EXISTS", OWNER) == 0


@pytest.mark.process
async def test_a_wrong_password_is_told_at_once(hasty: RedisServer) -> None:
    hasty.ask("ACL", "SETUSER", "fair", "on", ">right", "+@all", "~*")
    address = address_of(f"redis://fair:wrong@127.0.0.1:{hasty.port}/0")
    with trio.fail_after(5), pytest.raises(StorageError, match="Redis does not answer") as raised:
        await claim(address, partitions=4, core_version=1)
    assert "wrong@" not in repr(raised.value)
    assert "invalid username-password" in str(raised.value)
    assert ".." not in str(raised.value).replace("127.0.0.1", "")


@pytest.mark.process
def test_a_redis_without_functions_is_named(tmp_path: Path) -> None:
    """Six and older know no functions; renamed away they are unknown here, too."""
    with (
        redis_server(tmp_path, options=["rename-command", "FUNCTION nothing"]) as hasty,
        pytest.raises(StorageError, match=r"Redis 7\.0, Valkey 7\.2, or newer"),
    ):
        trio.run(own, hasty)


@pytest.mark.process
async def test_a_store_that_is_not_accepted_is_left_as_it_is(hasty: RedisServer) -> None:
    def refuse(store: str) -> None:
        raise StorageError(f"not {store!r}")

    with pytest.raises(StorageError, match="not ''"):
        await own(hasty, accept=refuse)
    assert hasty.ask("DBSIZE") == 0
    await (await own(hasty)).aclose()
    store, lives = hasty.ask("HGETALL", STORE), hasty.ask("XRANGE", LIVES, "-", "+")
    with pytest.raises(StorageError, match=hasty.ask("HGET", STORE, "store_id").decode()):
        await own(hasty, accept=refuse)
    assert hasty.ask("HGETALL", STORE) == store
    assert hasty.ask("XRANGE", LIVES, "-", "+") == lives
    assert hasty.ask("EXISTS", OWNER) == 0


@pytest.mark.process
async def test_a_store_that_becomes_another_one_at_the_last_moment_is_asked_about_again(
    hasty: RedisServer,
) -> None:
    await (await own(hasty)).aclose()
    before = hasty.ask("HGET", STORE, "store_id").decode()
    asked: list[str] = []

    def accept(store: str) -> None:
        asked.append(store)
        if store:
            hasty.ask("FLUSHALL")

    await (await own(hasty, accept=accept)).aclose()
    assert asked == [before, ""]
