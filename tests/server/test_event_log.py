"""What became of whom, line by line."""

import io
import json
from typing import Any

import pytest
import trio
import trio.testing

from router.events import ConversationEnded, Event, OfferEnded
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.journal.base import Record
from router.journal.memory import MemoryJournal, MemoryStore
from router.server import event_log as module
from router.server import logs
from router.server.clock import Clock
from router.server.event_log import EventLog, trace_id
from router.server.hidden import HIDDEN
from router.server.log_limits import LINES_PER_WINDOW
from tests.helpers.nodes import Client, node_settings, open_node, token

SECRET = "a secret that somebody wrote"
NAME = "Zacharias"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

Line = dict[str, Any]


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    return stream


def lines(stream: io.StringIO, *kinds: str) -> list[Line]:
    """The lines of these kinds, and nothing that the allow list withheld."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert not [line for line in found if "withheld" in line]
    return [line for line in found if line["event"].partition(".")[0] in kinds]


async def serve_one(alice: Client, carl: Client, *, accepts: bool = True) -> tuple[str, str]:
    """One conversation up to its offer's end; its id and the offer's."""
    body = {"op": "o", "queue": "support", "channel": "chat", "body": SECRET}
    asked = await carl.ok("conversation.request", **body)
    offer = (await alice.until("offer.new"))["offer"]
    await alice.ok("offer.accept" if accepts else "offer.decline", offer=offer)
    return asked["conversation"], offer


async def test_what_became_of_a_conversation_can_be_read_from_the_log(
    stream: io.StringIO,
) -> None:
    async with open_node(node_settings(log_events="all")) as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        signed = token("customer", "carl", name=NAME)
        carl = await node.join("customer", "carl", token=signed, traceparent=PARENT)
        conversation, offer = await serve_one(alice, carl)
        await carl.ok("message.send", conversation=conversation, op="m", body=SECRET)
        await alice.ok("conversation.end", conversation=conversation)
        await carl.ok("rate", conversation=conversation, score=1, comment=SECRET)
        ids = {alice.welcome["session"], carl.welcome["session"]}
        await carl.close()
        await trio.testing.wait_all_tasks_blocked(0.05)
    about = lines(stream, "conversation", "offer")
    assert [line["event"] for line in about] == [
        "conversation.queued", "offer.made", "offer.accepted",
        "conversation.assigned", "conversation.ended",
    ]  # fmt: skip
    for line in about:
        assert (line["tenant"], line["conversation"]) == ("acme", conversation)
        assert line["trace"] == TRACE
        assert line["position"] > 0
    assert {line["offer"] for line in about if "offer" in line} == {offer}
    assert {line["agent"] for line in about if "agent" in line} == {"alice"}
    opened = [line for line in lines(stream, "connection") if line["event"].endswith("opened")]
    closed = next(line for line in lines(stream, "connection") if line["event"].endswith("closed"))
    assert {line["connection"] for line in opened} == ids
    assert {line["role"]: line.get("agent") for line in opened} == {
        "agent": "alice", "customer": None,
    }  # fmt: skip
    assert (closed["connection"], closed["code"]) == (carl.welcome["session"], 1000)
    assert closed["lasted_s"] >= 0
    text = stream.getvalue()
    for secret in (SECRET, NAME, "carl", signed):
        assert secret not in text


async def test_offers_alone_say_nothing_of_connections(stream: io.StringIO) -> None:
    async with open_node(node_settings(log_events="offers")) as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        carl = await node.join("customer", "carl")
        await serve_one(alice, carl, accepts=False)
        await carl.close()
        await trio.testing.wait_all_tasks_blocked(0.05)
    assert lines(stream, "connection") == []
    assert [line["event"] for line in lines(stream, "offer")] == ["offer.made", "offer.declined"]
    assert all("trace" not in line for line in lines(stream, "offer", "conversation"))


async def test_nothing_is_said_and_nobody_is_called_unless_it_is_asked_for(
    stream: io.StringIO,
) -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        await serve_one(alice, await node.join("customer", "carl"))
        assert node.node.event_log is None
        assert node.node.hub.watching is None
    assert lines(stream, "connection", "conversation", "offer") == []


async def test_a_replay_says_nothing_again(stream: io.StringIO) -> None:
    store, clock = MemoryStore(), Clock()
    settings = node_settings(log_events="all")
    async with open_node(settings, MemoryJournal(clock.wall_ms, store), clock) as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        await serve_one(alice, await node.join("customer", "carl"))
    before = len(lines(stream, "offer"))
    assert before == 2
    async with open_node(settings, MemoryJournal(clock.wall_ms, store), clock):
        pass
    assert len(lines(stream, "offer")) == before


class Core:
    """A core whose events are logged as if live."""

    def __init__(self, tenant: str = "acme") -> None:
        self.log = EventLog(lambda: True)
        self.tenant = tenant

    def tell(self, *found: Event) -> None:
        self.log.take(Record(self.tenant, 1, 1, b""), found)


def ended(outcome: str = "taken") -> OfferEnded:
    return OfferEnded(
        offer=OfferId("o1"),
        conversation=ConversationId("c1"),
        agent=AgentId("alice"),
        outcome=outcome,
    )


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        ("accepted", "offer.accepted"),
        ("declined", "offer.declined"),
        ("expired", "offer.expired"),
        ("undelivered", "offer.withdrawn"),
        ("revoked", "offer.withdrawn"),
        ("taken", "offer.withdrawn"),
        ("withdrawn", "offer.withdrawn"),
    ],
)
def test_every_end_of_an_offer_is_a_line(outcome: str, event: str, stream: io.StringIO) -> None:
    Core().tell(ended(outcome))
    (line,) = lines(stream, "offer")
    assert line["event"] == event
    assert line.get("reason") == (outcome if event == "offer.withdrawn" else None)


def test_the_doctors_play_is_not_told(stream: io.StringIO) -> None:
    Core(HIDDEN).tell(ended())
    assert lines(stream, "offer") == []


def test_there_are_no_gaps_however_much_happens(stream: io.StringIO) -> None:
    core = Core()
    for _ in range(3 * LINES_PER_WINDOW):
        core.tell(ended())
    assert len(lines(stream, "offer")) == 3 * LINES_PER_WINDOW


@pytest.mark.parametrize(
    "sent",
    ["", SECRET, PARENT.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-x-01"],
)
def test_what_is_no_trace_is_not_shown(sent: str, stream: io.StringIO) -> None:
    assert trace_id(sent) == ""
    core = Core()
    core.log.note("c1", sent)
    core.tell(ended())
    assert "trace" not in lines(stream, "offer")[0]


def test_traces_are_forgotten_with_their_conversation_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TRACES_MAX", 3)
    core = Core()
    for number in range(5):
        core.log.note(f"c{number}", PARENT)
    assert list(core.log._traces) == ["c2", "c3", "c4"]
    over = ConversationEnded(
        conversation=ConversationId("c3"),
        customer=CustomerId("carl"),
        queue="q",
        reason="agent",
        waited_ms=1,
        handled_ms=2,
        readers=(),
    )
    core.tell(over)
    assert list(core.log._traces) == ["c2", "c4"]
