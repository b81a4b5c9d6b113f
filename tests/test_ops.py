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
    monkeypatch.setattr(ops, "CUSTOMER_LIMIT", 2)
    monkeypatch.setattr(ops, "STAFF_LIMIT", 3)
    memory = OpMemory()
    for person in (C, PersonKey("agent:ann")):
        for number in range(5):
            memory.remember(person, f"op{number}", 1, DONE, number)
    assert list(memory.by_person[C]) == ["op3", "op4"]
    assert list(memory.by_person[PersonKey("agent:ann")]) == ["op2", "op3", "op4"]


def test_what_is_too_old_goes_whoever_it_was_answered_to() -> None:
    memory = OpMemory()
    memory.remember(C, "old", 1, DONE, 0)
    memory.remember(C, "young", 1, DONE, 1)
    again = OpMemory()
    again.restore({C: dict(memory.by_person[C])})
    for one in (memory, again):
        one.remember(PersonKey("agent:ann"), "new", 1, DONE, KEEP_MS)
        assert list(one.by_person[C]) == ["young"]
        one.remember(PersonKey("agent:ann"), "newer", 1, DONE, KEEP_MS + 1)
        assert list(one.by_person) == ["agent:ann"]


def test_a_person_who_is_forgotten_was_answered_nothing() -> None:
    memory = OpMemory()
    memory.remember(C, "op", 1, DONE, 0)
    memory.forget(C)
    assert memory.recall(C, "op", 2) is None
    memory.remember(C, "late", 1, DONE, 2 * KEEP_MS)
    assert list(memory.by_person[C]) == ["late"]


def test_answers_that_are_gone_take_no_room_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "GONE_MAX", 5)
    memory = OpMemory()
    memory.remember(C, "op", 1, DONE, 0)
    for number in range(100):
        person = PersonKey(f"customer:{number}")
        memory.remember(person, "op", 1, DONE, 1 + number)
        memory.forget(person)
        assert len(memory._by_age) <= 2 * 2 + 5
    memory.remember(PersonKey("customer:late"), "op", 1, DONE, KEEP_MS)
    assert list(memory.by_person) == ["customer:late"]
