"""The life of each conversation, and what was said in it."""

import pytest

from router import conversations
from router.conversations import Conversation, Conversations
from router.errors import Refusal, Refused
from router.ids import PersonKey
from router.states import ConversationState

ANN = PersonKey("agent:ann")


def fresh(name: str = "c") -> Conversation:
    return Conversation(
        id=name, customer="c", queue="q", channel="chat", arrived_ms=1, start_ms=1, key_ms=1,
        place=1, joined_line_ms=1,
    )  # fmt: skip


def test_messages_and_notes_each_count_without_a_hole() -> None:
    one = fresh()
    kinds = ("text", "note", "text", "text", "note")
    numbers = [one.add(ANN, "Ann", "hello", kind, 5).seq for kind in kinds]
    assert numbers == [1, 1, 2, 3, 2]
    assert (one.seq, one.note_seq, len(one.messages)) == (3, 2, 5)


def test_a_full_conversation_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MESSAGES_MAX", 1)
    one = fresh()
    one.check_room()
    one.add(ANN, "", "hello", "text", 1)
    with pytest.raises(Refused) as caught:
        one.check_room()
    assert caught.value.code is Refusal.LIMIT_EXCEEDED


def test_a_status_changes_as_the_tables_say_or_not_at_all() -> None:
    one = fresh()
    assert (one.is_in_line, one.can("offer"), one.can("close")) == (True, True, False)
    with pytest.raises(Refused):
        one.turn("close")
    assert one.status is ConversationState.WAITING
    for trigger in ("offer", "accept", "close"):
        one.turn(trigger)
    assert (one.status, one.is_in_line) == (ConversationState.CLOSED, False)


def test_each_who_takes_part_is_named_once() -> None:
    one = fresh()
    assert one.readers() == ("customer:c",)
    one.agent = "ann"
    one.joined = {ANN: "consult", PersonKey("supervisor:sue"): "monitor"}
    assert one.readers() == ("customer:c", "agent:ann", "supervisor:sue")
    assert not one.is_unheard(ANN)
    assert one.is_unheard(PersonKey("supervisor:sue"))
    assert not one.is_unheard(PersonKey("customer:c"))


def test_only_what_is_over_is_forgotten() -> None:
    all_of = Conversations()
    one = fresh()
    all_of.add(one)
    with pytest.raises(AssertionError):
        all_of.add(fresh())
    assert all_of.find("c") is one
    with pytest.raises(AssertionError):
        all_of.forget("c")


def test_an_unknown_conversation_is_not_found() -> None:
    with pytest.raises(Refused) as caught:
        Conversations().find("c")
    assert caught.value.code is Refusal.NOT_FOUND


def test_what_is_over_can_be_forgotten() -> None:
    all_of = Conversations()
    one = fresh()
    all_of.add(one)
    one.turn("abandon")
    assert all_of.forget("c") is one
    assert list(all_of) == []
