"""What the core reported while the node was live, counted for Prometheus.

Owns: the series of commands, waits, services, offers' answers, presence and broken invariants.
Does not know: the page, sockets, figures that follow from a state (``floor_figures``) or that stand
in the folds (``service_figures``).

Invariants (tests/server/test_happened.py): every label is a word of this source or a name from the
policy; what a policy names has its series at 0 from the next page on; memory is bounded by open
offers, conversations in wrap-up and agents who were lost a moment ago; an agent's loss counts as
one too many by the policy's number, or by ``losses`` where the policy has none.

Counting is adding to plain numbers: a decision takes twenty microseconds, and the library would add
two for each label it looks up.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

from prometheus_client import Metric
from prometheus_client.registry import Collector

from router.commands import Command, Connect, Disconnect, SetAgentPresence, SetPresence
from router.core import Router
from router.events import (
    AgentChanged,
    AgentFlapped,
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    ConversationForgotten,
    ConversationQueued,
    Event,
    OfferEnded,
    OfferMade,
)
from router.policy import Policy
from router.server.auditing import KINDS
from router.server.buckets import Buckets, Labels, as_counter, as_family
from router.server.hidden import HIDDEN
from router.server.losses import Losses
from router.states import Show

__all__ = ["CAUSES", "VIOLATIONS", "Happened"]

VIOLATIONS = ("command", "digest", "order", *KINDS)
"""``command``: broke the core (as by one more than an agent may hold) and was skipped, or its
events were not told. ``digest``: a replay led elsewhere. ``order``: an offer passed over somebody
whom the agent could have taken. The others are looked for every minute (``auditing``)."""

CAUSES = (
    "user", "supervisor", "external", "connect", "disconnect", "missed", "timeout", "other",
)  # fmt: skip
"""Why an agent is shown as something else."""

ENDS = (
    "agent", "customer", "cancelled", "abandoned", "expired", "customer_lost", "erased",
)  # fmt: skip
WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
HANDLES = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
WRAP_UPS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
RESPONSES = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60)
DECISIONS = (
    0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1,
)  # fmt: skip
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
_CAME_BACK = ("returned", "transferred")
_ANSWERS = ("accepted", "declined")
_BY_REASON = {
    "missed": "missed", "until": "timeout", "idle": "timeout", "timeout": "disconnect",
    "signed_out": "disconnect",
}  # fmt: skip


class Happened(Collector):
    """The counts of one node; ``hearers.Measures`` is what the engine tells it.

    Args:
        decided_s: Says how long the core took for the command that is told about.
        trace_of: The id of a conversation's trace, by tenant and conversation, or nothing.
    """

    def __init__(
        self,
        decided_s: Callable[[], float] = lambda: 0.0,
        trace_of: Callable[[str, str], str] = lambda *_: "",
    ) -> None:
        self.decided_s = decided_s
        self.trace_of = trace_of
        self.violations = dict.fromkeys(VIOLATIONS, 0)
        self._policies: dict[str, Policy] = {}
        self._commands = {(kind, "ok"): 0 for kind in get_args(Command)}
        self._ended = dict.fromkeys(ENDS, 0)
        self._requeues: dict[Labels, int] = {}
        self._changes: dict[Labels, int] = {}
        self._flaps: dict[str, int] = {}
        self._losses = Losses()
        self._waits: dict[Labels, Buckets] = {}
        self._handles: dict[Labels, Buckets] = {}
        self._wrap_ups: dict[Labels, Buckets] = {}
        self._responses: dict[Labels, Buckets] = {}
        self._decisions = Buckets(DECISIONS)
        self._batches = Buckets(BATCHES)
        self._offered: dict[tuple[str, str], float] = {}
        """Since when each offer is open."""
        self._wrapping: dict[tuple[str, str], float] = {}
        """Since when each conversation is being wrapped up."""
        self._counts: dict[type, Callable[[str, Command, Any], None]] = {
            AgentChanged: self._count_agent,
            AgentFlapped: self._count_flap,
            ConversationAssigned: self._count_assigned,
            ConversationEnded: self._count_ended,
            ConversationForgotten: self._forget,
            ConversationQueued: self._count_queued,
            OfferMade: self._count_offer,
            OfferEnded: self._count_answer,
        }

    def prepare(self, routers: Mapping[str, Router]) -> None:
        """Begins the series of what the policies name now."""
        for tenant, router in routers.items():
            if self._policies.get(tenant) is router.policy:
                continue
            self._policies[tenant] = router.policy
            self._flaps.setdefault(tenant, 0)
            for show in Show:
                for cause in CAUSES:
                    self._changes.setdefault((tenant, show, cause), 0)
            for answer in _ANSWERS:
                self._responses.setdefault((tenant, answer), Buckets(RESPONSES))
            for queue in router.policy.queues:
                self._prepare_queue(tenant, queue.id)

    def _prepare_queue(self, tenant: str, queue: str) -> None:
        for outcome in ("answered", "left"):
            self._waits.setdefault((tenant, queue, outcome), Buckets(WAITS))
        self._handles.setdefault((tenant, queue), Buckets(HANDLES))
        self._wrap_ups.setdefault((tenant, queue), Buckets(WRAP_UPS))
        for cause in _CAME_BACK:
            self._requeues.setdefault((tenant, queue, cause), 0)

    # -- what the engine tells -----------------------------------------------------------------

    def batch(self, size: int) -> None:
        """So many commands went into the journal together."""
        self._batches.note(size)

    def applied(self, tenant: str, command: Command, events: Sequence[Event]) -> None:
        """A command was applied while the node was live."""
        if tenant == HIDDEN:
            return
        result = "ok"
        has_offered = False
        for event in events:
            count = self._counts.get(event.__class__)
            if count is not None:
                count(tenant, command, event)
                has_offered = has_offered or event.__class__ is OfferMade
            elif event.__class__ is CommandRefused:
                result = event.code.word
        if has_offered:
            self._decisions.note(self.decided_s())
        key = (command.__class__, result)
        self._commands[key] = self._commands.get(key, 0) + 1

    def violated(self, kind: str, times: int = 1) -> None:
        """Something happened that must never; ``kind`` is one of ``VIOLATIONS``."""
        self.violations[kind] += times

    def poisoned(self) -> None:
        """A command broke an invariant and was skipped."""
        self.violated("command")

    def _count_ended(self, tenant: str, _: Command, event: ConversationEnded) -> None:
        if event.wrap_up:
            self._wrapping[tenant, event.conversation] = time.monotonic()
            return
        self._ended[event.reason] = self._ended.get(event.reason, 0) + 1
        since_s = self._wrapping.pop((tenant, event.conversation), None)
        if since_s is not None:
            passed_s = time.monotonic() - since_s
            _note(self._wrap_ups, (tenant, event.queue), WRAP_UPS, passed_s)
        if event.handled_ms:
            _note(self._handles, (tenant, event.queue), HANDLES, event.handled_ms / 1000)
        else:
            self._note_wait(tenant, event, "left")

    def _forget(self, tenant: str, _: Command, event: ConversationForgotten) -> None:
        self._wrapping.pop((tenant, event.conversation), None)

    def _count_assigned(self, tenant: str, _: Command, event: ConversationAssigned) -> None:
        self._note_wait(tenant, event, "answered")

    def _note_wait(
        self, tenant: str, event: ConversationAssigned | ConversationEnded, outcome: str
    ) -> None:
        """A wait is over; where its conversation is traced, it is an example of its length."""
        key, waited_s = (tenant, event.queue, outcome), event.waited_ms / 1000
        _note(self._waits, key, WAITS, waited_s)
        trace = self.trace_of(tenant, event.conversation)
        if trace:
            self._waits[key].remember(waited_s, trace, time.time())

    def _count_queued(self, tenant: str, _: Command, event: ConversationQueued) -> None:
        if event.cause in _CAME_BACK:
            key = (tenant, event.queue, event.cause)
            self._requeues[key] = self._requeues.get(key, 0) + 1

    def _count_offer(self, tenant: str, _: Command, event: OfferMade) -> None:
        self._offered[tenant, event.offer] = time.monotonic()
        if event.overtaken is not None and event.overtaken.violations:
            self.violated("order", event.overtaken.violations)

    def _count_answer(self, tenant: str, _: Command, event: OfferEnded) -> None:
        since_s = self._offered.pop((tenant, event.offer), None)
        if since_s is not None and event.outcome in _ANSWERS:
            passed_s = time.monotonic() - since_s
            _note(self._responses, (tenant, event.outcome), RESPONSES, passed_s)

    def _count_agent(self, tenant: str, command: Command, event: AgentChanged) -> None:
        if isinstance(command, Disconnect):
            self._count_loss(tenant, command, event)
        if event.before != event.show:
            key = (tenant, event.show, _cause(command, event))
            self._changes[key] = self._changes.get(key, 0) + 1

    def _count_loss(self, tenant: str, command: Disconnect, event: AgentChanged) -> None:
        """Only the loss of the last device changes an agent; a policy's own count is the core's."""
        if command.leave or command.by.role != "agent" or command.by.id != event.agent:
            return
        policy = self._policies.get(tenant)
        has_own = policy is not None and policy.flap_losses_max
        if not has_own and self._losses.add(tenant, event.agent, time.monotonic()):
            self._flaps[tenant] = self._flaps.get(tenant, 0) + 1

    def _count_flap(self, tenant: str, _: Command, __: AgentFlapped) -> None:
        self._flaps[tenant] = self._flaps.get(tenant, 0) + 1

    # -- the page ------------------------------------------------------------------------------

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        words: dict[Labels, int] = {
            (kind.__name__, word): n for (kind, word), n in list(self._commands.items())
        }
        for name, text, labels, counts in (
            ("commands", "Commands applied.", "type result", words),
            ("conversations_ended", "Ended conversations.", "reason", _one(self._ended)),
            (
                "requeues",
                "Conversations that came back in line.",
                "tenant queue cause",
                self._requeues,
            ),
            (
                "presence_changes",
                "Changes of what agents are shown as.",
                "tenant to cause",
                self._changes,
            ),
            (
                "presence_flaps",
                "Losses of agents who were lost too often of late.",
                "tenant",
                _one(self._flaps),
            ),
            (
                "invariant_violations",
                "What must never happen; any is a bug.",
                "kind",
                _one(self.violations),
            ),
        ):
            yield as_counter(f"fairline_{name}", text, labels.split(), counts)
        yield from self._histograms()

    def _histograms(self) -> Iterable[Metric]:
        queue = ["tenant", "queue"]
        shown: tuple[tuple[str, str, list[str], Mapping[Labels, Buckets]], ...] = (
            (
                "wait_seconds",
                "Wait until an agent had the conversation, or until it left the line.",
                [*queue, "outcome"],
                self._waits,
            ),
            (
                "handle_seconds",
                "From the first acceptance to the end, wrap-up apart.",
                queue,
                self._handles,
            ),
            ("wrapup_seconds", "From the end to the end of the wrap-up.", queue, self._wrap_ups),
            (
                "offer_response_seconds",
                "From an offer to the agent's answer.",
                ["tenant", "outcome"],
                self._responses,
            ),
            (
                "route_decision_seconds",
                "What the core took for a command that led to an offer.",
                [],
                {(): self._decisions},
            ),
            (
                "journal_batch_commands",
                "Commands that became durable together.",
                [],
                {(): self._batches},
            ),
        )
        for name, text, names, series in shown:
            yield as_family(f"fairline_{name}", text, names, series)


def _cause(command: Command, event: AgentChanged) -> str:
    """Why an agent is shown as something else; a timer may have fired at anybody's command."""
    if isinstance(command, SetPresence) and command.by.id == event.agent:
        return "user"
    if isinstance(command, SetAgentPresence) and command.agent == event.agent:
        return "external" if command.by.role == "service" else "supervisor"
    if isinstance(command, Connect) and command.by.id == event.agent:
        return "connect"
    if isinstance(command, Disconnect) and command.by.id == event.agent:
        return "user" if command.leave else "disconnect"
    return _BY_REASON.get(event.reason, "other")


def _note(
    series: dict[Labels, Buckets],
    key: Labels,
    bounds: Sequence[float],
    value: float,
) -> None:
    buckets = series.get(key)
    if buckets is None:
        buckets = series[key] = Buckets(bounds)
    buckets.note(value)


def _one(counts: Mapping[str, int]) -> dict[Labels, int]:
    return {(name,): count for name, count in counts.items()}
