"""Redis, the way to it, the owner fail: what was answered is there once, and all goes on alone."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from router.errors import JournalUnavailable
from router.journal import redis_appender
from router.journal.redis_address import RedisAddress
from router.journal.redis_layout import OWNER, POSITIONS
from router.journal.redis_owner import claim
from router.journal.redis_stream import RedisJournal
from tests.helpers.redis_proxy import Fate, redis_proxy
from tests.helpers.redis_server import REDIS, VALKEY, RedisServer, redis_server, sentinel
from tests.journal.contract import Wall, take

pytestmark = pytest.mark.process

FAR = 40
ROOT = Path(__file__).parents[2]
CALLERS = 6


@pytest.fixture(params=[VALKEY, REDIS])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis", request.param) as started:
        yield started


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as started:
        yield started


class Counted(list[str]):
    """The names of figures that were counted."""

    def __call__(self, name: str) -> None:
        self.append(name)


@asynccontextmanager
async def journal_on(
    address: RedisAddress, count: Counted | None = None, *, is_replicated: bool = False
) -> AsyncIterator[RedisJournal]:
    """A journal whose readers were not asked to wait; closed while Redis answers."""
    counted = Counted() if count is None else count
    owned = await claim(
        address, partitions=4, core_version=1, is_replicated=is_replicated, count=counted
    )
    journal = RedisJournal(owned, wall_ms=Wall())
    try:
        yield journal
    finally:
        await journal.aclose()


class Load:
    """Callers that append one number after another, each to two tenants in two partitions."""

    def __init__(self, journal: RedisJournal) -> None:
        self.journal = journal
        self.numbers = itertools.count()
        self.answered: list[int] = []
        self.refused: list[int] = []
        self.is_over = False

    async def call(self) -> None:
        while not self.is_over:
            number = next(self.numbers)
            try:
                pair = [("acme", b"%d" % number), ("globex", b"%d" % number)]
                await self.journal.append(pair, 0)
            except JournalUnavailable:
                self.refused.append(number)
                await trio.sleep(0.01)
            else:
                self.answered.append(number)

    async def until(self, count: int) -> None:
        """Wait until so many more were answered."""
        end = len(self.answered) + count
        with trio.fail_after(FAR):
            while len(self.answered) < end:  # noqa: ASYNC110 - a thread makes it so
                await trio.sleep(0.005)

    async def check(self, server: RedisServer) -> None:
        """What was answered is in once, what was refused is not, and nothing is in by half."""
        async with journal_on(server.address) as again:
            records = await take(again, sum(again.end.values()))
        acme = [int(record.payload) for record in records if record.tenant == "acme"]
        globex = [int(record.payload) for record in records if record.tenant == "globex"]
        assert acme == globex
        assert len(acme) == len(set(acme))
        assert set(self.answered) <= set(acme)
        assert not set(self.refused) & set(acme)


@asynccontextmanager
async def load_on(journal: RedisJournal) -> AsyncIterator[Load]:
    load = Load(journal)
    with trio.fail_after(FAR):
        async with trio.open_nursery() as nursery:
            for _ in range(CALLERS):
                nursery.start_soon(load.call)
            yield load
            load.is_over = True


async def test_a_redis_that_is_killed_under_load_comes_back_with_all_that_was_answered(
    server: RedisServer,
) -> None:
    count = Counted()
    async with journal_on(server.address, count) as journal, load_on(journal) as load:
        for _ in range(4):
            await load.until(40)
            server.kill()
            await trio.to_thread.run_sync(server.start)
        await load.until(40)
    await load.check(server)
    assert count.count("redis_reconnects") >= 4
    assert "redis_repairs" not in count, "with AOF always nothing was lost"


async def test_while_redis_is_away_all_but_what_is_unknown_is_refused_within_seconds(
    valkey: RedisServer,
) -> None:
    async with journal_on(valkey.address) as journal, load_on(journal) as load:
        await load.until(10)
        valkey.kill()
        await trio.sleep(0.2)  # by now a batch is on its way of which nobody knows the fate
        for _ in range(2):
            with trio.fail_after(5), pytest.raises(JournalUnavailable):
                await journal.append([("initech", b"never")], 0)
        await trio.to_thread.run_sync(valkey.start)
        await load.until(10)
    await load.check(valkey)
    assert valkey.ask("HGET", POSITIONS, "initech") is None


async def test_after_a_quiet_moment_an_append_without_redis_is_certainly_not_in(
    valkey: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_appender, "PATIENCE_SECONDS", 0.3)
    async with journal_on(valkey.address) as journal:
        await journal.append([("acme", b"1")], 0)
        valkey.kill()
        with trio.fail_after(FAR), pytest.raises(JournalUnavailable, match="redis:"):
            await journal.append([("acme", b"never")], 0)
        await trio.to_thread.run_sync(valkey.start)
        await journal.append([("acme", b"2")], 0)
        assert [record.payload for record in await take(journal, 2)] == [b"1", b"2"]


async def test_a_redis_that_sleeps_for_three_seconds_takes_every_batch_once(
    valkey: RedisServer,
) -> None:
    async with journal_on(valkey.address) as journal, load_on(journal) as load:
        await load.until(20)
        valkey.pause()
        before = len(load.answered)
        await trio.sleep(3)
        asleep = len(load.answered)
        valkey.resume()
        await load.until(20)
    assert asleep <= before + 2 * CALLERS, "nothing is answered that is not in Redis"
    await load.check(valkey)


async def test_answers_that_get_lost_and_requests_that_come_late_are_in_once(
    valkey: RedisServer,
) -> None:
    chance = random.Random(45)
    kinds: tuple[Fate, ...] = ("pass", "lose request", "lose answer", "deliver late")
    fates = iter(chance.choices(kinds, [6, 1, 1, 1], k=120))
    with redis_proxy(valkey.port, b"fairline_append", fates) as proxy:
        async with journal_on(proxy.address) as journal, load_on(journal) as load:
            while len(proxy.met) < 120:  # noqa: ASYNC110 - a thread makes it so
                await trio.sleep(0.005)
            await load.until(CALLERS)
    assert {fate: proxy.met.count(fate) > 5 for fate in kinds} == dict.fromkeys(kinds, True)
    assert load.refused == []
    await load.check(valkey)


async def test_a_redis_that_becomes_read_only_refuses_and_takes_again(
    server: RedisServer,
) -> None:
    async with journal_on(server.address) as journal, load_on(journal) as load:
        await load.until(10)
        server.ask("REPLICAOF", "127.0.0.1", "1")
        with trio.fail_after(FAR):
            while not load.refused:  # noqa: ASYNC110 - a thread makes it so
                await trio.sleep(0.005)
        server.ask("REPLICAOF", "NO", "ONE")
        await load.until(10)
    await load.check(server)


async def test_a_tail_that_redis_lost_is_written_again_while_all_goes_on(
    server: RedisServer, tmp_path: Path
) -> None:
    """A restart from what was on the disk some batches ago, as after a fail-over."""
    count = Counted()
    older = tmp_path / "older"
    async with journal_on(server.address, count) as journal, load_on(journal) as load:
        await load.until(30)
        server.pause()
        shutil.copytree(server.folder, older)
        server.resume()
        await load.until(60)
        server.kill()
        shutil.rmtree(server.folder)
        shutil.copytree(older, server.folder)
        await trio.to_thread.run_sync(server.start)
        await load.until(30)
    assert count.count("redis_repairs") == 1
    await load.check(server)


async def test_a_batch_is_told_once_a_replica_has_it(server: RedisServer, tmp_path: Path) -> None:
    with redis_server(tmp_path / "replica", server.kind) as replica:
        replica.ask("REPLICAOF", "127.0.0.1", server.port)
        async with (
            journal_on(server.address, is_replicated=True) as journal,
            load_on(journal) as load,
        ):
            await load.until(20)
            replica.pause()
            before = len(load.answered)
            await trio.sleep(0.5)
            asleep = len(load.answered)
            replica.resume()
            await load.until(20)
        assert asleep <= before + CALLERS
        await load.check(server)


async def test_a_primary_that_dies_is_followed_by_a_replica_that_has_what_was_answered(
    valkey: RedisServer, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "left") as left,
        redis_server(tmp_path / "right") as right,
    ):
        for replica in (left, right):
            replica.ask("REPLICAOF", "127.0.0.1", valkey.port)
            with trio.fail_after(FAR):
                while replica.ask("ROLE")[3] != b"connected":  # noqa: ASYNC110 - of its own
                    await trio.sleep(0.01)
        # A Sentinel asks for replicas when it starts, and then every ten seconds.
        with sentinel(tmp_path / "sentinel", valkey, "line") as watching:
            async with (
                journal_on(watching.address, is_replicated=True) as journal,
                load_on(journal) as load,
            ):
                await load.until(20)
                valkey.kill()
                await load.until(20)
            (_, port) = watching.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "line")
            (primary,) = (one for one in (left, right) if one.port == int(port))
            await load.check(primary)


class Node:
    """A process that appends; ended whatever happens."""

    def __init__(self, server: RedisServer, name: str, first: int) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.journal.redis_writer",
                str(server.port),
                name,
                str(first),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        self.first = first
        assert self._process.stdout is not None
        self._said = self._process.stdout

    def line(self) -> bytes:
        return self._said.readline()

    def signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def rest(self) -> list[bytes]:
        """All that it says until it ends."""
        return self._said.readlines()

    @property
    def code(self) -> int:
        return self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._said.close()


@pytest.fixture
def node() -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def started(server: RedisServer, name: str, first: int) -> Node:
        nodes.append(Node(server, name, first))
        return nodes[-1]

    yield started
    for each in nodes:
        each.close()


def numbers(lines: list[bytes]) -> set[int]:
    return {int(line) for line in lines if line.endswith(b"\n") and line.strip().isdigit()}


async def test_a_standby_takes_over_from_a_frozen_node_which_ends_when_it_thaws(
    valkey: RedisServer, node: Callable[..., Node]
) -> None:
    first = node(valkey, "one", 0)
    assert first.line() == b"claimed\n"
    answered = [first.line() for _ in range(10)]
    second = node(valkey, "two", 100_000)
    answered += [first.line() for _ in range(60)]
    assert valkey.ask("HGET", OWNER, "node") == b"one", "a living owner stays the owner"
    first.signal(signal.SIGSTOP)
    began = trio.current_time()
    assert second.line() == b"claimed\n"
    assert trio.current_time() - began < 6
    followed = [second.line() for _ in range(5)]
    first.signal(signal.SIGCONT)
    answered += first.rest()
    assert first.code == 3
    assert b"two serves now" in answered[-1]
    second.signal(signal.SIGKILL)
    followed += second.rest()
    async with journal_on(valkey.address) as journal:
        records = await take(journal, sum(journal.end.values()))
    acme = [int(record.payload) for record in records if record.tenant == "acme"]
    assert numbers(answered) | numbers(followed) <= set(acme)
    assert acme == sorted(acme), "nothing of the first is behind anything of the second"
