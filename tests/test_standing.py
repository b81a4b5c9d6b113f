"""The order of the free against a sorted list, and what is packed of them against candidates."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from router.candidates import Candidate, candidate_of
from router.standing import CHUNK_MAX, Entry, Standing

GROUPS = 5

places = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, GROUPS - 1))
steps = st.lists(st.one_of(places, st.integers(0, 99)), max_size=40)


def _entry(number: int, flexibility: int, since_ms: int, group: int) -> Entry:
    return Entry(f"a{number}", group, flexibility, ("chat",), 200, (since_ms, number % 2))


def _check(standing: Standing, model: list[Entry]) -> None:
    listed = [entry for chunk in standing.chunks for entry in chunk]
    assert listed == sorted(model, key=Entry.place)
    assert all(standing.chunks)
    assert standing.size == len(model)
    assert list(standing.groups) == sorted({entry.group for entry in model})


def _alike(model: list[Entry], entry: Entry) -> bool:
    return any(other.group == entry.group for other in model)


@given(steps)
def test_the_order_is_that_of_a_sorted_list(taken: list[tuple[int, int, int] | int]) -> None:
    """A number takes one out, the rest puts one in; of two alike the name decides."""
    standing, model = Standing(200), list[Entry]()
    for number, step in enumerate(taken):
        if isinstance(step, tuple):
            entry = _entry(number, *step)
            standing.add(entry, is_first=not _alike(model, entry))
            model.append(entry)
        elif model:
            entry = model.pop(step % len(model))
            standing.remove(entry, was_last=not _alike(model, entry))
        _check(standing, model)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_many_stand_in_chunks(chance: object) -> None:
    standing, model = Standing(200), list[Entry]()
    for number in range(2 * CHUNK_MAX):
        entry = _entry(number, 1, (number * 7919) % 1000, number % GROUPS)
        standing.add(entry, is_first=not _alike(model, entry))
        model.append(entry)
    chance.shuffle(model)  # type: ignore[attr-defined]
    for _ in range(CHUNK_MAX):
        entry = model.pop()
        standing.remove(entry, was_last=not _alike(model, entry))
    _check(standing, model)
    assert all(len(chunk) <= CHUNK_MAX for chunk in standing.chunks)


parts = st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))


@given(st.lists(parts, min_size=1, max_size=4))
def test_a_row_packs_into_the_same_bytes_as_the_candidate(
    asked: list[tuple[int, int, int]],
) -> None:
    """Also where it was kept from the time before, with the same score or with another one."""
    entry = Entry("ada", 3, 2, ("chat", "email"), 250, (1_700_000_000_000, 17))
    for score, language, proficiency in [*asked, asked[-1]]:
        expected = Candidate("ada", score, language, proficiency, 0, 750, 2, 1_700_000_000_000, 17)
        row = entry.row(score, language, proficiency)
        assert msgspec.msgpack.encode(row) == msgspec.msgpack.encode(expected)
        assert candidate_of(row) == expected
        assert candidate_of(expected) is expected


def test_what_is_known_of_somebody_is_told_from_anything_else() -> None:
    entry = Entry("ada", 3, 2, ("chat",), 250, (5, 1))
    assert entry.stands_at(("chat",), 250, (5, 1))
    others = [(("email",), 250, (5, 1)), (("chat",), 0, (5, 1)), (("chat",), 250, (6, 1))]
    assert not any(entry.stands_at(*other) for other in [*others, (("chat",), 250, (5, 2))])
