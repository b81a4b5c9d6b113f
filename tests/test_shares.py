"""How work is shared among agents, after a scripted half hour."""

import pytest

from router.measures import Measures
from router.policy import Policy, Queue
from router.shares import GROUPED_MAX, TOLD_MIN, own_share, shares
from tests.helpers.floor import Floor


def _floor() -> tuple[Floor, Measures]:
    floor = Floor(Queue("sales"))
    measures = Measures(Policy())
    floor.listeners.append(measures.take)
    return floor, measures


def test_equals_are_compared_and_nobody_else() -> None:
    floor, measures = _floor()
    for name in ("ada", "bea"):
        floor.agent(name, skills={"sales": 50}, languages={"en": 90})
    floor.agent("cid", skills={"sales": 90})
    busy = floor.ask("ann", agent="ada")
    floor.accept("ada")
    floor.pass_ms(60_000)
    floor.end(busy)
    floor.pass_ms(60_000)
    told = shares(floor.router, measures, floor.now_ms)
    ada, bea, cid = told.agents
    assert (ada.occupancy, bea.occupancy, cid.occupancy) == (0.5, 0.0, 0.0)
    assert (ada.group, bea.group, cid.group) == (0, 0, None)
    assert (ada.services, ada.offers) == (1, {"accepted": 1})
    (group,) = told.groups
    assert (group.agents, group.even, group.least, group.most) == (2, 0.5, 0.0, 0.5)
    assert (group.skills, group.languages) == (("sales",), ("en",))
    assert bea.idle_ms is not None
    assert ada.idle_ms is not None
    assert bea.idle_ms > ada.idle_ms


def test_who_declines_is_seen_and_who_is_gone_is_not() -> None:
    floor, measures = _floor()
    for name in ("ada", "bea"):
        floor.agent(name)
    floor.ask("ann", agent="ada")
    floor.decline("ada")
    floor.show("bea", "offline")
    (ada,) = shares(floor.router, measures, floor.now_ms).agents
    assert (ada.offers, ada.occupancy, ada.group) == ({"declined": 1}, None, None)


def test_pages_show_everybody_once_and_a_crowd_is_not_grouped() -> None:
    floor, measures = _floor()
    names = [f"a{number:04}" for number in range(GROUPED_MAX + 1)]
    for name in names:
        floor.agent(name, available=False)
    seen: list[str] = []
    after = ""
    while True:
        page = shares(floor.router, measures, floor.now_ms, after=after, limit=200)
        assert page.groups == ()
        seen += [one.agent for one in page.agents]
        if page.next is None:
            break
        after = page.next
    assert seen == names


def test_an_agent_knows_their_own_share_and_their_equals_together() -> None:
    floor, measures = _floor()
    for name in ("ada", "bea", "dan", "eve", "fay", "cid"):
        floor.agent(name, skills={"sales": 50} if name != "cid" else {})
    busy = floor.ask("ann", agent="ada")
    floor.accept("ada")
    floor.pass_ms(90_000)
    told = own_share(floor.router, measures, floor.now_ms, "ada")
    assert told is not None
    assert (told.mine.agent, told.mine.occupancy, told.mine.group) == ("ada", 1.0, None)
    assert told.equals is not None
    assert (told.equals.agents, told.equals.least, told.equals.most) == (5, 0.0, 1.0)
    alone = own_share(floor.router, measures, floor.now_ms, "cid")
    assert alone is not None
    assert alone.equals is None
    floor.show("bea", "offline")
    assert own_share(floor.router, measures, floor.now_ms, "bea") is None
    assert own_share(floor.router, measures, floor.now_ms, "nobody") is None
    assert busy in floor.router.world.conversations.by_id


@pytest.mark.parametrize("count", range(2, TOLD_MIN))
def test_too_few_equals_are_not_told_of_for_a_figure_would_be_one_colleagues(count: int) -> None:
    floor, measures = _floor()
    for number in range(count):
        floor.agent(f"a{number}")
    floor.ask("ann", agent="a1")
    floor.accept("a1")
    floor.pass_ms(90_000)
    told = own_share(floor.router, measures, floor.now_ms, "a0")
    assert told is not None
    assert told.mine.occupancy == 0.0
    assert told.equals is None
    (group,) = shares(floor.router, measures, floor.now_ms).groups
    assert (group.agents, group.most) == (count, 1.0)
