from collections import defaultdict
from itertools import pairwise

import trio

from tests.helpers.loads import live, scenario


async def test_an_offer_is_never_timed_from_after_it_could_be_made() -> None:
    """Few agents, so that each is offered as soon as they are free again."""
    chosen = scenario(desks=[{"id": "all", "count": 3, "accepts_after": 0.02}])
    with trio.fail_after(20):
        sheet, seen = await live(chosen)
    offers, stints = defaultdict(list), defaultdict(list)
    for offer in seen.offers:
        offers[offer.agent].append(offer)
    for stint in seen.stints:
        stints[stint.agent].append(stint)
    assert max(map(len, offers.values())) > 3
    for agent, own in offers.items():
        assert all(offer.not_before <= offer.at for offer in own)
        for (before, after), stint in zip(pairwise(own), stints[agent], strict=False):
            assert before.at < stint.at < after.not_before <= stint.until
    assert sheet.errors == {}


async def test_agents_talk_as_long_as_planned_and_wait_before_they_accept() -> None:
    chosen = scenario(
        lines=[{"id": "shop", "patience": 60.0, "talk": 0.2, "messages": 0}],
        desks=[{"id": "all", "count": 40, "accepts_after": 0.1}],
    )
    with trio.fail_after(20):
        sheet, _ = await live(chosen)
    talks = [stint.until - stint.at for stint in sheet.stints]
    assert 0.15 < sum(talks) / len(talks) < 0.4
    accepted = {stint.conversation: stint.at for stint in sheet.stints}
    looks = [accepted[offer.conversation] - offer.at for offer in sheet.offers]
    assert 0.07 < sum(looks) / len(looks) < 0.3


async def test_who_was_freed_by_others_is_not_timed_until_they_free_themselves() -> None:
    """Half of the customers go while the agent still looks at the offer."""
    chosen = scenario(
        lines=[{"id": "shop", "patience": 0.1, "talk": 0.05}],
        desks=[{"id": "all", "count": 3, "accepts_after": 0.1}],
    )
    with trio.fail_after(20):
        _, seen = await live(chosen)
    by_agent = defaultdict(list)
    for offer in seen.offers:
        by_agent[offer.agent].append(offer)
    outcomes = set()
    for own in by_agent.values():
        for before, after in pairwise(own):
            outcomes.add(before.outcome)
            assert after.is_untimed is (before.outcome not in {"accepted", "declined"})
    assert {"accepted", "withdrawn"} <= outcomes
