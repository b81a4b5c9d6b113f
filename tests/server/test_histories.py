"""``history``: one transcript or all of a customer's, and nobody can tell where the seam is."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from router import closing
from router.archive.base import Fact
from router.archive.sqlite import SqliteArchive
from router.commands import Command
from router.errors import ArchiveUnavailable, Refusal, Refused
from router.incoming import History
from router.policy import Purpose
from router.server import histories as module
from router.server.answers import Submit
from router.server.hearers import Ticket
from router.server.histories import Histories
from tests.helpers.archives import DictArchive, talk
from tests.helpers.cores import Core, actor
from tests.helpers.nodes import POLICY, Client, RunningNode, node_settings, open_node, token


@asynccontextmanager
async def centre(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kept_ms: int = 0,
    **policy: object,
) -> AsyncIterator["Centre"]:
    """A node with an archive, whose core forgets what is over at once, or as said."""
    monkeypatch.setattr(closing, "FORGET_MS", kept_ms)
    archive = SqliteArchive(folder, ["acme", "browsers"])
    settings = node_settings(msgspec.structs.replace(POLICY, **policy))
    async with open_node(settings, archive=archive) as node:
        yield Centre(node)
    archive.close()


class Centre:
    """Alice serves Carl; both can be asked for what was said."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.world = node.node.tenants.routers["acme"].world

    async def open(self) -> tuple[Client, Client]:
        carl = await self.node.join("customer", "carl")
        alice = await self.node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        return carl, alice

    async def begin(self, carl: Client, alice: Client, count: int) -> str:
        """Alice has a new conversation with so many texts; a note follows each."""
        op = f"r{carl._number}"
        asked = await carl.ok("conversation.request", op=op, channel="chat", queue="support")
        offer = await alice.until("offer.new", conversation=asked["conversation"])
        await alice.ok("offer.accept", offer=offer["offer"])
        for number in range(count):
            for kind in ("text", "note"):
                alice._number += 1
                await alice.send_frame(
                    {
                        "t": "message.send",
                        "id": alice._number,
                        "conversation": asked["conversation"],
                        "op": f"{op} {number} {kind}",
                        "body": f"{kind} {number}",
                        "kind": kind,
                    }
                )
                reply = await alice.until("reply", id=alice._number)
                assert reply["ok"], reply
        return str(asked["conversation"])

    async def finish(self, alice: Client, conversation: str) -> None:
        await alice.ok("conversation.end", conversation=conversation)

    async def forgotten(self, conversation: str) -> None:
        with trio.fail_after(10):
            while conversation in self.world.conversations.by_id:
                await trio.lowlevel.checkpoint()


async def read_back(client: Client, limit: int, **asked: object) -> list[dict[str, Any]]:
    """All pages, each asked for by the oldest message of the one before."""
    read: list[dict[str, Any]] = []
    bound: dict[str, object] = {}
    while True:
        reply = await client.ok("history", limit=limit, **{**asked, **bound})
        page = reply["messages"]
        read = [*page, *read]
        if not reply["more"]:
            return read
        first = page[0]
        is_note = first.get("kind") == "note"
        bound = {"before_note" if is_note else "before_seq": first["seq"]}
        if "conversation" in first:
            bound["conversation"] = first["conversation"]


def plain(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(message.get("kind", "text"), message["body"]) for message in messages]


async def test_the_answer_is_the_same_before_and_after_the_core_forgot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre(tmp_path, monkeypatch, kept_ms=300) as made:
        carl, alice = await made.open()
        chat = await made.begin(carl, alice, 6)
        live = [await read_back(one, 4, conversation=chat) for one in (carl, alice)]
        raw = (await carl.ok("history", conversation=chat, limit=3))["messages"]
        await made.finish(alice, chat)
        ended = [await read_back(one, 4, conversation=chat) for one in (carl, alice)]
        await made.forgotten(chat)
        kept = [await read_back(one, 4, conversation=chat) for one in (carl, alice)]
        assert live == ended == kept
        assert (await carl.ok("history", conversation=chat, limit=3))["messages"] == raw
        assert plain(live[0]) == [("text", f"text {number}") for number in range(6)]
        both = [(kind, f"{kind} {number}") for number in range(6) for kind in ("text", "note")]
        assert plain(live[1]) == both


async def test_all_of_a_customers_goes_over_the_seam_without_a_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre(tmp_path, monkeypatch) as made:
        carl, alice = await made.open()
        names = []
        for count in (3, 0, 4):
            names.append(await made.begin(carl, alice, count))
            await made.finish(alice, names[-1])
            await made.forgotten(names[-1])
        names.append(await made.begin(carl, alice, 2))
        found = await read_back(carl, 4, customer="carl")
        told = [(message["conversation"], message["seq"]) for message in found]
        counts = zip(names, (3, 0, 4, 2), strict=True)
        assert told == [(name, seq) for name, count in counts for seq in range(1, count + 1)]
        boss = await made.node.join("supervisor", "sofia")
        everything = await read_back(boss, 5, customer="carl")
        assert len(everything) == 2 * len(found)


async def test_who_may_read_what_the_core_forgot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre(tmp_path, monkeypatch) as made:
        carl, alice = await made.open()
        chat = await made.begin(carl, alice, 1)
        await made.finish(alice, chat)
        await made.forgotten(chat)
        dora = await made.node.join("customer", "dora")
        bob = await made.node.join("agent", "bob")
        assert await dora.refused("history", conversation=chat) == 103
        assert await dora.refused("history", customer="carl") == 103
        assert await dora.refused("history", customer="dora", conversation=chat) == 103
        assert await bob.refused("history", conversation=chat) == 102
        assert await bob.refused("history", customer="carl") == 102
        assert await bob.refused("history", conversation="none") == 103
        assert await bob.refused("history") == 105
        assert (await alice.ok("history", conversation=chat))["messages"]
        assert (await dora.ok("history", customer="dora")) == {
            "t": "reply",
            "id": dora._number,
            "ok": True,
            "messages": [],
            "more": False,
        }
        other = await made.node.socket()
        await other.hello("supervisor", "sofia", token=token("supervisor", "s", tenant="browsers"))
        assert await other.refused("history", conversation=chat) == 103
        assert (await other.ok("history", customer="carl"))["messages"] == []


@pytest.mark.parametrize("kept_ms", [0, 600_000], ids=["archived", "in the core"])
async def test_a_confidential_queue_is_read_by_those_who_served_in_it_and_no_agent_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_ms: int
) -> None:
    """Bob serves Carl about something else, and agents may read what customers said earlier."""
    queues = tuple(
        msgspec.structs.replace(queue, confidential=queue.id == "support")
        for queue in POLICY.queues
    )
    policy = {"earlier_history": True, "queues": queues, "grace_ms": 600_000}
    async with centre(tmp_path, monkeypatch, kept_ms=kept_ms, **policy) as made:
        carl, alice = await made.open()
        secret = await made.begin(carl, alice, 2)
        await made.finish(alice, secret)
        await alice.ok("presence.set", show="away")
        bob = await made.node.join("agent", "bob")
        await bob.ok("presence.set", show="available")
        asked = await carl.ok("conversation.request", op="b", channel="chat", queue="billing")
        offer = await bob.until("offer.new", conversation=asked["conversation"])
        await bob.ok("offer.accept", offer=offer["offer"])
        await bob.ok("message.send", conversation=asked["conversation"], op="m", body="the bill")
        if not kept_ms:
            await made.forgotten(secret)
        assert plain(await read_back(bob, 9, customer="carl")) == [("text", "the bill")]
        assert await bob.refused("history", conversation=secret) == 102
        before = {"customer": "carl", "conversation": secret, "before_seq": 9}
        assert await bob.refused("history", **before) == 103
        assert len(await read_back(alice, 9, conversation=secret)) == 4
        assert await alice.refused("history", conversation=asked["conversation"]) == 102
        sofia = await made.node.join("supervisor", "sofia")
        assert len(await read_back(sofia, 9, customer="carl")) == 5


async def test_a_supervisor_of_some_teams_reads_only_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre(tmp_path, monkeypatch) as made:
        carl, alice = await made.open()
        chat = await made.begin(carl, alice, 1)
        await made.finish(alice, chat)
        await made.forgotten(chat)
        for teams, code in ((["back"], 102), (["floor"], None)):
            boss = await made.node.socket()
            await boss.hello("supervisor", "s", token=token("supervisor", "s", teams=teams))
            if code is None:
                assert len(await read_back(boss, 9, customer="carl")) == 2
                assert len(await read_back(boss, 9, conversation=chat)) == 2
            else:
                assert await boss.refused("history", conversation=chat) == code
                assert await read_back(boss, 9, customer="carl") == []


async def test_staff_name_a_purpose_that_is_counted_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purposes = ("quality", Purpose(id="care", roles=("supervisor",), per_hour=2))
    async with centre(tmp_path, monkeypatch, purposes=purposes) as made:
        carl, alice = await made.open()
        chat = await made.begin(carl, alice, 1)
        await made.finish(alice, chat)
        await made.forgotten(chat)
        boss = await made.node.join("supervisor", "sofia")
        assert await boss.refused("history", conversation=chat) == 110
        assert await alice.refused("history", conversation=chat, purpose="care") == 110
        await boss.ok("history", conversation=chat, purpose="care")
        await boss.ok("history", customer="carl", purpose="care")
        reply = await boss.ask("history", conversation=chat, purpose="care")
        assert reply["err"]["code"] == 107
        assert 3_590_000 < reply["err"]["retry_ms"] <= 3_600_000
        assert (await carl.ok("history", conversation=chat))["messages"]
        bearer = f"Authorization: Bearer {token('service', 'crm')}"
        _, _, body = await made.node.get("/v1/audit?action=history", bearer)
        lines = [
            (line["actor"], line["target"], line["purpose"])
            for line in msgspec.json.decode(body)["entries"]
        ]
        assert lines == [
            ("supervisor:sofia", "customer:carl", "care"),
            ("supervisor:sofia", f"conversation:{chat}", "care"),
        ]


async def test_without_an_archive_there_is_what_the_core_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(closing, "FORGET_MS", 0)
    async with open_node(node_settings(POLICY)) as node:
        made = Centre(node)
        carl, alice = await made.open()
        gone = await made.begin(carl, alice, 1)
        await made.finish(alice, gone)
        await made.forgotten(gone)
        chat = await made.begin(carl, alice, 2)
        assert len(await read_back(carl, 9, customer="carl")) == 2
        assert await carl.refused("history", conversation=gone) == 103
        assert await alice.refused("history", conversation=gone) == 103
        assert len(await read_back(alice, 9, conversation=chat)) == 4


class Shelf:
    """An archive that a test has in its hands."""

    def __init__(self) -> None:
        self.archive = DictArchive("acme")
        self.is_behind = False

    async def fetch(self, tenant: str, *, conversation: str = "", customer: str = "") -> None:
        await trio.lowlevel.checkpoint()
        if self.is_behind:
            raise ArchiveUnavailable(f"{tenant} is behind on {conversation}{customer}")


def no_submit() -> Submit:
    def submit(tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        raise AssertionError("a customer's look is nobody's business")

    return submit


def reading(shelf: Shelf) -> Histories:
    shelf.archive.write("acme", [Fact(1, 0, 1, talk("c1", "tt"))], 1)
    return Histories({"acme": Core().router}, no_submit(), shelf)


@pytest.mark.parametrize("asked", [{"conversation": "c1"}, {"customer": "carl"}])
async def test_an_archive_that_cannot_be_read_is_said_to_be_and_not_empty(
    asked: dict[str, str],
) -> None:
    shelf = Shelf()
    histories = reading(shelf)
    message = History(id=7, **asked)  # type: ignore[arg-type]
    reply = await histories.answer(message, "acme", actor("customer:carl"))
    assert reply.messages is not None
    assert len(reply.messages) == 2
    for fault in ("is_behind", "is_full"):
        setattr(shelf if fault == "is_behind" else shelf.archive, fault, True)
        with pytest.raises(Refused) as caught:
            await histories.answer(message, "acme", actor("customer:carl"))
        assert caught.value.code is Refusal.OVERLOADED
        shelf.is_behind = False


async def test_a_read_that_takes_too_long_and_too_many_at_once_are_refused(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    shelf = Shelf()
    histories = reading(shelf)
    gate = threading.Event()
    read = shelf.archive.conversation
    monkeypatch.setattr(
        shelf.archive, "conversation", lambda *asked: gate.wait(10) and read(*asked)
    )
    message = History(id=7, conversation="c1")
    with pytest.raises(Refused) as caught:
        await histories.answer(message, "acme", actor("customer:carl"))
    assert caught.value.code is Refusal.OVERLOADED
    monkeypatch.setattr(module, "WAITING_MAX", 0)
    with pytest.raises(Refused) as caught:
        await histories.answer(message, "acme", actor("customer:carl"))
    assert caught.value.code is Refusal.OVERLOADED
    gate.set()
