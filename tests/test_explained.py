from typing import get_args

import msgspec
import pytest

from router.errors import Refused
from router.explain import explain, explain_agent, explain_conversation
from router.explained import (
    Explained,
    ExplainedAssignment,
    ExplainedConversation,
    ExplainedWait,
)
from router.policy import Queue
from router.views import customer_card
from tests.helpers.floor import BOSS, SERVICE, Floor

KINDS = get_args(Explained)


def _wait(floor: Floor, name: str) -> ExplainedWait:
    found = explain_conversation(floor.router, name, None, floor.now_ms)
    assert isinstance(found, ExplainedWait)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_explanation_says_what_it_is_about(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.tag_field == "about"
    assert kind.__struct_config__.frozen


def test_no_two_are_about_the_same() -> None:
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) == 5


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_instants_end_in_at_and_spans_in_ms(kind: type[msgspec.Struct]) -> None:
    """The key is neither: an instant moved by a head start, under the line's own name."""
    for field in msgspec.structs.fields(kind):
        assert not {"s", "time", "timestamp", "since"} & set(field.name.split("_"))


def test_what_is_not_so_is_left_out() -> None:
    ended = ExplainedConversation("c1", "closed")
    assert msgspec.to_builtins(ended) == {
        "about": "conversation",
        "conversation": "c1",
        "status": "closed",
    }


def test_a_past_assignment_is_explained_after_its_conversation_is_forgotten() -> None:
    floor = Floor(score_band=70)
    floor.agent("ada", teams=("emea",))
    floor.ask("ann")
    floor.accept("ada")
    floor.end("c1")
    floor.pass_ms(700_000)
    assert not floor.router.world.conversations.by_id
    for actor in (BOSS, SERVICE):
        found = explain(floor.router, actor, floor.now_ms, assignment="a1")
        assert isinstance(found, ExplainedAssignment)
        (chosen,) = found.candidates
        parts = sum(share * getattr(chosen, part) for part, share in found.weights.items())
        assert chosen.score == parts // sum(found.weights.values())
        assert found.band == 70
    boss = floor.router.world.people.by_key(BOSS.key)
    assert boss is not None
    boss.teams = ("apac",)
    with pytest.raises(Refused, match="teams"):
        explain(floor.router, BOSS, floor.now_ms, assignment="a1")


def test_a_class_beyond_its_share_and_a_lent_one_are_told() -> None:
    floor = Floor(Queue("sales", class_share_max=0))
    floor.agent("ada", available=False)
    capped = _wait(floor, floor.ask("vip", priority="gold"))
    assert (capped.klass, capped.capped_class, capped.head_start_ms) == ("regular", "gold", 0)
    card = customer_card(floor.router.world, floor.router.world.conversations.by_id["c1"])
    assert (card.klass, card.capped_class) == ("regular", "gold")
    floor = Floor()
    floor.agent("ada", available=False)
    first = floor.ask("ann")
    floor.ask("ann", priority="gold")
    found = _wait(floor, first)
    assert (found.klass, found.lent_ms, found.head_start_ms) == ("regular", 30_000, 30_000)


def test_an_agent_who_keeps_room_is_told_for_whom() -> None:
    floor = Floor(
        Queue("sales", channels=("chat", "email")),
        capacity={"chat": 2, "email": 1, "total": 2},
        cost={"email": 2},
        passed_over_max=1,
    )
    floor.agent("ada")
    floor.ask("ann")
    floor.accept("ada")
    big = floor.ask("ben", channel="email")
    floor.ask("cid")
    floor.accept("ada")
    floor.end("c1")
    found = explain_agent(floor.router, "ada", floor.now_ms)
    assert found.keeps_room_for == (big,)
    assert found.channels == {"chat": "free", "email": "full"}
