"""The policy in force, laid out as each decision asks for it.

Owns: those values of a policy that every command looks at, worked out once. Does not know: who
put it in force, or what follows from a change.

Invariant: made of one policy and never changed; another policy gets another one
(``World.put_policy``; tests/test_in_force.py).

A policy is a record for files and wires, and each of its fields is found by name. These here are
read from memory where the core is compiled (``forms``), and what always follows from two of them
is worked out already.
"""

from typing import Final

from router.groups import Shares, shares
from router.policy import Policy, Queue
from router.skills import SkillLevels

__all__ = ["InForce", "QueueInForce"]


class QueueInForce:
    """What each decision asks of a queue."""

    __slots__ = (
        "channels",
        "has_steps",
        "id",
        "is_direct",
        "needs",
        "prefer_agent_ms",
        "reply_within_ms",
        "verified_only",
        "wait_max_ms",
        "waiting_max",
        "wrap_up",
        "wrap_up_default",
        "wrap_up_ms",
    )

    def __init__(self, queue: Queue) -> None:
        self.id: str = queue.id
        self.prefer_agent_ms: int = queue.prefer_agent_ms
        self.is_direct: bool = queue.assign == "direct"
        self.needs: SkillLevels = tuple((need.skill, need.level) for need in queue.needs)
        self.has_steps = bool(queue.steps)
        self.channels: tuple[str, ...] = queue.channels
        self.waiting_max: int = queue.waiting_max
        self.wait_max_ms: int = queue.wait_max_ms
        self.wrap_up: str = queue.wrap_up
        self.wrap_up_ms: int = queue.wrap_up_ms
        self.wrap_up_default: str = queue.wrap_up_default
        self.reply_within_ms: int = queue.reply_within_ms
        self.verified_only: bool = queue.verified_only


_UNKNOWN: Final = QueueInForce(Queue(id="unknown"))


class InForce:
    """What each decision asks of a policy."""

    __slots__ = (
        "answer_kept_ms",
        "capacity",
        "cost",
        "customers_max",
        "default_class",
        "has_rules",
        "head_starts",
        "holds_until_assigned",
        "interrupts",
        "offer_seen_ms",
        "offer_timeout_ms",
        "passed_over_max",
        "queues",
        "quiet_ms",
        "relation_attribute",
        "score_band",
        "shares",
        "soft_start_ms",
    )

    def __init__(self, policy: Policy) -> None:
        self.answer_kept_ms: int = policy.answer_kept_ms
        self.capacity: dict[str, int] = dict(policy.capacity)
        self.cost: dict[str, int] = dict(policy.cost)
        self.customers_max: int = policy.customers_max
        self.default_class: str = next(iter(policy.classes), "")
        most_ms = policy.head_start_max_ms
        self.has_rules = bool(policy.rules)
        self.head_starts = {name: min(ms, most_ms) for name, ms in policy.classes.items()}
        self.holds_until_assigned: bool = policy.one_place == "assigned"
        self.interrupts: tuple[str, ...] = tuple(policy.interrupts)
        self.offer_seen_ms: int = policy.offer_seen_ms
        self.offer_timeout_ms: int = policy.offer_timeout_ms
        self.passed_over_max: int = policy.passed_over_max
        self.queues = {queue.id: QueueInForce(queue) for queue in policy.queues}
        self.quiet_ms: int = policy.quiet_ms
        self.relation_attribute: str = policy.relation_attribute
        self.score_band: int = policy.score_band
        self.shares: Shares = shares(policy.weights)
        self.soft_start_ms: int = policy.soft_start.per_ms

    def queue(self, name: str) -> QueueInForce:
        """The queue of this id; one that asks for nothing where the policy has none."""
        return self.queues.get(name, _UNKNOWN)
