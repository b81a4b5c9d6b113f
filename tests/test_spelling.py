"""Names that nothing else in a policy knows."""

from pathlib import Path
from typing import Any

import pytest

from router.policy import AgentEntry, Policy, Queue
from router.rules import Prefer, Rule, Then, When
from router.server.settings import load
from router.spelling import doubts, misspelt
from router.wishes import LanguageWish

QUEUES = (Queue(id="a", channels=("chat", "sms")),)
EXAMPLE = Path(__file__).parents[1] / "config" / "fairline.example.toml"


def of(**fields: Any) -> dict[str, str]:  # noqa: ANN401 - any field
    return dict(misspelt(Policy(**{"queues": QUEUES, **fields})))


def test_what_queues_take_and_languages_by_their_tags_are_fine() -> None:
    rule = Rule(
        id="r",
        when=When(channel=("chat", "sms"), languages="pt-BR"),
        then=Then(
            languages=(LanguageWish("zh-Hant"),),
            prefer=Prefer(languages=(LanguageWish("de"),)),
        ),
    )
    agent = AgentEntry(id="a", languages={"en": 1, "fil": 2, "x-klingon": 3}, capacity={"sms": 1})
    told = of(
        agents=(agent,),
        rules=(rule,),
        interrupts=("voice", "sms"),
        cost={"email": 2},
        capacity={"total": 3, "sms": 1},
    )
    assert told == {}
    policy = load([EXAMPLE], {}).tenants["acme"].policy
    assert misspelt(policy) == doubts(policy) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"interrupts": ("voise",)}, "interrupts"),
        ({"cost": {"voise": 1}}, "cost"),
        ({"capacity": {"voise": 1, "total": 2}}, "capacity"),
        ({"agents": (AgentEntry(id="a", capacity={"voise": 1}),)}, "agents[0].capacity"),
        (
            {"rules": (Rule(id="r", when=When(channel="voise"), then=Then(topic="x")),)},
            "rules[0].when.channel",
        ),
    ],
)
def test_a_channel_that_no_queue_takes_is_told_with_what_was_meant(
    fields: dict[str, Any], path: str
) -> None:
    assert of(**fields) == {path: "no queue takes the channel 'voise' (did you mean \"voice\"?)"}


def test_a_language_by_its_name_is_told_with_its_tag() -> None:
    agents = (AgentEntry(id="a", languages={"english": 100}), AgentEntry(id="b"))
    assert of(agents=agents) == {
        "agents[0].languages": '\'english\' is no language tag; write one like "en", "de" or '
        '"pt-BR" (did you mean "en"?)'
    }
    then = Then(languages=(LanguageWish("?!"),), prefer=Prefer(languages=(LanguageWish("e_n"),)))
    rules = (Rule(id="r", when=When(languages=("de", "d e")), then=then),)
    assert list(of(rules=rules)) == [
        "rules[0].then.languages",
        "rules[0].then.prefer.languages",
        "rules[0].when.languages",
    ]


def test_a_queue_s_channel_without_a_capacity_is_a_doubt() -> None:
    assert doubts(Policy(queues=(Queue(id="a", channels=("chat", "voise")),))) == [
        (
            "queues[0].channels",
            "no capacity is named for 'voise', so only the total bounds it "
            '(did you mean "voice"?)',
        )
    ]
