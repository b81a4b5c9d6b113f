"""Which snapshots are needed, and what is written of them."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from router.journal.snapshot_store import KEPT, is_too_new, needed, write_parts
from tests.journal.snapshot_contract import parts


class Spot(NamedTuple):
    sequence: int
    positions: dict[str, int]


def spots(steps: list[tuple[str, int]]) -> list[tuple[str, Spot]]:
    """Places of a journal that grows, the newest first."""
    positions: dict[str, int] = {}
    found = []
    for number, (tenant, count) in enumerate(steps):
        positions[tenant] = positions.get(tenant, 0) + count
        found.append((f"{number:05d}", Spot(number, dict(positions))))
    return found[::-1]


TENANTS = st.sampled_from(["acme", "globex"])


@given(
    steps=st.lists(st.tuples(TENANTS, st.integers(1, 5)), max_size=12),
    done=st.lists(st.dictionaries(TENANTS, st.integers(0, 40)), max_size=3),
)
def test_the_newest_stay_and_one_from_which_all_that_is_owed_can_be_computed(
    steps: list[tuple[str, int]], done: list[dict[str, int]]
) -> None:
    places = spots(steps)
    kept = needed(places, done)
    assert kept[:KEPT] == places[:KEPT]
    serving = [
        (name, place)
        for name, place in places
        if not any(
            is_too_new(place.positions, {t: n + 1 for t, n in each.items()}) for each in done
        )
        and all(tenant in each for each in done for tenant in place.positions)
    ]
    if serving:
        assert max(serving)[0] in dict(kept), "the newest that serves everybody"
    assert len(kept) <= KEPT + 1


class Text:
    def __init__(self) -> None:
        self.data = b"before"

    @property
    def length(self) -> int:
        return len(self.data)

    def add(self, data: bytes) -> None:
        self.data += data


def test_states_stand_one_behind_the_other() -> None:
    output = Text()
    first, second = write_parts(output, parts(7, 3))
    assert output.data == b"before" + b"head\x07\x07\x07end" + b"other headother body"
    assert (first.length, second.length) == (10, 20)
