"""Time added up within a window, by owner.

Owns: how much of an observation window each owner's open spans cover. Does not know: what a span
is of.

Invariant: what lies outside the window is not counted; open spans of one owner add up.
"""

__all__ = ["Spans"]


class Spans:
    """Sums, by owner, the lengths of spans as far as they lie in ``begins_ms``..``ends_ms``.

    The opening of a span counts ``-at`` and its end ``+at``, each brought into the window, so no
    list of spans is kept.
    """

    def __init__(self, begins_ms: int, ends_ms: int) -> None:
        self._begins_ms = begins_ms
        self._ends_ms = ends_ms
        self._sums: dict[str, int] = {}
        self._open: dict[str, int] = {}

    def open(self, owner: str, at_ms: int) -> None:
        """A span of this owner begins."""
        self._sums[owner] = self._sums.get(owner, 0) - self._within(at_ms)
        self._open[owner] = self._open.get(owner, 0) + 1

    def close(self, owner: str, at_ms: int) -> None:
        """A span of this owner is over."""
        self._sums[owner] += self._within(at_ms)
        self._open[owner] -= 1
        assert self._open[owner] >= 0, f"{owner} closed what was not open"

    def total_ms(self, owner: str) -> int:
        """All spans together; one that is still open lasts to the window's end."""
        return self._sums.get(owner, 0) + self._open.get(owner, 0) * self._ends_ms

    def _within(self, at_ms: int) -> int:
        return min(max(at_ms, self._begins_ms), self._ends_ms)
