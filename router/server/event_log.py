"""What happened to whom, one line each: for whoever asks what became of a conversation.

Owns: which of the core's events and of the connections' comings and goings are logged, and with
which ids. Does not know: the form of a line, sockets, what was said.

Invariants (tests/server/test_event_log.py): a replay logs nothing; no line has a body, a name, a
customer's id or a token; a trace is named by its id alone, whatever a client sent; memory is
bounded.

Made only where ``server.log_events`` asks for it: else nobody calls anything here.
"""

import re
from collections import OrderedDict
from collections.abc import Callable

import structlog
import trio

from router import events
from router.ids import ConnectionId
from router.journal.base import Record
from router.server.hidden import HIDDEN
from router.server.links import Link
from router.server.live_events import LiveEvents

__all__ = ["EventLog", "trace_id"]

TRACES_MAX = 10_000
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_LOG = structlog.get_logger("fairline.events")


def trace_id(traceparent: str) -> str:
    """The trace's id in a ``traceparent`` of W3C Trace Context; empty where it is none."""
    found = _TRACEPARENT.match(traceparent)
    return found[1] if found is not None and found[1].strip("0") else ""


class EventLog(LiveEvents):
    """The lines of one node; one of the engine's ``Effects``, and the hub's ``Watching``.

    Args:
        is_live: Whether what comes is no replay.
        trace_of: The id of the trace that this node makes of a conversation, or empty.
    """

    def __init__(
        self, is_live: Callable[[], bool], trace_of: Callable[[str, str], str] = lambda *_: ""
    ) -> None:
        self._trace_of = trace_of
        self._traces: OrderedDict[str, str] = OrderedDict()
        self._opened_at: dict[ConnectionId, float] = {}
        super().__init__(
            is_live,
            {
                events.ConversationQueued: self._queued,
                events.ConversationAssigned: self._assigned,
                events.ConversationEnded: self._ended,
                events.OfferMade: self._offered,
                events.OfferEnded: self._offer_ended,
            },
        )

    def note(self, conversation: str, traceparent: str) -> None:
        """Says whose trace a conversation belongs to that is about to be asked for."""
        self._keep(conversation, trace_id(traceparent))

    def _keep(self, conversation: str, trace: str) -> None:
        if trace:
            self._traces[conversation] = trace
            if len(self._traces) > TRACES_MAX:
                self._traces.popitem(last=False)

    def _ids(self, record: Record, conversation: str) -> dict[str, str | int]:
        """What every line about a conversation has."""
        if conversation not in self._traces:
            self._keep(conversation, self._trace_of(record.tenant, conversation))
        trace = self._traces.get(conversation)
        ids: dict[str, str | int] = {
            "tenant": record.tenant,
            "position": record.position,
            "conversation": conversation,
        }
        return ids if trace is None else {**ids, "trace": trace}

    # -- conversations -----------------------------------------------------------------------

    def _queued(self, record: Record, event: events.ConversationQueued) -> None:
        _LOG.info(
            "conversation.queued",
            **self._ids(record, event.conversation),
            queue=event.queue,
            status=event.status,
            cause=event.cause,
        )

    def _assigned(self, record: Record, event: events.ConversationAssigned) -> None:
        _LOG.info(
            "conversation.assigned",
            **self._ids(record, event.conversation),
            queue=event.queue,
            agent=event.agent,
            waited_ms=event.waited_ms,
        )

    def _ended(self, record: Record, event: events.ConversationEnded) -> None:
        """Once, when it is over for its agent too."""
        if event.wrap_up:
            return
        _LOG.info(
            "conversation.ended",
            **self._ids(record, event.conversation),
            queue=event.queue,
            reason=event.reason,
            waited_ms=event.waited_ms,
            handled_ms=event.handled_ms,
        )
        self._traces.pop(event.conversation, None)

    # -- offers ------------------------------------------------------------------------------

    def _offered(self, record: Record, event: events.OfferMade) -> None:
        _LOG.info(
            "offer.made",
            **self._ids(record, event.conversation),
            offer=event.offer,
            agent=event.agent,
            attempt=event.attempt,
        )

    def _offer_ended(self, record: Record, event: events.OfferEnded) -> None:
        ids = self._ids(record, event.conversation)
        match event.outcome:
            case "accepted":
                _LOG.info("offer.accepted", **ids, offer=event.offer, agent=event.agent)
            case "declined":
                _LOG.info("offer.declined", **ids, offer=event.offer, agent=event.agent)
            case "expired":
                _LOG.info("offer.expired", **ids, offer=event.offer, agent=event.agent)
            case outcome:
                _LOG.info(
                    "offer.withdrawn", **ids, offer=event.offer, agent=event.agent, reason=outcome
                )

    # -- connections -------------------------------------------------------------------------

    def opened(self, link: Link) -> None:
        """See ``hub.Watching``."""
        if link.tenant == HIDDEN:
            return
        self._opened_at[link.connection] = trio.current_time()
        _LOG.info("connection.opened", **_of(link), role=link.role)

    def closed(self, link: Link, code: int) -> None:
        """See ``hub.Watching``."""
        opened_at = self._opened_at.pop(link.connection, None)
        if opened_at is None:
            return
        lasted_s = round(trio.current_time() - opened_at, 3)
        _LOG.info("connection.closed", **_of(link), role=link.role, code=code, lasted_s=lasted_s)


def _of(link: Link) -> dict[str, str]:
    """Whose connection it is; a customer's id says who somebody is, and stays out."""
    ids = {"tenant": link.tenant, "connection": str(link.connection)}
    if link.role != "agent":
        return ids
    return {**ids, "agent": link.person.partition(":")[2]}
