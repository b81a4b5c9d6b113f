"""Random frames and valid ones with a bit of damage: the server and the other sockets live on."""

import json
import random
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed

from tests.helpers.outsider import JSON, MSGPACK, Fields, Line
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

FRAMES = 300
FAIR_ENDS = {None, 1009, 1007, 4203, 4502, 4507, 4508, 1000}
ODD: list[Any] = [
    None, True, -1, 0, 2**53, 2**63, -(2**63), 1.5, 1e308, "", "x" * 9_000, "\u202e", "\x00", [],
    {}, [[]], {"a": {}}, "😀", "queue:billing", "available", [None] * 50,
]  # fmt: skip


def templates(conversation: str) -> list[Fields]:
    """One good message of each type."""
    one = {"conversation": conversation}
    need, wish = {"skill": "x", "level": 1}, {"tag": "en", "level": 1}
    return [
        {"t": "presence.set", "show": "busy", "channels": {"chat": True}, "until_ms": 5},
        {"t": "offer.seen", "offer": "o1"},
        {"t": "offer.accept", "offer": "o1"},
        {"t": "offer.decline", "offer": "o1", "reason": "no"},
        {"t": "message.send", **one, "op": "a", "body": "hi", "kind": "note"},
        {"t": "message.read", **one, "seq": 1},
        {"t": "typing", **one, "on": True},
        {"t": "conversation.end", **one, "reason": "x"},
        {"t": "wrapup.complete", **one, "code": "c", "note": "n"},
        {"t": "conversation.transfer", **one, "op": "t", "to": {"queue": "billing"}, "note": "n"},
        {"t": "conversation.join", **one, "mode": "monitor"},
        {"t": "conversation.leave", **one},
        {"t": "history", **one, "before_seq": 5, "limit": 3, "purpose": "p"},
        {"t": "conversation.request", "op": "q", "channel": "chat", "queue": "billing",
         "languages": [wish], "needs": [need], "agent": "alice", "avoid": ["bob"], "topic": "t",
         "attributes": {"a": 1}, "body": "b", "customer": "c", "priority": "gold"},
        {"t": "conversation.cancel", **one},
        {"t": "contact.set", "prefs": [{"channel": "chat", "prio": 1}], "languages": ["en"]},
        {"t": "rate", **one, "score": 5, "comment": "c"},
        {"t": "explain", **one, "agent": "alice"},
        {"t": "agent.presence", "agent": "bob", "show": "busy", "reason": "r"},
        {"t": "conversation.assign", **one, "agent": "bob"},
        {"t": "conversation.priority", **one, "priority": "gold", "reason": "r"},
        {"t": "policy.set", "policy": {"queues": [{"id": "billing"}], "agents": [{"id": "a"}]}},
        {"t": "consent.accept", "terms": "t", "version": 1},
        {"t": "sub", "topic": "board", "mode": "counts"},
        {"t": "unsub", "topic": "board"},
        {"t": "activity", "idle_ms": 5, "view": "active"},
        {"t": "token.refresh", "token": "a.b.c"},
    ]  # fmt: skip


def mutated(chance: random.Random, messages: list[Fields], number: int) -> Fields:
    """A good message of which one field, or one inside a field, is something odd."""
    message: Fields = json.loads(json.dumps(chance.choice(messages)))
    message["id"] = number
    place: Any = message
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if isinstance(place[key], dict | list) and place[key] and chance.random() < 0.7:
            place = place[key]
            continue
        break
    if chance.random() < 0.2:
        del place[key]
    else:
        place[key] = chance.choice(ODD)
    return message


def frames(chance: random.Random, line: Line, messages: list[Fields]) -> Iterator[str | bytes]:
    """Every third frame is noise, every third is cut or flipped, the others are odd messages."""
    for number in range(2, FRAMES + 2):
        if number % 3 == 0:
            noise = chance.randbytes(chance.randint(0, 300))
            yield noise if line.encoding == MSGPACK else noise.decode("latin-1")
            continue
        message = mutated(chance, messages, number)
        if line.encoding == JSON:
            text = json.dumps(message)
            where = chance.randrange(len(text))
            yield text if number % 3 else text[:where] + chance.choice('[]{}",:0e') + text[where:]
        else:
            try:
                packed: bytes = msgpack.packb(message)
            except OverflowError:
                continue
            if number % 6 == 1:
                where = chance.randrange(len(packed))
                packed = packed[:where] + chance.randbytes(1) + packed[where + 1 :]
            yield packed


@pytest.mark.parametrize(
    ("role", "encoding"),
    [
        ("agent", JSON),
        ("agent", MSGPACK),
        ("customer", JSON),
        ("supervisor", MSGPACK),
        ("service", JSON),
        ("service", MSGPACK),
    ],
)
def test_garbage_hurts_nobody_else(server: Server, tenant: str, role: str, encoding: str) -> None:
    """Sections 2, 4 and 5: refused or closed with a code of the list, never 100, never 4104."""
    chance = random.Random(f"{role} {encoding}")
    healthy = server.ready_agent(tenant, "bob")
    customer = server.person(tenant, "customer", "healthy")
    told = customer.do("conversation.request", op="r1", channel="chat")
    healthy.do("offer.accept", offer=healthy.wait("offer.new")["offer"])
    healthy.do("presence.set", show="busy")
    target = server.person(tenant, "customer", "target")
    messages = templates(target.do("conversation.request", op="r1", channel="chat")["conversation"])
    name = "alice" if role == "agent" else "wild"
    line = server.person(tenant, role, name, encoding=encoding)
    codes: set[int] = set()
    ends: set[int | None] = set()
    for frame in frames(chance, line, messages):
        try:
            line.socket.send(frame)
            if chance.random() < 0.05:
                line.idle(0.001)
        except ConnectionClosed:
            line.closing()
            codes |= refusals(line)
            ends.add(line.code)
            line = server.person(tenant, role, name, encoding=encoding)
    line.sync_or_end()
    codes |= refusals(line)
    ends.add(line.code)
    assert 100 not in codes, codes
    assert ends <= FAIR_ENDS, ends
    assert '"level":"error"' not in server.log(), server.log()
    assert server.person(tenant, role, name, encoding=encoding).welcome["ok"]
    customer.do("message.send", conversation=told["conversation"], op="still", body="Still here?")
    customer.sync()


def refusals(line: Line) -> set[int]:
    """The codes of all refusals that came."""
    return {each["err"]["code"] for each in line.taken("reply") if "err" in each}
