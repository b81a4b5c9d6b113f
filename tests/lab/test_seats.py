"""Who sits where: the mix of a directory, the seats in their order, the day that comes of it."""

from pathlib import Path

import pytest
from msgspec import structs

from router.errors import SettingsError
from router.lab.plan import Curve, Plan
from router.lab.scenario import problems
from router.lab.seats import apart, day_of, under
from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step, Terms

FILE = Path("plan.toml")


def agent(name: str, skills: str, *languages: str, chat: int = 2) -> AgentEntry:
    return AgentEntry(
        id=name,
        skills=dict.fromkeys(skills, 50),
        languages=dict.fromkeys(languages, 90),
        capacity={"chat": chat},
    )


POLICY = Policy(
    queues=(
        Queue(id="billing", needs=(SkillNeed("b", 40),), channels=("chat", "email")),
        Queue(id="help", reply_within_ms=1000),
    ),
    agents=(
        *(agent(f"one{number}", "b", "en") for number in range(6)),
        *(agent(f"two{number}", "bc", "en", "de") for number in range(3)),
        agent("three", "c", "fr"),
    ),
    terms=Terms("t", 1),
    quiet_ms=1000,
    capacity={"chat": 3, "total": 4},
)
BILLING = Curve(
    skill="b",
    arrivals=(30, 60, 30),
    handling=(4.0, 6.0),
    patience=3,
    languages={"de": 0.25},
    classes={"gold": 0.1},
)
PLAN = Plan(curves=(BILLING,))


def test_people_sit_in_the_mix_of_those_who_can_serve() -> None:
    floor = under(PLAN, POLICY, FILE)
    assert [(one.id, one.count) for one in floor.able["b"]] == [("one0", 6), ("two0", 3)]
    assert floor.at_once == {"b": 2}  # their own, and not the policy's
    scenario, _ = day_of(floor, {"b": [3, 9, 6]}, (1,))
    assert list(problems(scenario)) == []
    bilingual = [one for one in scenario.agents if "de" in one.languages]
    for slot, count in enumerate((1, 3, 2)):
        there = [one for one in bilingual if one.starts <= slot * 30 < (one.ends or 1e9)]
        assert len(there) == count
    assert {one.capacity["chat"] for one in scenario.agents} == {2}


def test_a_seat_that_is_taken_twice_is_two_shifts_and_the_last_slot_has_no_end() -> None:
    scenario, _ = day_of(apart(PLAN), {"b": [2, 1, 2]}, (1,))
    assert [(one.starts, one.ends) for one in scenario.agents] == [(0, None), (0, 30), (60, None)]


def test_customers_ask_for_languages_and_are_of_classes_in_their_shares() -> None:
    scenario, skills = day_of(under(PLAN, POLICY, FILE), {"b": [1, 1, 1]}, (1,))
    rates = {one.id: sum(getattr(one.arrivals, "rates", ())) * 30 for one in scenario.demand}
    assert rates == pytest.approx(
        {"b/de/gold": 3, "b/de": 27, "b/gold": 9, "b": 81},
    )
    assert set(skills.values()) == {"b"}
    first = scenario.demand[0]
    assert (first.queue, first.channel, first.klass) == ("billing", "chat", "gold")
    assert [wish.tag for wish in first.languages] == ["de"]
    assert first.slower == (1.5,)
    assert first.needs == ()


def test_what_needs_somebody_who_talks_is_left_out() -> None:
    played = under(PLAN, POLICY, FILE).policy
    assert (played.terms, played.quiet_ms, played.agents) == (Terms(), 0, ())
    assert played.queues[1].reply_within_ms == 0
    assert played.queues[0] == POLICY.queues[0]


def test_what_customers_need_besides_counts_for_who_may_sit() -> None:
    curve = Curve(skill="c", arrivals=(9,), handling=4, queue="help", needs={"c": 40})
    scenario, _ = day_of(under(Plan(curves=(curve,)), POLICY, FILE), {"c": [4]}, (1,))
    assert scenario.demand[0].needs == (SkillNeed("c", 40),)
    assert all("c" in one.skills for one in scenario.agents)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"skill": "bc"}, "curves.bc.queue: the policy has no queue of this skill"),
        ({"queue": "biling"}, 'did you mean "billing"?'),
        ({"channel": "voice"}, "curves.b.channel: billing takes chat, email"),
        ({"classes": {"golden": 0.5}}, "'golden' is none of regular, gold, urgent"),
        ({"languages": {"fr": 0.5}}, "nobody of the agents can serve customers of billing who ask"),
    ],
)
def test_what_the_policy_does_not_know_is_told(changes: dict[str, object], sentence: str) -> None:
    curve = structs.replace(Curve(skill="b", arrivals=(1.0,), handling=4.0), **changes)
    with pytest.raises(SettingsError) as caught:
        under(Plan(curves=(curve,)), POLICY, FILE)
    assert sentence in str(caught.value)


def test_a_directory_without_people_is_told_unless_the_plan_has_some() -> None:
    nobody = Policy(queues=POLICY.queues)
    with pytest.raises(SettingsError, match="directory is empty"):
        under(PLAN, nobody, FILE)
    own = Plan(curves=(BILLING,), agents=tuple(apart(PLAN).able["b"]))
    with pytest.raises(SettingsError, match="who ask for de"):
        under(own, nobody, FILE)


def test_a_queue_that_gives_up_its_language_serves_everybody_in_the_end() -> None:
    steps = (Step(after_ms=1000, any_language=True),)
    queue = Queue(id="billing", needs=(SkillNeed("b"),), steps=steps)
    curve = Curve(skill="b", arrivals=(1,), handling=4, languages={"fr": 0.5})
    rules = Policy(queues=(queue,), agents=POLICY.agents)
    assert len(under(Plan(curves=(curve,)), rules, FILE).able["b"]) == 2
