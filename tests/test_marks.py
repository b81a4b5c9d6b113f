"""A mark is for the compiler alone."""

from router.conversations import Conversation
from router.marks import i64, mypyc_attr


def test_a_marked_class_is_what_it_was() -> None:
    mark = mypyc_attr(acyclic=True)
    assert mark(Conversation) is Conversation


def test_a_marked_number_is_a_number() -> None:
    assert i64(7) + 1 == 8
