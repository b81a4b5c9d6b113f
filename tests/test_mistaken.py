"""A policy that is wrong in several ways is told all of them at once."""

import pytest

from router.mistaken import policy_mistakes, within
from router.suggestions import TOLD_MAX
from tests.helpers.counted import Counted


def test_what_is_wrong_between_values_stands_beside_what_is_wrong_with_one() -> None:
    tree = {
        "grace": 5,
        "classes": {"regular": 0, "gold": 99_999_999},
        "queues": [
            {"id": "billing", "wrap_up_ms": -1, "overflow": "nowhere"},
            {"id": "billing"},
        ],
    }
    told = policy_mistakes(tree, "policy").split("; ")
    assert [one.partition(": ")[0] for one in told if one.startswith("policy.")] == [
        "policy.grace",
        "policy.queues[0].wrap_up_ms",
        "policy.queues[1].id",
        "policy.classes.gold",
        "policy.queues[0].overflow",
    ]


def test_what_was_left_out_for_its_own_mistake_is_told_once() -> None:
    told = policy_mistakes({"queues": [{"id": "a", "overflow": 7}]}, "policy")
    assert told.count("policy.") == 1
    assert told.startswith("policy.queues[0].overflow: ")


@pytest.mark.parametrize("tree", [None, 7, "queues", [], [{"id": "a"}], {"queues": 7}])
def test_what_is_no_policy_at_all_is_a_sentence(tree: object) -> None:
    assert policy_mistakes(tree, "policy").startswith("policy")


def test_what_can_be_read_is_not_judged_here() -> None:
    """Whoever takes the command looks at what does not go together, and says all of that."""
    assert policy_mistakes({"queues": [{"id": "a", "overflow": "nowhere"}]}, "policy") == ""


@pytest.mark.parametrize("wrong", [{}, 7, {"id": "vip", "when": {}}])
def test_a_rule_that_says_nothing_is_told_with_the_rest(wrong: object) -> None:
    told = policy_mistakes({"rules": [wrong], "queues": [{"id": "a"}, {"id": "a"}]}, "policy")
    assert "policy.rules[0]" in told
    assert "policy.queues[1].id: " in told


def test_behind_the_mistakes_that_are_told_nothing_is_looked_at() -> None:
    """The loop waits meanwhile: 20,000 entries fit into a frame, and took more than a minute."""
    queues = Counted([7] * 20_000)
    told = policy_mistakes({"queues": queues}, "policy")
    assert told.count("policy.queues[") == TOLD_MAX
    assert told.endswith("; and more")
    assert queues.taken == TOLD_MAX + 1


def test_a_path_is_within_itself_and_what_leads_to_it() -> None:
    assert within("a.b", "a.b")
    assert within("a.b[0].c", "a.b")
    assert within("a.b.c", "a.b")
    assert not within("a.bc", "a.b")
    assert not within("a", "a.b")
