from typing import get_args

import msgpack
import msgspec
import pytest

from router import outgoing
from router.outgoing import Error, MessageSent, Outgoing, Person, QueuePosition, Reply, WaitBand

TYPES = {
    "conversation.invited",
    "conversation.requested",
    "invitation.ended",
    "agent.flapping",
    "help.asked",
    "help.ended",
    "skills.set",
    "reply", "welcome", "beat", "disconnect", "token.expiring", "presence.self", "presence",
    "topic.stale",
    "board", "queue.position", "offer.new", "offer.ended", "conversation.assigned",
    "conversation.updated", "wrapup.started", "conversation.ended", "message", "message.read",
    "typing",
}  # fmt: skip
WITHOUT_POSITION = {"reply", "beat", "disconnect", "token.expiring", "typing"}


def _tag(kind: type[msgspec.Struct]) -> str:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def test_the_server_speaks_the_types_of_the_protocol() -> None:
    assert {_tag(kind) for kind in get_args(Outgoing)} == TYPES


@pytest.mark.parametrize("kind", get_args(Outgoing), ids=lambda kind: kind.__name__)
def test_an_event_carries_its_position_and_nothing_else_does(kind: type[msgspec.Struct]) -> None:
    assert ("pos" in kind.__struct_fields__) is (_tag(kind) not in WITHOUT_POSITION)


def test_a_message_looks_on_the_wire_as_the_protocol_says() -> None:
    message = MessageSent(
        pos=9,
        conversation="c1",
        seq=2,
        sender=Person("ada", "agent", "Ada"),
        body="Hello",
        kind="text",
        at=1_700_000_000_000,
    )
    expected = {
        "t": "message",
        "pos": 9,
        "conversation": "c1",
        "seq": 2,
        "from": {"id": "ada", "role": "agent", "name": "Ada"},
        "body": "Hello",
        "kind": "text",
        "at": 1_700_000_000_000,
    }
    assert msgspec.json.decode(msgspec.json.encode(message)) == expected
    assert msgpack.unpackb(msgspec.msgpack.encode(message)) == expected


def test_a_reply_holds_only_what_it_has_to_say() -> None:
    fine = Reply(id=3, ok=True, conversation="c1", status="waiting", position=1, ahead=0)
    assert msgspec.to_builtins(fine) == {
        "t": "reply", "id": 3, "ok": True, "conversation": "c1", "status": "waiting",
        "position": 1, "ahead": 0,
    }  # fmt: skip
    refused = Reply(id=4, ok=False, err=Error(113, "offer_gone", "gone", "no", outcome="taken"))
    assert msgspec.to_builtins(refused)["err"] == {
        "code": 113, "name": "offer_gone", "msg": "gone", "retry": "no", "outcome": "taken",
    }  # fmt: skip


def test_a_place_in_line_says_its_wait_as_a_band() -> None:
    place = QueuePosition(5, "c1", 2, 1, WaitBand(4_000, 9_000))
    assert msgspec.to_builtins(place) == {
        "t": "queue.position", "pos": 5, "conversation": "c1", "position": 2, "ahead": 1,
        "wait_ms": {"p50": 4_000, "p90": 9_000},
    }  # fmt: skip


def test_every_message_is_offered() -> None:
    assert {kind.__name__ for kind in get_args(Outgoing)} <= set(outgoing.__all__)
