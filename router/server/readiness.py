"""Whether a node takes new connections, and if not, why.

Owns: which checks there are, what of them counts, and their words.
Does not know: HTTP, how a part does its work.

Invariants (tests/server/test_readiness.py): a node is ready where no check that counts fails; a
journal that took nothing once is asked again by the looking itself, so that a node to which nobody
is sent any more finds out that there is room again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:  # `fairline reload` reads checks, too, and needs no core for it
    from router.server.starting import Starting

__all__ = ["LATE_S", "LEFT_TO_START", "OLDEST_S", "Check", "Readiness", "Vitals", "is_ready"]

OLDEST_S = 1.0
"""A command that waits longer for its outcome says that the journal does not keep up."""
LATE_S = 2.0
"""A loop that was so late lately is late for everybody who would come."""

LEFT_TO_START = "only a start reads "
"""Opens the detail about settings; names of keys follow, with ", " between two."""


class Check(Struct, frozen=True):
    """What was looked at."""

    ok: bool
    detail: str = ""
    """What is wrong; empty where nothing is."""
    counts: bool = True
    """Whether the node is not ready because of it."""


class Vitals(Struct, frozen=True):
    """How the parts of a node do."""

    is_draining: bool = False
    journal_error: str = ""
    """Why the journal took nothing when it was asked last; empty where it took it."""
    oldest_s: float | None = None
    """How long the oldest command has waited for its outcome; None where none waits."""
    late_s: float = 0.0
    """How late the loop was, of late."""
    archive_error: str = ""
    """What the archive suffers from."""


class Readiness:
    """The checks of one node.

    Args:
        starting: How far its start is.
        look: Says how the parts do.
        ask_journal: Has the journal take something, so that it is known whether it can.

    Attributes:
        left_to_start: Keys of newer settings that only a start reads.
    """

    def __init__(
        self, starting: "Starting", look: Callable[[], Vitals], ask_journal: Callable[[], None]
    ) -> None:
        self._starting = starting
        self._look = look
        self._ask_journal = ask_journal
        self.left_to_start: Sequence[str] = ()

    def checks(self) -> Mapping[str, Check]:
        """All of them, by name."""
        told = self._look()
        if told.journal_error and told.oldest_s is None and self._starting.is_over:
            self._ask_journal()
        return {
            "starting": _without(self._starting.reason()),
            "draining": _without("about to stop" if told.is_draining else ""),
            "journal": _without(_of_journal(told)),
            "loop": _without(f"was {told.late_s:.1f} s late" if told.late_s > LATE_S else ""),
            "archive": Check(not told.archive_error, told.archive_error, counts=False),
            "settings": _of_settings(self.left_to_start),
        }

    def is_ready(self) -> bool:
        """Whether the node takes new connections."""
        return is_ready(self.checks())


def is_ready(checks: Mapping[str, Check]) -> bool:
    """Whether no check that counts fails."""
    return all(check.ok for check in checks.values() if check.counts)


def _of_journal(told: Vitals) -> str:
    if told.journal_error:
        return f"takes nothing: {told.journal_error}"
    if told.oldest_s is not None and told.oldest_s > OLDEST_S:
        return f"the oldest command has waited for {told.oldest_s:.1f} s"
    return ""


def _of_settings(left: Sequence[str]) -> Check:
    """A node serves well with the settings it has."""
    return Check(not left, f"{LEFT_TO_START}{', '.join(left)}" if left else "", counts=False)


def _without(detail: str) -> Check:
    return Check(not detail, detail)
