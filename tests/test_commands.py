from typing import Any, get_args

import msgpack
import msgspec
import pytest

from router import commands
from router.commands import Actor, Claims, Command, PersonCommand, RequestConversation, Underway
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.policy import LanguageWish, Policy, Queue, SkillNeed

ACTOR = Actor("agent", "ada")
REQUIRED: dict[str, object] = {
    "by": ACTOR,
    "policy": Policy(queues=(Queue(id="billing"),)),
    "life": "l1",
    "position": 7,
    "offer": OfferId("o1"),
    "conversation": ConversationId("c1"),
    "op": "op-1",
    "channel": "chat",
    "body": "Grüße, \u0000 and \U0001f600",
    "seq": 3,
    "by_ms": 5_000,
    "mode": "whisper",
    "score": 5,
    "terms": "general",
    "version": 2,
    "queue": "billing",
    "brand": "pro",
    "agent": AgentId("bea"),
    "customer": CustomerId("kim"),
    "show": "away",
    "priority": "gold",
    "part": "topic",
    "value": 700,
    "ttl_ms": 60_000,
}
KINDS = get_args(Command)


def _smallest(kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - any of the commands
    needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{name: REQUIRED[name] for name in needed})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_command_comes_back_from_messagepack_and_json(kind: type[msgspec.Struct]) -> None:
    command = _smallest(kind)
    for codec in (msgspec.msgpack, msgspec.json):
        assert codec.decode(codec.encode(command), type=Command) == command


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_reference_library_reads_every_command_by_its_name(kind: type[msgspec.Struct]) -> None:
    packed = msgspec.msgpack.encode(_smallest(kind))
    assert msgpack.unpackb(packed)["c"] == kind.__name__


def test_a_full_request_comes_back_whole() -> None:
    request = RequestConversation(
        by=Actor("service", "crm"),
        conversation=ConversationId("c1"),
        op="op-1",
        channel="email",
        queue="billing",
        topic="invoice",
        languages=(LanguageWish(tag="fr", level=40), LanguageWish(tag="en")),
        needs=(SkillNeed(skill="billing", level=60),),
        agent=AgentId("ada"),
        avoid=(AgentId("bea"),),
        brand="pro",
        reopens=ConversationId("c0"),
        attributes={"page": "/cart"},
        body="x" * 8_192,
        customer=CustomerId("kim"),
        priority="gold",
        deferrable=True,
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Command) == request


def test_no_languages_and_an_empty_wish_are_two_things() -> None:
    nothing = _smallest(RequestConversation)
    none_wished = msgspec.structs.replace(nothing, languages=())
    decoded = [
        msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=Command).languages
        for command in (nothing, none_wished)
    ]
    assert decoded == [None, ()]


def test_a_command_under_way_is_a_short_array() -> None:
    underway = Underway("l1", 9, commands.Tick())
    packed = msgspec.msgpack.encode(underway)
    assert msgpack.unpackb(packed) == ["l1", 9, {"c": "Tick"}]
    assert msgspec.msgpack.decode(packed, type=Underway) == underway


def test_everybody_who_commands_is_known_by_a_person_key() -> None:
    assert ACTOR.key == "agent:ada"
    for kind in get_args(PersonCommand):
        assert _smallest(kind).by is ACTOR


def test_every_command_is_offered_and_nothing_of_the_kind_is_forgotten() -> None:
    named = {kind.__name__ for kind in KINDS}
    assert named <= set(commands.__all__)
    inner = {"Actor", "Claims", "ContactWish", "Underway", "Command"}
    assert set(commands.__all__) - named - {"ScorePart", "Show"} <= inner


def test_claims_that_say_nothing_take_no_bytes() -> None:
    assert msgspec.json.encode(Claims()) == b"{}"


def test_a_newer_releases_command_is_refused_by_name_and_its_newer_field_is_left_out() -> None:
    """What an older server does with a newer journal, as ``router.commands`` and the docs say."""
    newer = {"c": "EndOutage", "by_then_optional": 1}
    packed = msgspec.msgpack.encode(("life", 1, newer))
    assert msgspec.msgpack.decode(packed, type=Underway).command == commands.EndOutage()
    packed = msgspec.msgpack.encode(("life", 1, {"c": "NewThing"}))
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'NewThing'"):
        msgspec.msgpack.decode(packed, type=Underway)
