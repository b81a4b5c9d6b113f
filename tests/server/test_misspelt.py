"""Two spellings of one skill, and what must not be taken for that."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy import AgentEntry, Policy, Queue, Step
from router.rules import Prefer, Rule, Then
from router.server.cli import main
from router.server.misspelt import misspelt
from router.server.starter import FILE_NAME, write_starter
from router.wishes import SkillNeed


def policy(asked: str, *had: str) -> Policy:
    agent = AgentEntry(id="ann", skills=dict.fromkeys(had, 50))
    return Policy(queues=(Queue(id="q", needs=(SkillNeed(asked),)),), agents=(agent,))


@pytest.mark.parametrize(
    ("asked", "had", "meant"),
    [
        ("suport", ["billing", "support"], "support"),
        ("Support", ["support"], "support"),
        ("billing", ["selling"], ""),
        ("tier-1", ["tier-2"], ""),
        ("support", ["support", "suport"], ""),
        ("support", [], ""),
        ("lang-de", ["lang-fr"], ""),
    ],
)
def test_a_skill_is_named_where_another_spelling_of_it_is_had(
    asked: str, had: list[str], meant: str
) -> None:
    sentence = f'no agent of the directory has "{asked}"; did you mean "{meant}"?'
    told = [("queues[0].needs[0].skill", sentence)] if meant else []
    assert list(misspelt(policy(asked, *had))) == told


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, unique=True))
def test_a_skill_that_somebody_has_is_never_named(had: list[str]) -> None:
    assert not [told for skill in had for told in misspelt(policy(skill, *had))]


def test_steps_and_rules_are_looked_at_too() -> None:
    wrong = (SkillNeed("other"), SkillNeed("suport"))
    step = Step(after_ms=1, needs=wrong)
    rule = Rule(id="r", then=Then(needs=wrong, prefer=Prefer(needs=wrong)))
    queue = Queue(id="q", steps=(Step(after_ms=1), step))
    agent = AgentEntry(id="ann", skills={"support": 1})
    found = misspelt(Policy(queues=(queue,), rules=(rule,), agents=(agent,)))
    assert [path for path, _ in found] == [
        "queues[0].steps[1].needs[1].skill",
        "rules[0].then.needs[1].skill",
        "rules[0].then.prefer.needs[1].skill",
    ]


def test_check_warns_of_it_with_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_starter(tmp_path)
    text = file.read_text()
    file.write_text(text.replace('"support", level = 30', '"suport", level = 30', 1))
    main(["check", "--config", str(tmp_path / FILE_NAME)])
    told = capsys.readouterr()
    assert 'tenants.main.policy.queues[0].needs[0].skill: no agent of the directory has "suport"; did you mean "support"?' in told.err  # noqa: E501  # fmt: skip
    assert "fine (1 tenant)" in told.out
