"""The order of commands and reads of one connection."""

from hypothesis import given
from hypothesis import strategies as st

from router.turns import Turns


def test_a_read_with_nothing_before_it_is_answered_at_once() -> None:
    turns: Turns[str] = Turns()
    assert turns.add_read("look", now_ms=1)
    assert turns.since_ms() is None


def test_a_read_waits_for_every_command_before_it_and_none_behind() -> None:
    turns: Turns[str] = Turns()
    turns.add_command(1, now_ms=10)
    turns.add_command(2, now_ms=20)
    assert not turns.add_read("a", now_ms=30)
    turns.add_command(3, now_ms=40)
    assert not turns.add_read("b", now_ms=50)
    assert turns.settle(2) == []
    assert turns.settle(1) == ["a"]
    assert turns.since_ms() == 40
    assert turns.settle(3) == ["b"]
    assert turns.since_ms() is None


def test_an_unknown_answer_changes_nothing() -> None:
    turns: Turns[str] = Turns()
    turns.add_command(1, now_ms=10)
    assert turns.settle(7) == []
    assert turns.since_ms() == 10


def test_nothing_comes_out_after_the_end() -> None:
    turns: Turns[str] = Turns()
    turns.add_command(1, now_ms=10)
    turns.add_read("a", now_ms=10)
    turns.clear()
    assert turns.settle(1) == []


@given(st.lists(st.booleans(), max_size=20), st.randoms(use_true_random=False))
def test_reads_come_out_in_order_once_all_before_them_are_answered(
    is_commands: list[bool], chance: object
) -> None:
    turns: Turns[int] = Turns()
    done: list[int] = []
    for number, is_command in enumerate(is_commands):
        if is_command:
            turns.add_command(number, now_ms=0)
        elif turns.add_read(number, now_ms=0):
            done.append(number)
    open_commands = [number for number, is_command in enumerate(is_commands) if is_command]
    chance.shuffle(open_commands)  # type: ignore[attr-defined]
    while open_commands:
        done.extend(turns.settle(open_commands.pop()))
        first_open = min(open_commands, default=len(is_commands))
        reads_before = [n for n, c in enumerate(is_commands) if not c and n < first_open]
        assert done == reads_before
