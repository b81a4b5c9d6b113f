"""What each change of a policy changed: for the log, and for whoever asked for it.

Owns: the policy that was in force before, of each tenant. Does not know: how a policy is put in
force, by which way it came (a file, a socket, HTTP).

Invariants (tests/server/test_policy_notes.py): a change is told between the policy that was in
force at its place in the journal and the one after it, however many are under way; it is logged
once, when it happens and not when it is replayed.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import structlog

from router.changes import Change, changes, spoken
from router.core import Router
from router.events import AuditRecorded, Event, PolicyChanged
from router.journal.base import Record
from router.policy import Policy

__all__ = ["PolicyNotes"]

RECENT_MAX = 16
FIRST = "the first policy of this tenant"
"""What is logged in place of a wall of everything that it says."""

_LOG = structlog.get_logger("fairline.policy")


class PolicyNotes:
    """The changes of the tenants' policies; one of the engine's ``Effects``.

    Args:
        routers: The cores of those that are served.
        is_live: Whether what comes is no replay.
    """

    def __init__(self, routers: Mapping[str, Router], is_live: Callable[[], bool]) -> None:
        self._is_live = is_live
        self._known = {tenant: router.policy for tenant, router in routers.items()}
        self._recent: dict[str, deque[tuple[Policy, tuple[Change, ...]]]] = {
            tenant: deque(maxlen=RECENT_MAX) for tenant in self._known
        }

    def newest(self, tenant: str) -> tuple[Change, ...]:
        """What the last change of the tenant's policy changed."""
        recent = self._recent.get(tenant)
        return recent[-1][1] if recent else ()

    def of(self, tenant: str, policy: Policy) -> tuple[Change, ...]:
        """What was changed when this policy was put in force last."""
        for known, found in reversed(self._recent.get(tenant, ())):
            if known == policy:
                return found
        return ()

    def take(self, record: Record, events: Sequence[Event]) -> None:
        """See ``hearers.Effects``."""
        for event in events:
            if type(event) is PolicyChanged and record.tenant in self._known:
                self._note(record, event.policy, events)

    async def keep_up(self) -> None:
        """See ``hearers.Effects``; nothing here has to be waited for."""

    def _note(self, record: Record, policy: Policy, events: Sequence[Event]) -> None:
        before = self._known[record.tenant]
        self._known[record.tenant] = policy
        if not self._is_live():
            return
        found = changes(before, policy)
        self._recent[record.tenant].append((policy, found))
        asked = (one.by for one in events if type(one) is AuditRecorded)
        _LOG.info(
            "policy.changed",
            tenant=record.tenant,
            position=record.position,
            subject=next(asked, "settings"),
            change_count=len(found),
            changes=spoken(found) if before != Policy() else FIRST,
        )
