"""Agents whose connection is lost again and again, as alerts count them.

Owns: when each agent was lost of late, and whether that is too often. Does not know: what a loss
is (the core says it), what policies count (``attendance`` doubles a grace by their own number).

Invariants (tests/server/test_losses.py): a loss counts where more than ``LOSSES_MAX`` lie within
``WINDOW_S`` up to it, itself among them; memory is bounded by the agents lost within that time.
"""

from collections import OrderedDict, deque

__all__ = ["LOSSES_MAX", "WINDOW_S", "Losses"]

LOSSES_MAX = 3
"""More within ``WINDOW_S`` are a connection that does not hold, where a policy counts none."""
WINDOW_S = 300.0


class Losses:
    """The last losses of each agent."""

    def __init__(self) -> None:
        self._lost: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        """When, by tenant and agent; who was lost last stands last."""

    def __len__(self) -> int:
        return len(self._lost)

    def add(self, tenant: str, agent: str, now_s: float) -> bool:
        """Notes a loss; whether there were too many. The times must never go back."""
        while self._lost and next(iter(self._lost.values()))[-1] <= now_s - WINDOW_S:
            self._lost.popitem(last=False)
        times = self._lost.setdefault((tenant, agent), deque(maxlen=LOSSES_MAX + 1))
        self._lost.move_to_end((tenant, agent))
        times.append(now_s)
        return len(times) > LOSSES_MAX and times[0] > now_s - WINDOW_S
