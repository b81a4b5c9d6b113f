"""Whether a node takes new connections, and if not, why.

Owns: which checks there are, and their words.
Does not know: HTTP, how a part does its work.

Invariant (tests/server/test_readiness.py): a node is ready where no check that counts fails.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from router.server.starting import Starting

__all__ = ["Check", "Readiness"]


class Check(NamedTuple):
    """What was looked at."""

    ok: bool
    detail: str = ""
    """What is wrong; empty where nothing is."""


class Readiness:
    """The checks of one node.

    Args:
        starting: How far its start is.
        is_draining: Whether it is about to stop.
    """

    def __init__(self, starting: Starting, is_draining: Callable[[], bool]) -> None:
        self._starting = starting
        self._is_draining = is_draining

    def checks(self) -> Mapping[str, Check]:
        """All of them, by name."""
        return {
            "starting": _without(self._starting.reason()),
            "draining": _without("about to stop" if self._is_draining() else ""),
        }

    def reasons(self) -> list[str]:
        """Why the node takes no new connections; empty where it does."""
        found = self.checks().items()
        return [f"{name}: {check.detail}" for name, check in found if not check.ok]


def _without(detail: str) -> Check:
    return Check(not detail, detail)
