"""Who gives a command, as the journal keeps it."""

import msgspec

from router.actors import Actor, Claims
from router.ids import ConnectionId


def test_an_actors_key_names_the_person_and_not_the_connection() -> None:
    assert Actor("agent", "ada", ConnectionId("x1")).key == Actor("agent", "ada").key == "agent:ada"


def test_an_actor_without_teams_is_in_the_journal_as_before_there_were_any() -> None:
    before = b'{"role":"supervisor","id":"sam","connection":""}'
    assert msgspec.json.encode(Actor("supervisor", "sam")) == before
    assert msgspec.json.decode(before, type=Actor) == Actor("supervisor", "sam")
    for teams in ((), ("day",)):
        sam = Actor("supervisor", "sam", teams=teams)
        assert msgspec.json.decode(msgspec.json.encode(sam), type=Actor) == sam


def test_claims_that_say_nothing_take_no_room_in_the_journal() -> None:
    assert msgspec.json.encode(Claims()) == b"{}"
    claims = Claims(name="Ada", skills={"billing": 80}, klass="gold")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(claims), type=Claims) == claims
