"""When a rule fires, and what several add up to."""

from typing import Any

import msgspec
import pytest

from router.policy import Policy, Queue, problems
from router.rules import Effects, Facts, Recent, Rule, Then, When, effects, fires
from router.wishes import LanguageWish, SkillNeed

FACTS = Facts(
    channel="chat",
    queue="billing",
    topic="invoice",
    brand="pro",
    klass="gold",
    languages=("fr-CA", "en"),
    verified=True,
    profile={"tier": "platinum"},
    activity={"page": "/checkout", "cart": "2"},
    met=(("ann", "agent", 40), ("bob", "passed_on", 6), ("cid", "customer", 1)),
)


def when(**conditions: Any) -> When:  # noqa: ANN401 - as a file says it
    return msgspec.convert(conditions, When)


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"channel": "chat"},
        {"channel": ["voice", "chat"]},
        {"queue": "billing", "topic": "invoice", "brand": ["pro"]},
        {"class": ["gold", "urgent"]},
        {"languages": "fr"},
        {"languages": ["de", "en-GB"]},
        {"verified": True},
        {"profile": {"tier": ["gold", "platinum"]}},
        {"activity": {"page": "/checkout", "cart": ["2", "3"]}},
        {"last_agent": "cid"},
        {"last_outcome": ["customer"]},
        {"recent": {"days": 7, "at_least": 2}},
        {"recent": {"days": 2}},
    ],
)
def test_a_rule_fires_where_all_that_it_names_holds(conditions: dict[str, Any]) -> None:
    assert fires(when(**conditions), FACTS)


@pytest.mark.parametrize(
    "conditions",
    [
        {"channel": "voice"},
        {"channel": "chat", "queue": "other"},
        {"topic": ["refund", ""]},
        {"brand": "amateur"},
        {"class": "urgent"},
        {"languages": ["de", "fr-FR"]},
        {"verified": False},
        {"profile": {"tier": "gold"}},
        {"profile": {"tier": "platinum", "country": "fr"}},
        {"activity": {"cart": "9"}},
        {"last_agent": "bob"},
        {"last_outcome": "passed_on"},
        {"recent": {"days": 7, "at_least": 3}},
        {"recent": {"days": 1}},
    ],
)
def test_one_that_does_not_hold_is_enough_for_silence(conditions: dict[str, Any]) -> None:
    assert not fires(when(**conditions), FACTS)


def test_a_stranger_has_no_past() -> None:
    stranger = Facts(channel="chat", queue="billing")
    assert fires(When(), stranger)
    for conditions in ({"last_agent": "ann"}, {"recent": {"days": 365}}, {"languages": "en"}):
        assert not fires(when(**conditions), stranger)


@pytest.mark.parametrize(
    "conditions",
    [{"chanel": "chat"}, {"verified": "yes"}, {"recent": {"days": 0}}, {"profile": {"": "x"}}],
)
def test_what_makes_no_sense_is_not_read(conditions: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        when(**conditions)


def test_the_effects_of_all_that_fire_add_up() -> None:
    rules = (
        Rule(
            id="one",
            then=Then(
                needs=(SkillNeed("billing", 30), SkillNeed("law", 10)),
                languages=(LanguageWish("fr", 40),),
                queue="vip",
                klass="gold",
                weights={"history": 5, "load": 0},
            ),
        ),
        Rule(id="never", when=When(channel="fax"), then=Then(topic="fax", queue="fax")),
        Rule(
            id="two",
            then=Then(
                needs=(SkillNeed("billing", 50),),
                languages=(LanguageWish("fr", 90), LanguageWish("en")),
                topic="till",
                queue="other",
                klass="urgent",
                weights={"history": 9},
            ),
        ),
    )
    assert effects(rules, FACTS) == Effects(
        fired=("one", "two"),
        needs=(("billing", 50), ("law", 10)),
        languages=(("fr", 40), ("en", 1)),
        topic="till",
        queue="vip",
        classes=(("one", "gold"), ("two", "urgent")),
        weights={"history": 9, "load": 0},
    )


def test_no_rule_sees_what_another_one_made() -> None:
    rules = (
        Rule(id="one", then=Then(topic="till")),
        Rule(id="two", when=When(topic="till"), then=Then(klass="gold")),
    )
    assert effects(rules, FACTS).fired == ("one",)


def test_rules_come_back_from_a_snapshot_as_they_are_written() -> None:
    rule = Rule(id="r", when=When(klass=("a", "b"), recent=Recent(7, 2)), then=Then(klass="a"))
    packed = msgspec.msgpack.encode(rule)
    assert msgspec.msgpack.decode(packed, type=Rule) == rule
    assert msgspec.msgpack.decode(packed)["when"]["class"] == ["a", "b"]


def test_mistakes_between_rules_and_policy_are_named() -> None:
    rules = (
        Rule(id="r", when=When(queue=("q", "gone")), then=Then(queue="nowhere", klass="king")),
        Rule(id="r", then=Then()),
        Rule(id="s", when=When(queue="q"), then=Then(queue="q", klass="gold")),
    )
    found = problems(Policy(queues=(Queue(id="q"),), rules=rules))
    assert [path for path, _ in found] == [
        "rules[1].id",
        "rules[0].when.queue",
        "rules[0].then.queue",
        "rules[0].then.class",
        "rules[1].then",
    ]
