"""What a customer in line learns of why they wait."""

import pytest

from router.commands import Actor
from router.errors import Refusal, Refused
from router.explain import explain
from router.explained import ExplainedConversation, ExplainedPlace
from router.ids import ConnectionId
from router.policy import Queue, SkillNeed, Step
from tests.helpers.floor import Floor

ANN = Actor("customer", "ann", ConnectionId("kann"))
LAMPS = Queue(
    "sales",
    name="Lamps",
    needs=(SkillNeed("lamps", 30),),
    steps=(Step(after_ms=30_000, any_language=True),),
)


def _told(floor: Floor, conversation: str) -> ExplainedPlace:
    found = explain(floor.router, ANN, floor.now_ms, conversation=conversation)
    assert isinstance(found, ExplainedPlace)
    return found


def test_who_could_help_is_counted_by_what_they_speak_and_never_named() -> None:
    floor = Floor(LAMPS)
    floor.agent("ada", skills={"lamps": 80}, languages={"de": 90})
    floor.agent("bea", skills={"lamps": 50}, languages={"en": 100, "de": 0})
    floor.agent("cid", skills={"lamps": 10}, languages={"de": 100})
    floor.agent("dan", available=False, skills={"lamps": 90}, languages={"de": 100})
    floor.ask("bob", languages=["de"])
    floor.accept("ada")
    told = _told(floor, floor.ask("ann", languages=["de"]))
    assert told == ExplainedPlace(
        conversation=told.conversation,
        status="waiting",
        languages=("de",),
        here=1,
        free=0,
        spoken={"de": 1, "en": 1},
        subject="Lamps",
    )


def test_a_step_without_languages_lets_everybody_count() -> None:
    floor = Floor(LAMPS)
    floor.agent("bea", skills={"lamps": 50}, languages={"en": 100})
    floor.ask("bob", languages=["en"])
    floor.accept("bea")
    name = floor.ask("ann", languages=["de"])
    assert (_told(floor, name).languages, _told(floor, name).here) == (("de",), 0)
    floor.pass_ms(30_000)
    assert (_told(floor, name).languages, _told(floor, name).here) == ((), 1)


def test_a_look_changes_nothing() -> None:
    floor = Floor(LAMPS)
    name = floor.ask("ann")
    before = floor.router.digest()
    _told(floor, name)
    assert floor.router.digest() == before


def test_a_customer_asks_about_their_own_conversations_alone() -> None:
    floor = Floor(LAMPS)
    own, other = floor.ask("ann"), floor.ask("bob")
    for asked, code in (
        ({"conversation": other}, Refusal.NOT_FOUND),
        ({"conversation": own, "agent": "ada"}, Refusal.FORBIDDEN),
        ({"assignment": "a1"}, Refusal.FORBIDDEN),
    ):
        with pytest.raises(Refused) as refused:
            explain(floor.router, ANN, floor.now_ms, **asked)
        assert refused.value.code is code


def test_what_does_not_wait_has_a_status_and_no_decision() -> None:
    floor = Floor(LAMPS)
    floor.agent("ada", skills={"lamps": 80})
    name = floor.ask("ann")
    floor.accept("ada")
    found = explain(floor.router, ANN, floor.now_ms, conversation=name)
    assert found == ExplainedConversation(name, "active")
    floor.end(name)
    found = explain(floor.router, ANN, floor.now_ms, conversation=name)
    assert isinstance(found, ExplainedConversation)
    assert found.status == "ended"
