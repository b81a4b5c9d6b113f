"""How a node starts and stops: what is heard while the journal is replayed, and which signals are.

What a started server does is in test_app.
"""

import io
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

import pytest
import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from router.journal.base import Record, Take
from router.journal.memory import MemoryJournal, MemoryStore
from router.server import logs
from router.server.app import Node
from router.server.clock import Clock
from router.server.running import Addresses, new_life, run
from router.server.settings import Settings
from router.server.starting import REPORT_S
from tests.helpers import raw
from tests.helpers.nodes import RunningNode, node_settings, open_node
from tests.helpers.raw import wait_until
from tests.helpers.real_server import free_port

PATIENCE_S = 10.0


class HeldJournal(MemoryJournal):
    """A disk that gives out a batch only when it is let."""

    def __init__(self, clock: Clock, store: MemoryStore) -> None:
        super().__init__(clock.wall_ms, store)
        self.let = trio.Semaphore(0)
        self.asked = 0

    async def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        async with aclosing(super().read(after)) as batches:
            async for batch in batches:
                self.asked += 1
                await self.let.acquire()
                yield batch


async def lived(store: MemoryStore) -> None:
    """A node life that leaves something to be replayed."""
    clock = Clock()
    async with open_node(journal=MemoryJournal(clock.wall_ms, store), clock=clock) as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")


class Beginning:
    """A node that starts, held at its first batch."""

    def __init__(self, nursery: trio.Nursery, store: MemoryStore, *, has_ops: bool) -> None:
        ports = free_port(), free_port()
        ops_bind = f"127.0.0.1:{ports[1]}" if has_ops else ""
        settings = node_settings(bind=f"127.0.0.1:{ports[0]}", ops_bind=ops_bind)
        clock = Clock()
        self.total = sum(store.positions.values())
        self.journal = HeldJournal(clock, store)
        self.node = Node(settings, self.journal, clock, life=new_life())
        self.public = RunningNode(self.node, ports[0], nursery)
        self.ops = self.public.at(ports[1]) if has_ops else self.public
        self.addresses: Addresses | None = None
        self.ended = trio.Event()
        self.reload_count = 0

    def reload(self) -> Settings:
        self.reload_count += 1
        return self.node.settings

    async def run(self, nursery: trio.Nursery) -> None:
        """As the command line does, which waits for nobody's start."""

        async def go(*, task_status: trio.TaskStatus[Addresses]) -> None:
            await run(self.node, reload=self.reload, task_status=task_status)
            self.ended.set()

        try:
            self.addresses = await nursery.start(go)
        except RuntimeError:
            assert self.ended.is_set(), "it did not end by itself"

    def let_all(self) -> None:
        for _ in range(100):
            self.journal.let.release()


@asynccontextmanager
async def beginning(*, has_ops: bool = True) -> AsyncIterator[Beginning]:
    store = MemoryStore()
    await lived(store)
    async with trio.open_nursery() as nursery:
        begun = Beginning(nursery, store, has_ops=has_ops)
        nursery.start_soon(begun.run, nursery)
        with trio.fail_after(PATIENCE_S):
            await wait_until(lambda: begun.journal.asked == 1)
        yield begun
        nursery.cancel_scope.cancel()


async def figures(node: RunningNode) -> dict[str, float]:
    """The series of the page that have no labels."""
    page = (await node.get("/metrics"))[2].decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if not sample.labels
    }


@pytest.mark.parametrize("has_ops", [True, False])
async def test_a_start_is_alive_and_says_how_far_it_is_until_it_is_ready(
    monkeypatch: pytest.MonkeyPatch, *, has_ops: bool
) -> None:
    monkeypatch.setattr("router.server.metrics.PAGE_S", 0.0)
    async with beginning(has_ops=has_ops) as begun:
        assert (await begun.ops.get("/livez"))[0] == 200
        status, _, said = await begun.ops.get("/readyz")
        assert status == 503
        assert said.decode() == f"starting: replaying, 0 of {begun.total} commands\n"
        shown = await figures(begun.ops)
        assert (shown["fairline_ready"], shown["fairline_replayed_commands"]) == (0, 0)
        assert shown["fairline_replay_commands"] == begun.total

        begun.journal.let.release()
        with trio.fail_after(PATIENCE_S):
            await wait_until(lambda: begun.journal.asked == 2)
        done = begun.node.starting.progress().done
        assert 0 < done < begun.total
        _, _, said = await begun.ops.get("/readyz")
        assert f"{done} of {begun.total}" in said.decode()

        begun.let_all()
        with trio.fail_after(PATIENCE_S):
            await wait_until(lambda: begun.addresses is not None)
        assert (await begun.ops.get("/readyz"))[::2] == (200, b"ready\n")
        shown = await figures(begun.ops)
        assert (shown["fairline_ready"], shown["fairline_replayed_commands"]) == (1, begun.total)
        alice = await begun.public.join("agent", "alice")
        await alice.drop()


async def test_a_start_lets_nobody_in_and_says_when_to_come_again() -> None:
    async with beginning() as begun:
        host = b"Host: 127.0.0.1:%d" % begun.public.port
        async with raw.connected(begun.public.port) as client:
            await client.send(raw.head(host))
            answer = (await client.read_head()).lower()
        assert answer.startswith(b"http/1.1 503")
        assert b"retry-after: 1" in answer
        status, headers, said = await begun.public.get("/v1/queues")
        assert (status, headers["retry-after"]) == (503, "1")
        assert b'"overloaded"' in said
        assert (await begun.public.get("/desktop"))[::2] == (503, b"this node is starting\n")
        # The cores are in the past: nobody is to be paged for a line of an hour ago.
        page = (await begun.ops.get("/metrics"))[2]
        assert b"fairline_queue_waiting{" not in page


async def test_health_stays_on_the_second_address_while_a_node_starts() -> None:
    async with beginning() as begun:
        assert (await begun.public.get("/livez"))[0] == 503


async def test_a_stop_is_heard_while_the_journal_is_replayed() -> None:
    async with beginning() as begun:
        os.kill(os.getpid(), signal.SIGTERM)
        with trio.fail_after(PATIENCE_S):
            await begun.ended.wait()
        assert begun.addresses is None


async def test_a_reload_waits_until_the_start_is_over() -> None:
    async with beginning() as begun:
        os.kill(os.getpid(), signal.SIGHUP)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert begun.reload_count == 0
        begun.let_all()
        with trio.fail_after(PATIENCE_S):
            await wait_until(lambda: begun.reload_count == 1)
        assert begun.addresses is not None


async def test_the_log_says_how_far_a_long_replay_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    assert REPORT_S <= 10
    monkeypatch.setattr("router.server.starting.REPORT_S", 0.01)
    async with beginning() as begun:
        wanted = f'"journal.replaying","done_count":0,"total_count":{begun.total}'
        with trio.fail_after(PATIENCE_S):
            await wait_until(lambda: wanted in stream.getvalue())
