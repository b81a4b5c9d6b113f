"""One trace for each conversation, made of what the core reports, behind everybody's back.

Owns: which spans a conversation has, when each begins and ends, what stands on it.
Does not know: where traces go (``router.server.trace_export``), sockets, what was said.

Invariants (tests/server/test_tracing.py): every span that began is ended once, at the latest with
its conversation; a replay makes none; what people wrote is on none; memory is bounded by open
conversations and ``OPEN_MAX``.

    conversation                     from the request to the end
    ├─ queue.wait                    each time in line
    │  ├─ route.decide               an agent was chosen; as long as the core took for it
    │  └─ offer                      until its outcome
    └─ conversation.serve            with one agent, wrap-up included

Times are those of the journal, so spans of a conversation fit together whichever node made them.
This module is only loaded where traces are wanted: it needs the extra ``otel``.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from router import events
from router.journal.base import Record
from router.server.live_events import LiveEvents

__all__ = ["Tracing"]

OPEN_MAX = 100_000
PARENTS_MAX = 10_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_FAILED = {"abandoned", "expired", "customer_lost"}

_PROPAGATOR = TraceContextTextMapPropagator()


class _Trace:
    """The spans of one conversation that are not over."""

    def __init__(self, root: Span) -> None:
        self.root = root
        self.context = trace.set_span_in_context(root)
        self.wait: Span | None = None
        self.serve: Span | None = None
        self.offers: dict[str, Span] = {}

    def end(self, at_ns: int) -> None:
        """Ends what is still open, the innermost first."""
        for span in (*self.offers.values(), self.wait, self.serve, self.root):
            if span is not None:
                span.end(at_ns)


class Tracing(LiveEvents):
    """Makes the spans; one of the engine's ``Effects``.

    Args:
        tracer: Where spans begin.
        is_live: Whether what comes is no replay.
        took_s: Says how long the core took for the command whose events come.
    """

    def __init__(
        self,
        tracer: Tracer,
        is_live: Callable[[], bool],
        took_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._tracer = tracer
        self._took_s = took_s
        self.begun = 0
        """Spans that were begun."""
        self.untraced = 0
        """Times that no trace was begun, for too many were open."""
        self._open: dict[tuple[str, str], _Trace] = {}
        self._parents: OrderedDict[str, str] = OrderedDict()
        self._over = (("", ""), "")
        """The conversation whose trace ended last, for those who hear of its end after us."""
        super().__init__(
            is_live,
            {
                events.ConversationQueued: self._queued,
                events.ConversationSnoozed: self._snoozed,
                events.OfferMade: self._offered,
                events.OfferEnded: self._offer_ended,
                events.ConversationAssigned: self._assigned,
                events.WrapUpStarted: self._wrap_up,
                events.ReplyMissed: self._reply_missed,
                events.ConversationEnded: self._ended,
                events.ConversationForgotten: self._forgotten,
            },
        )

    @property
    def count(self) -> int:
        """Traces under way."""
        return len(self._open)

    def trace_of(self, tenant: str, conversation: str) -> str:
        """The id of the trace under way, or that ended last, as exporters show it; else empty."""
        known = self._open.get((tenant, conversation))
        if known is None:
            return self._over[1] if self._over[0] == (tenant, conversation) else ""
        if not known.root.is_recording():
            return ""
        return trace.format_trace_id(known.root.get_span_context().trace_id)

    def note(self, conversation: str, traceparent: str) -> None:
        """Says whose trace a conversation belongs to that is about to be asked for."""
        if traceparent:
            self._parents[conversation] = traceparent
            if len(self._parents) > PARENTS_MAX:
                self._parents.popitem(last=False)

    def _start(self, *about: Any, **more: Any) -> Span:  # noqa: ANN401 - of the SDK
        self.begun += 1
        return self._tracer.start_span(*about, **more)

    # -- events ------------------------------------------------------------------------------

    def _begin(self, record: Record, conversation: str, queue: str, at_ns: int) -> _Trace | None:
        known = self._open.get((record.tenant, conversation))
        parent = self._parents.pop(conversation, "")
        if known is not None:
            return known
        if len(self._open) >= OPEN_MAX:
            self.untraced += 1
            return None
        context = _PROPAGATOR.extract({"traceparent": parent}) if parent else Context()
        told: dict[str, Any] = {
            "fairline.tenant": record.tenant,
            "fairline.conversation": conversation,
            "fairline.queue": queue,
            "fairline.position": record.position,
        }
        root = self._start("conversation", context, attributes=told, start_time=at_ns)
        made = self._open[record.tenant, conversation] = _Trace(root)
        return made

    def _queued(self, record: Record, event: events.ConversationQueued) -> None:
        at_ns = record.now_ms * NS_PER_MS
        one = self._begin(record, event.conversation, event.queue, at_ns)
        if one is None:
            return
        if one.serve is not None:
            one.serve.set_attribute("fairline.left", event.cause)
            one.serve.end(at_ns)
            one.serve = None
        if one.wait is not None:
            one.wait.add_event(event.cause, {"fairline.status": event.status}, at_ns)
            return
        told = {"fairline.queue": event.queue, "fairline.cause": event.cause}
        one.wait = self._start("queue.wait", one.context, attributes=told, start_time=at_ns)

    def _snoozed(self, record: Record, event: events.ConversationSnoozed) -> None:
        one = self._open.get((record.tenant, event.conversation))
        if one is not None and one.serve is not None:
            one.serve.set_attribute("fairline.left", "snoozed")
            one.serve.end(record.now_ms * NS_PER_MS)
            one.serve = None

    def _offered(self, record: Record, event: events.OfferMade) -> None:
        one = self._open.get((record.tenant, event.conversation))
        if one is None:
            return
        at_ns = record.now_ms * NS_PER_MS
        inside = one.context if one.wait is None else trace.set_span_in_context(one.wait)
        told: dict[str, Any] = {"fairline.agent": event.agent, "fairline.attempt": event.attempt}
        decided = self._start(
            "route.decide",
            inside,
            attributes={**told, "fairline.position": record.position, "fairline.why": event.why},
            start_time=at_ns,
        )
        decided.end(at_ns + round(self._took_s() * NS_PER_S))
        one.offers[event.offer] = self._start(
            "offer",
            inside,
            attributes={**told, "fairline.offer": event.offer},
            start_time=at_ns,
        )

    def _offer_ended(self, record: Record, event: events.OfferEnded) -> None:
        one = self._open.get((record.tenant, event.conversation))
        span = one.offers.pop(event.offer, None) if one is not None else None
        if span is not None:
            span.set_attribute("fairline.outcome", event.outcome)
            span.end(record.now_ms * NS_PER_MS)

    def _assigned(self, record: Record, event: events.ConversationAssigned) -> None:
        at_ns = record.now_ms * NS_PER_MS
        began_ns = at_ns - event.waited_ms * NS_PER_MS  # of one that waited before this node began
        one = self._begin(record, event.conversation, event.queue, began_ns)
        if one is None:
            return
        if one.serve is not None:
            one.serve.end(at_ns)
        if one.wait is not None:
            one.wait.end(at_ns)
            one.wait = None
        told: dict[str, Any] = {
            "fairline.agent": event.agent,
            "fairline.waited_ms": event.waited_ms,
        }
        one.serve = self._start(
            "conversation.serve", one.context, attributes=told, start_time=at_ns
        )

    def _wrap_up(self, record: Record, event: events.WrapUpStarted) -> None:
        self._mark(record, event.conversation, "wrap_up")

    def _reply_missed(self, record: Record, event: events.ReplyMissed) -> None:
        self._mark(record, event.conversation, "reply_missed")

    def _mark(self, record: Record, conversation: str, name: str) -> None:
        one = self._open.get((record.tenant, conversation))
        if one is not None and one.serve is not None:
            one.serve.add_event(name, timestamp=record.now_ms * NS_PER_MS)

    def _ended(self, record: Record, event: events.ConversationEnded) -> None:
        if event.wrap_up:
            return
        key = (record.tenant, event.conversation)
        self._over = (key, self.trace_of(*key))
        one = self._open.pop(key, None)
        if one is None:
            return
        one.root.set_attribute("fairline.reason", event.reason)
        if event.reason in _FAILED:
            one.root.set_status(Status(StatusCode.ERROR, event.reason))
        one.end(record.now_ms * NS_PER_MS)

    def _forgotten(self, record: Record, event: events.ConversationForgotten) -> None:
        one = self._open.pop((record.tenant, event.conversation), None)
        if one is not None:
            one.end(record.now_ms * NS_PER_MS)
