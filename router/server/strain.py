"""Whether the node is behind with its work, and so has to leave something undone.

Owns: how late the loop is, and what counts as behind. Does not know: what is left undone.

Invariants (tests/server/test_strain.py): it is on from the first look that came ``BEHIND_S`` late;
it is off again only when no look was late for ``CALM_S``, so that it does not flicker.

A loop that is late is late for everybody. What nobody waits for (who of the colleagues is at lunch,
the figures on the wall) must then make way for what somebody does: offers, messages, answers.
"""

import trio

__all__ = ["BEHIND_S", "CALM_S", "LOOK_S", "Strain"]

LOOK_S = 0.25
BEHIND_S = 0.5
CALM_S = 3.0


class Strain:
    """The one gauge of a node."""

    def __init__(self) -> None:
        self.is_on = False
        self._calm_at = float("-inf")
        self._turned = trio.Event()

    async def run(self) -> None:
        """Looks, for ever."""
        while True:
            due = trio.current_time() + LOOK_S
            await trio.sleep_until(due)
            now = trio.current_time()
            self.note(now - due, now)

    def note(self, late_s: float, now: float) -> None:
        """A look came so late."""
        if late_s >= BEHIND_S:
            self._calm_at = now + CALM_S
        is_on = now < self._calm_at
        if is_on is not self.is_on:
            self.is_on = is_on
            self._turned.set()
            self._turned = trio.Event()

    async def wait_turned(self) -> bool:
        """Waits until it goes on or off; which of them."""
        await self._turned.wait()
        return self.is_on
