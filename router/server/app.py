"""How a running server is put together.

Owns: the wiring of one node.
Does not know: what any part does, in which order they start and end (``router.server.running``).

    doors (front, gateway) ──▶ engine ──▶ journal
             ▲                   │
             └────── hub ◀───────┘
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import trio
from starlette.routing import BaseRoute

from router.archive.base import Archive
from router.changes import Change
from router.commands import Command, Tick
from router.core import Router
from router.journal.base import Journal
from router.measures import Measures
from router.policy import Policy
from router.server import http, logs
from router.server.archive_figures import ArchiveFigures
from router.server.archiving import Archiving
from router.server.asgi import HttpLimits, serve_http
from router.server.auth import Authenticator
from router.server.bearers import Bearers
from router.server.calls import Calls
from router.server.certificates import certificate_of, renewed
from router.server.clock import Clock
from router.server.delivery_figures import DeliveryFigures
from router.server.described import document_routes
from router.server.doors import Door, Doors
from router.server.effects import Together
from router.server.engine import Engine
from router.server.event_log import EventLog
from router.server.exports import export_routes
from router.server.gateway import Gateway
from router.server.hearers import Effects, Ticket
from router.server.hidden import HIDDEN, Served
from router.server.histories import Histories
from router.server.hook_calls import hook_routes
from router.server.hook_store import HookStore
from router.server.http_figures import HttpFigures
from router.server.hub import Hub
from router.server.log_limits import LogFigures
from router.server.metrics import Metrics
from router.server.node_figures import NodeFigures, Strains, overdue_ms
from router.server.openings import Openings
from router.server.ops_pages import NOT_YET, RETRY_AFTER_S, ops_app, starting_app
from router.server.origins import is_allowed
from router.server.own_share import own_routes
from router.server.policy_notes import PolicyNotes
from router.server.preferences import Preferences
from router.server.readiness import Readiness, Vitals
from router.server.recalling import recall_day
from router.server.records import records_routes
from router.server.redis_watch import RedisWatch
from router.server.rehearsal import Rehearsals, rehearsal_routes
from router.server.rest import rest_routes
from router.server.restoring import NOTHING
from router.server.sections import Webhook
from router.server.service_figures import ServiceFigures, pauses
from router.server.settings import Settings
from router.server.site_customers import SiteCustomers
from router.server.starting import Starting
from router.server.storing import Kept, snapshotting
from router.server.tenants import Tenants
from router.server.trace_export import Traces, open_traces
from router.server.visit import Visit
from router.server.visitors import visitor_key
from router.server.webhooks import HookFigures, Webhooks
from router.steps import Bearer

__all__ = ["Node"]


class Node:
    """All parts of one node, ready to be run; also the ``Desk`` of its pages."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        clock: Clock,
        *,
        life: str,
        desk: http.DemoDesk | None = None,
        archive: Archive | None = None,
        kept: Kept | None = None,
        watch: RedisWatch | None = None,
        tenants: Tenants | None = None,
    ) -> None:
        """``tenants`` are the cores, to be watched; they begin with what is ``kept``, if given."""
        self.settings = settings
        self.journal = journal
        self.clock = clock
        self.metrics = Metrics()
        self.snapshotting = snapshotting(settings.server, kept, self.metrics)
        self.tenants = tenants or Tenants(
            (*settings.tenants, HIDDEN),
            start=kept.start if kept else NOTHING,
            base=kept.snapshots.core if kept and kept.snapshots else None,
            show=self.snapshotting.show if self.snapshotting else None,
        )
        self.served: Mapping[str, Router] = Served(self.tenants.routers)
        self.hub = Hub(self.tenants.routers, life=life, now_ms=self.now_ms)
        archive = archive or (kept.archive if kept else None)
        self.archiving = self._feeder(archive)
        self.traces = self._open_traces()
        self.event_log = self._event_log()
        self.webhooks = self._callers(kept.hooks if kept else None)
        self.policy_notes = PolicyNotes(self.served, lambda: self.engine.is_live)
        recall_day(self.hub.folds, self.tenants, archive)
        self.service_figures = ServiceFigures(self.hub.folds)
        self.metrics.show(self.service_figures)
        self.metrics.happened.decided_s = lambda: self.tenants.took_s
        self._timed = self.metrics.timed(journal)
        self.engine = Engine(
            self._timed,
            self.tenants,
            {name: tenant.policy for name, tenant in settings.tenants.items()},
            life=life,
            clock=clock,
            audience=self.hub,
            measures=self.metrics,
            effects=Together(self._effects()),
        )
        self.openings = Openings(self.tenants.routers, self.engine.submit, self.now_ms)
        self._doors = Doors(self.served, self.hub.folds.wait, self.now_ms)
        self._sign(life, kept.key if kept else None)
        self.starting = Starting(self.tenants, journal.end)
        ask_journal = partial(self.engine.submit, HIDDEN, Tick())
        self.readiness = Readiness(self.starting, self._vitals, ask_journal)
        self.gateway = self._open_gateway(life, desk)
        self.certificate = certificate_of(settings.server)
        self.node_figures = NodeFigures(settings.server, self.strains, self._expires_s)
        self.metrics.watch(self.node_figures)
        self.redis_watch = watch
        self._show_others()

    def _show_others(self) -> None:
        """Has the page show figures of what is beside the node."""
        if self.redis_watch is not None:
            self.metrics.add(self.redis_watch)
        self.metrics.add(LogFigures(logs.limit))
        self.metrics.add(DeliveryFigures(self.hub))

    def _feeder(self, archive: Archive | None) -> Archiving | None:
        if archive is None:
            return None
        count = self.metrics.count
        found = Archiving(archive, self.journal, self.tenants, now_ms=self.now_ms, count=count)
        self.metrics.add(ArchiveFigures(found))
        return found

    def _open_traces(self) -> Traces | None:
        traces = open_traces(
            self.settings.server, lambda: self.engine.is_live, lambda: self.tenants.took_s
        )
        if traces is not None:
            self.metrics.add(traces.figures)
        return traces

    def _event_log(self) -> EventLog | None:
        """The log of what happens; it and the figures of waits name traces."""
        wanted = self.settings.server.log_events
        trace_of = self.traces.tracing.trace_of if self.traces is not None else lambda *_: ""
        self.metrics.happened.trace_of = trace_of
        if wanted == "off":
            return None
        event_log = EventLog(lambda: self.engine.is_live, trace_of)
        if wanted == "all":
            self.hub.watching = event_log
        return event_log

    def _callers(self, store: HookStore | None) -> Webhooks:
        hooks = {name: one.webhooks for name, one in self.settings.tenants.items() if one.webhooks}
        webhooks = Webhooks(
            hooks,
            store if store is not None else HookStore(None),
            self.tenants,
            ends=self.journal.end,
            wall_ms=self.clock.wall_ms,
        )
        self.metrics.add(HookFigures(webhooks, self.clock.wall_ms))
        return webhooks

    def _open_gateway(self, life: str, desk: http.DemoDesk | None) -> Gateway:
        """The public port, and what is served beside it; all requests count in one place."""
        figures = HttpFigures()
        self.metrics.add(figures)
        watch = figures.watch
        has_ops = not self.settings.server.ops_bind
        public = http.public_app(self, desk, has_ops=has_ops, more=self._back_end_routes())
        self._ops_app = watch(ops_app(self))
        self._starting_app = watch(starting_app(self, has_ops=has_ops))
        return Gateway(
            self.settings,
            tenants=self.tenants,
            engine=self.engine,
            hub=self.hub,
            authenticate=self.authenticate,
            app=watch(public),  # type: ignore[arg-type]
            clock=self.clock,
            metrics=self.metrics,
            life=life,
            keeper=self.archiving,
            policy_notes=self.policy_notes,
            note_trace=self.note_trace,
        )

    def _sign(self, life: str, key: bytes | None) -> None:
        """Makes all who sign tokens here, and who checks them."""
        settings, clock = self.settings, self.clock
        name = settings.server.node or life
        key = key or visitor_key(_folder(settings))
        self.customers = SiteCustomers(settings, key, clock.wall_ms)
        self._rehearsals = Rehearsals(self.routers, wall_ms=clock.wall_ms, node=name)
        own = (*self.customers.verifiers, self._rehearsals.verify)
        signers = Authenticator(settings)
        self._bearers = Bearers(signers, own, clock.wall_ms, settings.tenants)
        self.metrics.add(self._bearers)

    def _back_end_routes(self) -> list[BaseRoute]:
        calls = Calls(self)
        records = records_routes(calls, self.archiving)
        played = rehearsal_routes(calls, self._rehearsals)
        own = own_routes(calls, Preferences(_folder(self.settings)))
        hooks = hook_routes(calls, self.webhooks, self.clock.wall_ms)
        histories = Histories(self.routers, self.engine.submit, self.archiving)
        kept = export_routes(calls, histories, self.archiving)
        return [*rest_routes(calls), *records, *kept, *played, *own, *hooks, *document_routes()]

    @property
    def routers(self) -> Mapping[str, Router]:
        """See ``calls.Office``."""
        return self.tenants.routers

    def measures(self, tenant: str) -> Measures:
        """See ``calls.Office``."""
        return self.hub.folds.of(tenant).measures

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """See ``calls.Office``."""
        self.engine.submit(tenant, command, ticket)

    def new_id(self) -> str:
        """See ``calls.Office``."""
        return self.gateway.new_id()

    def now_ms(self) -> int:
        """See ``calls.Office``."""
        return self.engine.now_ms()

    async def authenticate(self, token: str) -> Bearer:
        """See ``calls.Office``."""
        return await self._bearers.authenticate(token)

    def _effects(self) -> list[Effects]:
        """Who hears of events behind the journal."""
        tracing = self.traces.tracing if self.traces is not None else None
        wanted = (self.policy_notes, self.archiving, self.webhooks, tracing, self.event_log)
        return [effect for effect in wanted if effect is not None]

    def note_trace(self, conversation: str, traceparent: str) -> None:
        """See ``calls.Office``."""
        if self.traces is not None:
            self.traces.tracing.note(conversation, traceparent)
        if self.event_log is not None:
            self.event_log.note(conversation, traceparent)

    def policy_changes(self, tenant: str, policy: Policy) -> tuple[Change, ...]:
        """See ``calls.Office``."""
        return self.policy_notes.of(tenant, policy)

    async def change_hooks(self, hooks: Mapping[str, Sequence[Webhook]]) -> None:
        """See ``reloading.Changing``."""
        await self.webhooks.change(hooks)

    def leave_to_start(self, keys: Sequence[str]) -> None:
        """See ``reloading.Changing``."""
        self.readiness.left_to_start = keys

    def reloaded(self, *, is_right: bool) -> None:
        """See ``reloading.Changing``."""
        self.metrics.reloaded(is_right=is_right)

    async def renew_certificate(self) -> bool:
        """See ``reloading.Changing``."""
        return await renewed(self.certificate)

    def _expires_s(self) -> float | None:
        return None if self.certificate is None else self.certificate.expires_s

    async def receive(self, visit: Visit) -> None:
        """Serves one visitor of the public address; a start lets nobody in yet."""
        if self.starting.is_over:
            await self.gateway.handle(visit)
        elif visit.head.is_upgrade:
            await visit.refuse(503, NOT_YET, ("retry-after", RETRY_AFTER_S))
        else:
            await serve_http(visit, self._starting_app, HttpLimits())  # type: ignore[arg-type]

    async def serve_ops(self, visit: Visit) -> None:
        """Serves one visitor of the second address."""
        await serve_http(visit, self._ops_app, HttpLimits())  # type: ignore[arg-type]

    # -- what the pages ask --------------------------------------------------------------------

    @property
    def is_draining(self) -> bool:
        """See ``calls.Office``."""
        return self.gateway.is_draining

    def _oldest_s(self) -> float | None:
        """How long the oldest command has waited for its outcome; None where none waits."""
        since_ms = self.engine.waiting_since_ms()
        return None if since_ms is None else (self.clock.steady_ms() - since_ms) / 1000

    def _redis_ailment(self) -> str:
        return self.redis_watch.ailment() if self.redis_watch is not None else ""

    def _vitals(self) -> Vitals:
        """See ``readiness``."""
        return Vitals(
            is_draining=self.is_draining,
            journal_error=self._timed.failing or self._redis_ailment(),
            oldest_s=self._oldest_s(),
            late_s=self.node_figures.late_s(),
            archive_error=self.archiving.ailment() if self.archiving is not None else "",
        )

    def strains(self) -> Strains:
        """See ``node_figures``."""
        late_ms = overdue_ms(self.routers.values(), self.now_ms())
        return Strains(
            is_ready=self.readiness.is_ready(),
            is_draining=self.is_draining,
            oldest_s=self._oldest_s() or 0.0,
            overdue_s=late_ms / 1000,
            replay=self.starting.progress(),
        )

    async def measure_evenness(self) -> None:
        """Measures what needs a walk over everybody, again and again, for ever."""
        for pause_s in pauses():
            await trio.sleep(pause_s)
            await self.service_figures.measure_evenness(self.served, self.now_ms())
            await self.metrics.audit(self.served)

    async def render_metrics(self, *, is_open: bool = False) -> bytes:
        """See ``ops_pages.Watched``; the cores of a start are in the past, and not shown."""
        now_ms = self.engine.now_ms()
        links = (link for link in self.hub.links if link.tenant != HIDDEN)
        served = self.served if self.starting.is_over else {}
        return await self.metrics.page(served, links, now_ms, is_open=is_open)

    def may_embed(self, tenant: str, origin: str) -> bool:
        """See ``http.Desk``."""
        return is_allowed(origin, self.gateway.origins(tenant))

    def door(self, tenant: str, queue: str) -> Door | None:
        """See ``http.Desk``."""
        return self._doors.look(tenant, queue)


def _folder(settings: Settings) -> Path | None:
    return None if settings.server.journal == "memory" else Path(settings.server.data)
