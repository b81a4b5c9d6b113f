"""A real server, killed again and again under load: its archive is what its journal says."""

import random
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio_websocket

from router.archive.base import Fact
from router.archive.facts import KEPT, happened
from router.archive.reading import KINDS, Reader
from router.archive.sqlite import SqliteArchive
from router.commands import Underway
from router.core import CORE_VERSION, Router
from router.journal.readonly import read_folder
from router.server.settings import KeyEntry
from tests.helpers.nodes import Client, RunningNode, token
from tests.helpers.real_server import SECRET, RealServer

KEY = KeyEntry(kid="main", alg="HS256", secret=SECRET)
LIVES = 2
AGENTS = 6
CUSTOMERS = 14
EACH = 3
"""Conversations of one customer; more, and the server would call them hasty."""
THINK_S = 0.1
"""Less, and the server would call the agents hasty."""


class Crowd:
    """Agents and customers who chat until the server dies.

    The agents of the life before are busy with customers who were lost with it.
    """

    def __init__(self, port: int, life: int, enough: int) -> None:
        self.life = life
        self.ended = 0
        self.is_enough = trio.Event()
        self._enough = enough
        self._port = port

    async def run(self) -> None:
        """Keeps the server busy, also after so many conversations are over."""
        async with trio.open_nursery() as sockets:
            node = RunningNode(None, self._port, sockets)  # type: ignore[arg-type]
            async with trio.open_nursery() as people:
                for number in range(AGENTS):
                    people.start_soon(self._survive, self._serve, node, f"al{self.life}-{number}")
                for number in range(CUSTOMERS):
                    people.start_soon(self._survive, self._chat, node, f"carl{number}")
            for client in node.clients:
                await client.drop()

    async def _survive(self, live: object, node: RunningNode, name: str) -> None:
        try:
            await live(node, name)  # type: ignore[operator]
        except (trio_websocket.ConnectionClosed, trio_websocket.HandshakeError, OSError):
            return

    async def _join(
        self,
        node: RunningNode,
        role: str,
        name: str,
        **claims: Any,  # noqa: ANN401 - as the token has it
    ) -> Client:
        client = await node.socket("msgpack")
        await client.hello(role, name, token=token(role, name, key=KEY, **claims))
        return client

    async def _serve(self, node: RunningNode, name: str) -> None:
        alice = await self._join(node, "agent", name, skills={"billing": 80})
        await alice.send("presence.set", show="available")
        while True:
            message = await alice.next()
            if message["t"] == "offer.new":
                await trio.sleep(THINK_S)
                await alice.send("offer.accept", offer=message["offer"])
            elif message["t"] == "conversation.assigned":
                talk = message["conversation"]
                await alice.send_frame(
                    {
                        "t": "message.send",
                        "id": await alice.send("history", conversation=talk, limit=5) + 1,
                        "conversation": talk,
                        "op": f"n{talk}",
                        "body": "what a nice person",
                        "kind": "note",
                    }
                )
                alice._number += 1

    async def _chat(self, node: RunningNode, name: str) -> None:
        carl = await self._join(node, "customer", f"{name}-{self.life}")
        for number in range(EACH):
            op = f"{self.life}-{number}"
            asked = await carl.ok("conversation.request", op=op, channel="chat", body="help")
            talk = asked["conversation"]
            await carl.until("conversation.assigned", conversation=talk)
            for count in range(3):
                body = f"{op} {count} äöü"
                await carl.ok("message.send", conversation=talk, op=f"{op}-{count}", body=body)
            await carl.ok("rate", conversation=talk, score=1 + number % 5, comment=op)
            await carl.ok("conversation.end", conversation=talk)
            self.ended += 1
            if self.ended >= self._enough:
                self.is_enough.set()
        while True:
            await carl.next()


async def live_and_die(server: RealServer, life: int, ended: int) -> int:
    await trio.to_thread.run_sync(server.start)
    crowd = Crowd(server.port, life, ended)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.run)
            with trio.fail_after(60):
                await crowd.is_enough.wait()
            server.kill()
    finally:
        server.kill()
    return crowd.ended


def replayed(journal: Path, folder: Path, tenant: str) -> None:
    """An archive that is fed from the whole journal at once."""
    router = Router(tenant)
    facts = []
    for record in read_folder(journal, core_version=CORE_VERSION):
        if record.tenant != tenant:
            continue
        command = msgspec.msgpack.decode(record.payload, type=Underway).command
        for place, event in enumerate(router.apply(command, record.now_ms)):
            what = happened(router.world, event) if type(event) in KEPT else None
            if what is not None:
                facts.append(Fact(record.position, place, record.now_ms, what))
    archive = SqliteArchive(folder, [tenant])
    archive.write(tenant, facts, router.position)
    archive.close()


@pytest.mark.process
async def test_kill_9_under_load_leaves_an_archive_that_is_what_the_journal_says(
    tmp_path: Path,
) -> None:
    chance = random.Random(41)
    server = RealServer(tmp_path)
    ended = 0
    for life in range(LIVES):
        ended += await live_and_die(server, life, chance.randint(10, 25))
    await trio.to_thread.run_sync(server.start)
    process = server.process
    assert process is not None
    process.send_signal(signal.SIGTERM)  # an end in good order writes what still waits
    with trio.fail_after(30):
        assert await trio.to_thread.run_sync(process.wait) == 0
    assert process.stdout is not None
    process.stdout.close()
    replayed(tmp_path / "data" / "journal", tmp_path / "again", "acme")
    found = Reader(tmp_path / "data" / "archive", "acme")
    expected = Reader(tmp_path / "again", "acme")
    for kind in KINDS:
        assert list(found.rows(kind)) == list(expected.rows(kind)), kind
    talks = {row["conversation"] for row in found.rows("transcripts")}
    assert len(talks) >= ended
    rows = [row for row in found.rows("transcripts") if row["kind"] == "text"]
    assert len(rows) >= 4 * ended
    assert sum(1 for _ in found.rows("ratings")) >= ended
    assert sum(1 for _ in found.rows("audit")) > 0
