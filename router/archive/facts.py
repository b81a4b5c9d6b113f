"""What of the core's events, and of the policy, concerns the archive.

Owns: which event is which fact; how long what is kept. Does not know: what becomes of a fact.

Invariant (tests/archive/test_facts.py): reading an event right after its command copies nothing
and changes nothing: what it hands over never changes again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from router.archive.base import Assigned, Audited, Erased, Happened, Keep, Rated
from router.events import (
    AuditRecorded,
    ConversationAssigned,
    ConversationEnded,
    ConversationRated,
    CustomerErased,
    Event,
)
from router.policy import Policy
from router.world import World

__all__ = ["KEPT", "happened", "keep_of"]

DAY_MS = 86_400_000


def happened(world: World, event: Event) -> Happened | None:
    """What an event of a kind in ``KEPT`` adds to the archive, if anything."""
    return _SAYINGS[type(event)](world, event)


def keep_of(policy: Policy, now_ms: int) -> Keep:
    """What the policy lets go, at a time."""

    def before(days: int) -> int:
        return max(now_ms - days * DAY_MS, 0) if days else 0

    retention = policy.retention
    return Keep(
        transcripts_before=before(retention.transcript_days),
        assignments_before=before(retention.assignment_days),
        audit_before=before(retention.audit_days),
        queues={
            queue.id: before(queue.transcript_days)
            for queue in policy.queues
            if queue.transcript_days is not None
        },
    )


def _ended(world: World, event: ConversationEnded) -> Happened | None:
    """The conversation, where it is over for its agent too."""
    return None if event.wrap_up else world.conversations.by_id[event.conversation]


def _assigned(world: World, event: ConversationAssigned) -> Happened:
    return Assigned(
        event.assignment,
        event.conversation,
        event.agent,
        event.customer,
        event.queue,
        event.waited_ms,
        world.assignments.packed.get(event.assignment),
    )


def _rated(world: World, event: ConversationRated) -> Happened:
    one = world.conversations.by_id[event.conversation]
    agent = one.agent or one.last_agent
    return Rated(one.id, one.customer, agent, event.score, event.comment)


def _audited(_: World, event: AuditRecorded) -> Happened:
    return Audited(event.by, event.action, event.subject, event.reason)


def _erased(_: World, event: CustomerErased) -> Happened:
    return Erased(event.customer)


_SAYINGS: Mapping[type, Callable[[World, Any], Happened | None]] = {
    ConversationEnded: _ended,
    ConversationAssigned: _assigned,
    ConversationRated: _rated,
    AuditRecorded: _audited,
    CustomerErased: _erased,
}

KEPT = frozenset(_SAYINGS)
"""The kinds of events that concern the archive."""
