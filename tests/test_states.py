import itertools
from enum import StrEnum
from typing import Any

import pytest

from router.errors import Refusal, Refused
from router.states import (
    CONNECTION,
    CONVERSATION,
    FINAL_CONVERSATION,
    FINAL_OFFER,
    OFFER,
    PRESENCE,
    REACHABILITY,
    ConnectionState,
    ConversationState,
    OfferState,
    Reachability,
    Show,
    Table,
    advance,
)

MACHINES: list[tuple[str, Table[Any], type[StrEnum], set[str], set[str]]] = [
    ("connection", CONNECTION, ConnectionState, {"awaiting_hello"}, {"closed"}),
    ("reachability", REACHABILITY, Reachability, {"unreachable"}, set()),
    ("presence", PRESENCE, Show, {"offline"}, set()),
    ("conversation", CONVERSATION, ConversationState, {"waiting", "held"}, set(FINAL_CONVERSATION)),
    ("offer", OFFER, OfferState, {"pending"}, set(FINAL_OFFER)),
]
EACH = pytest.mark.parametrize(
    ("table", "states", "starts", "finals"),
    [machine[1:] for machine in MACHINES],
    ids=[machine[0] for machine in MACHINES],
)


@EACH
def test_the_table_speaks_of_every_state_and_no_other(
    table: Table[Any], states: type[StrEnum], starts: set[str], finals: set[str]
) -> None:
    assert set(table) == set(states)
    assert all(state in set(states) for row in table.values() for state in row.values())
    assert starts | finals <= set(table)


@EACH
def test_every_state_can_be_reached(
    table: Table[Any], states: type[StrEnum], starts: set[str], finals: set[str]
) -> None:
    reached, edge = set(starts), list(starts)
    while edge:
        for state in table[edge.pop()].values():
            if state not in reached:
                reached.add(state)
                edge.append(state)
    assert reached == set(states), finals


@EACH
def test_exactly_the_final_states_have_no_way_out(
    table: Table[Any], states: type[StrEnum], starts: set[str], finals: set[str]
) -> None:
    assert {state for state in states if not table[state]} == finals - starts


@EACH
def test_a_pair_is_either_listed_or_refused_without_a_change(
    table: Table[Any], states: type[StrEnum], starts: set[str], finals: set[str]
) -> None:
    before = {state: dict(row) for state, row in table.items()}
    triggers = [*sorted({trigger for row in table.values() for trigger in row}), "dance"]
    for state, trigger in itertools.product(states, triggers):
        if trigger in table[state]:
            assert advance(table, state, trigger) == table[state][trigger]
            continue
        with pytest.raises(Refused) as refused:
            advance(table, state, trigger)
        assert refused.value.code is Refusal.INVALID_TRANSITION
        assert state in str(refused.value)
    assert table == before, (starts, finals)


@EACH
def test_no_walk_of_five_steps_leaves_the_table(
    table: Table[Any], states: type[StrEnum], starts: set[str], finals: set[str]
) -> None:
    """Exhaustive to depth five: from the starts, every word of triggers that is possible."""
    walks = [[start] for start in sorted(starts)]
    for _ in range(5):
        walks = [[*walk, state] for walk in walks for state in set(table[walk[-1]].values())]
        assert all(walk[-1] in set(states) for walk in walks)
        assert not any(walk[-2] in finals for walk in walks)


def test_an_unknown_state_is_refused_too() -> None:
    with pytest.raises(Refused):
        advance(OFFER, "nowhere", "accept")


def test_words_that_travel_are_those_of_the_protocol() -> None:
    assert [str(show) for show in Show] == ["available", "busy", "away", "dnd", "offline"]
    assert set(FINAL_OFFER) == {
        "accepted", "declined", "expired", "undelivered", "revoked", "taken", "withdrawn",
    }  # fmt: skip


def test_connecting_never_makes_anybody_available() -> None:
    assert advance(PRESENCE, Show.OFFLINE, "sign_in") == Show.AWAY
    assert "sign_in" not in PRESENCE[Show.AVAILABLE]
