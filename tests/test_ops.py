"""What was answered to which ``op``, so that a command asked twice is done once."""

import pytest

from router import ops
from router.errors import Refusal, Refused
from router.events import Answer
from router.ids import PersonKey
from router.ops import KEEP_MS, OpMemory

C = PersonKey("customer:c")
DONE = Answer(joined=True)


def test_the_same_question_has_the_first_answer_again() -> None:
    memory = OpMemory()
    assert memory.recall(C, "op", 1) is None
    memory.remember(C, "op", 1, DONE, 0)
    assert memory.recall(C, "op", 1) == DONE
    assert memory.recall(PersonKey("customer:d"), "op", 1) is None


def test_the_same_op_with_other_content_is_a_conflict() -> None:
    memory = OpMemory()
    memory.remember(C, "op", 1, DONE, 0)
    with pytest.raises(Refused) as caught:
        memory.recall(C, "op", 2)
    assert caught.value.code is Refusal.CONFLICT


def test_answers_go_after_a_day() -> None:
    memory = OpMemory()
    memory.remember(C, "old", 1, DONE, 0)
    memory.remember(C, "young", 1, DONE, 1)
    memory.remember(C, "new", 1, DONE, KEEP_MS)
    assert list(memory.by_person[C]) == ["young", "new"]


def test_the_oldest_of_too_many_answers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "LIMITS", {"customer": 2})
    monkeypatch.setattr(ops, "STAFF_LIMIT", 3)
    memory = OpMemory()
    for person in (C, PersonKey("agent:ann")):
        for number in range(5):
            memory.remember(person, f"op{number}", 1, DONE, number)
    assert list(memory.by_person[C]) == ["op3", "op4"]
    assert list(memory.by_person[PersonKey("agent:ann")]) == ["op2", "op3", "op4"]
