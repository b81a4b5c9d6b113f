"""The fair line: lanes, static keys, places; compared with plain sorted lists."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.queue import EMPTY_LANES_MAX, Lane, Line, Place
from router.skills import Requirement

SETTINGS = settings(max_examples=100, deadline=None, derandomize=True)
steps = st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 50)), max_size=120)


def lane_of(line: Line, number: int) -> Lane:
    return line.lane(("q", f"channel{number}", Requirement()))[0]


@SETTINGS
@given(steps=steps)
def test_lanes_are_sorted_lists_whatever_joins_and_leaves(
    steps: list[tuple[bool, int, int]],
) -> None:
    line = Line()
    lists: list[list[Place]] = [[], [], []]
    for number, (leaves, lane_number, key) in enumerate(steps):
        mine = lists[lane_number]
        if leaves and mine:
            gone = mine.pop(key % len(mine) if key % 3 else 0)
            assert line.leave(gone[2]) is lane_of(line, lane_number)
        else:
            place = (key, number, f"c{number}")
            mine.append(place)
            mine.sort()
            line.join(lane_of(line, lane_number), place)
        for at, expected in enumerate(lists):
            lane = lane_of(line, at)
            assert list(lane) == expected
            assert len(lane) == len(expected)
            assert bool(line.occupied >> lane.index & 1) == bool(expected)
            for count, place in enumerate(expected):
                assert lane.count_before(place) == count
                assert line.where(place[2]) == (lane, place)
    assert len(line) == sum(len(mine) for mine in lists)


@SETTINGS
@given(steps=steps)
def test_who_is_expected_stands_in_line_once_let_in_and_nowhere_once_gone(
    steps: list[tuple[bool, int, int]],
) -> None:
    line, plain = Line(), Line()
    for number, (leaves, lane_number, key) in enumerate(steps):
        place = (key, number, f"c{number}")
        line.expect(lane_of(line, lane_number), place)
        plain.join(lane_of(plain, lane_number), place)
        assert line.where(place[2]) == (lane_of(line, lane_number), place)
        assert (len(line), line.occupied_count) == (len(plain), plain.occupied_count)
        if leaves:
            gone = f"c{key % (number + 1)}"
            if gone in plain:
                assert line.leave(gone).key == plain.leave(gone).key
                assert (len(line), line.occupied_count) == (len(plain), plain.occupied_count)
        if key % 4:
            line.let_in()
            assert [list(lane) for lane in line.lanes.values()] == [
                list(lane) for lane in plain.lanes.values()
            ]
            assert (line.occupied, line.heads, len(line.ranks)) == (
                plain.occupied,
                plain.heads,
                len(plain.ranks),
            )


def test_the_head_is_the_smallest_key_and_ties_go_by_position() -> None:
    line = Line()
    lane = lane_of(line, 0)
    for place in ((5, 2, "c"), (5, 1, "b"), (9, 0, "a")):
        line.join(lane, place)
    assert lane.head == (5, 1, "b")
    line.leave("b")
    assert (lane.head, "b" in line, "c" in line) == ((5, 2, "c"), False, True)


def test_a_front_that_was_served_is_cleared_away() -> None:
    line = Line()
    lane = lane_of(line, 0)
    for number in range(100):
        line.join(lane, (number, number, f"c{number}"))
    for number in range(99):
        line.leave(f"c{number}")
    assert len(lane.entries) < 70
    assert list(lane) == [(99, 99, "c99")]


def test_nobody_joins_twice() -> None:
    line = Line()
    line.join(lane_of(line, 0), (1, 1, "c"))
    with pytest.raises(AssertionError):
        line.join(lane_of(line, 1), (1, 1, "c"))


def test_a_place_that_is_not_in_its_lane_is_our_own_fault() -> None:
    lane = lane_of(Line(), 0)
    lane.insert((1, 1, "c"))
    with pytest.raises(AssertionError):
        lane.remove((0, 1, "c"))


def test_empty_lanes_go_where_there_are_too_many_and_their_numbers_are_used_again() -> None:
    line = Line()
    keep = lane_of(line, 0)
    line.join(keep, (0, 0, "c"))
    newest = keep
    for number in range(1, EMPTY_LANES_MAX + 2):
        assert line.drop_empty_lanes(but=keep) == []
        newest = lane_of(line, number)
    dropped = line.drop_empty_lanes(but=newest)
    assert len(dropped) == EMPTY_LANES_MAX
    assert list(line.lanes.values()) == [keep, newest]
    again, is_new = line.lane(("q", "again", Requirement()))
    assert is_new
    assert again.index in {lane.index for lane in dropped}
    assert line.lane_at(again.index) is again
