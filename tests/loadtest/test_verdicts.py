import pytest

from loadtest.notes import Offer, Stint, Visit
from loadtest.verdicts import judge_run
from tests.helpers.loads import offer, seen_of, stint, visit


def _kinds(
    visits: list[Visit],
    offers: list[Offer] | None = None,
    stints: list[Stint] | None = None,
    head_start_s: float = 0.0,
) -> list[str]:
    return [each.kind for each in judge_run(seen_of(visits, offers, stints), head_start_s)]


def test_a_good_run_has_no_violation() -> None:
    numbers = range(1, 6)
    assert not _kinds(
        [visit(n) for n in numbers], [offer(n) for n in numbers], [stint(n) for n in numbers]
    )


GONE = {"assigned": 0.0, "agent": "", "ended": 0.0, "reason": ""}


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        (visit(1, id="", **GONE), ["request.unanswered"]),
        (visit(1, id="", refused="closed", **GONE), []),
        (visit(1, **GONE), ["conversation.lost"]),
        (visit(1, is_there=True, **GONE), []),
        (visit(1, is_loud=True, **GONE), []),
        (visit(1, reason="expired"), ["conversation.ended_oddly"]),
        (visit(1, assigned=0.0, agent="", reason="agent"), ["conversation.ended_oddly"]),
        (visit(1, assigned=0.0, agent="", reason="cancelled"), []),
    ],
)
def test_nobody_may_be_lost(one: Visit, kinds: list[str]) -> None:
    assert _kinds([one]) == kinds


def test_a_conversation_has_one_agent_at_a_time() -> None:
    both = [stint(1), stint(1, agent="bob", pos=160)]
    assert _kinds([visit(1, agent="bob")], [], both) == ["conversation.assigned_twice"]
    lost = [stint(1, is_lost=True, has_seen_end=False), stint(1, agent="bob", pos=160)]
    assert _kinds([visit(1, agent="bob")], [], lost) == []
    assert _kinds([visit(1)], [], lost) == ["conversation.agent_disagrees"]


def test_offers_are_exclusive_and_end() -> None:
    second = offer(1, id="o1b", agent="bob", pos=130)
    assert _kinds([visit(1)], [offer(1), second]) == ["offer.duplicate"]
    declined = offer(1, answer="decline", outcome="declined", ended_pos=120)
    assert _kinds([visit(1)], [declined, second]) == []
    late = offer(1, answer="decline", outcome="declined", ended_pos=140)
    assert _kinds([visit(1)], [late, second]) == ["offer.duplicate"]
    assert _kinds([visit(1)], [offer(1, outcome="")]) == ["offer.no_outcome"]
    assert _kinds([visit(1)], [offer(1, outcome="", is_agent_gone=True)]) == []


def test_the_agent_hears_of_the_end_unless_it_was_just_now() -> None:
    unseen = stint(1, has_seen_end=False)
    assert _kinds([visit(1)], [], [unseen]) == ["conversation.end_unseen_by_agent"]
    assert _kinds([visit(1, ended=999.9)], [], [unseen]) == []
    for until in (999.9, 0.0):  # at work after the end: just done with it, or cut off in it
        at_work = stint(1, has_seen_end=False, until=until)
        assert _kinds([visit(1)], [], [at_work]) == []


def test_who_came_earlier_is_offered_earlier_unless_away() -> None:
    """Two's offer is made by an agent who came free after both had asked, and before one's."""
    earlier, later = visit(1), visit(2)
    turned = [offer(1, pos=500, at=15.0), offer(2, pos=400, at=14.5, not_before=14.0)]
    assert _kinds([earlier, later], turned) == ["overtaken.equal_class"]
    assert _kinds([visit(1, was_away=True), later], turned) == []
    assert _kinds([earlier, visit(2, has_joined=True)], turned) == []
    assert _kinds([earlier, visit(2, type="0.bank")], turned) == []


def test_a_head_start_is_worth_its_seconds_and_no_more() -> None:
    turned = [offer(1, pos=500, at=15.0), offer(2, pos=400, at=14.5, not_before=14.0)]
    pair = [visit(1), visit(2, has_priority=True)]
    assert _kinds(pair, turned, head_start_s=2.0) == []
    assert _kinds(pair, turned, head_start_s=0.5) == ["overtaken.beyond_head_start"]
