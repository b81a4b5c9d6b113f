"""Several who hear of events."""

from collections.abc import Sequence

import pytest

from router.events import Event
from router.journal.base import Record
from router.server.effects import Together


class Hearer:
    """Keeps what it hears; may fail."""

    def __init__(self, fails: str = "") -> None:
        self.heard: list[int] = []
        self.kept_up = 0
        self._fails = fails

    def take(self, record: Record, events: Sequence[Event]) -> None:
        self.heard.append(record.position)
        if self._fails:
            raise ValueError(self._fails)

    async def keep_up(self) -> None:
        self.kept_up += 1


async def test_each_hears_of_everything_in_order_whatever_the_others_do() -> None:
    hearers = [Hearer(), Hearer("first"), Hearer("second"), Hearer()]
    together = Together(hearers)
    for position in (1, 2):
        with pytest.raises(ValueError, match="first"):
            together.take(Record("acme", position, 0, b""), [])
    await together.keep_up()
    assert [hearer.heard for hearer in hearers] == [[1, 2]] * 4
    assert [hearer.kept_up for hearer in hearers] == [1] * 4
