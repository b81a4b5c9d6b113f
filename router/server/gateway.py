"""Where sockets and pages part: judges an upgrade, and holds what all connections share.

Owns: the choice of subprotocol, the origins, the set of live connections, and their common end.
Does not know: bytes (``router.server.front``), one connection's life (``connection``), pages.

Invariants (tests/server/test_gateway.py): who may not come in hears it as HTTP, before the upgrade;
a token in a URL is refused even if it is good; once draining nobody is let in, and ``drain``
returns when the last connection is gone or ``drain_ms`` is over.
"""

import random
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qs

import trio
from hypercorn.typing import ASGIFramework

from router import outgoing
from router.errors import CloseCode, Refusal, Refused
from router.events import CommandAnswered
from router.ids import person_key
from router.limits import ALLOWANCES
from router.server.asgi import HttpLimits, serve_http
from router.server.auth import TokenRefused
from router.server.clock import Clock
from router.server.connection import Connection
from router.server.engine import Engine
from router.server.fetching import Fetching
from router.server.hidden import HIDDEN
from router.server.histories import Histories, Keeper
from router.server.hub import Hub
from router.server.intake import Intake
from router.server.meter import frame_limits
from router.server.metrics import Metrics
from router.server.origins import is_allowed, is_own
from router.server.outbox import Pool
from router.server.policy_notes import PolicyNotes
from router.server.pulse import FATE_S, Pulse
from router.server.reads import Reads
from router.server.settings import Settings
from router.server.socket import SocketClosedError, accept_socket
from router.server.tenants import Tenants
from router.server.visit import Visit
from router.steps import Bearer, Verify
from router.wire import Encoding

__all__ = ["Authenticate", "Gateway"]

SOCKET_PATH = "/v1/socket"
DRAIN_DELAY_MS = 5_000
"""Over so long the clients of a node that stands alone spread their return."""
PERSON_CONNECTIONS_MAX = 32
FATE_CHECK_S = 1.0
HELLOS_AT_ONCE = 4
"""So many are on their way from ``hello`` to ``welcome`` at a time; the others wait in order."""

Authenticate = Callable[[str], Awaitable[Bearer]]
"""Says who a token's bearer is, or raises ``TokenRefused``."""


class Gateway:
    """The node's door to the core.

    Args:
        settings: What is allowed.
        tenants: The cores.
        engine: Takes commands.
        hub: Brings events.
        authenticate: Checks tokens.
        app: Serves everything but the socket.
        clock: Where time is read.
        metrics: Told of comings and goings.
        life: This node life.
        keeper: Has the archive; None where nothing is kept.
        policy_notes: Say what a change of policy changed; None where nobody notes it.
        note_trace: Told whose trace a conversation belongs to.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        tenants: Tenants,
        engine: Engine,
        hub: Hub,
        authenticate: Authenticate,
        app: ASGIFramework,
        clock: Clock,
        metrics: Metrics,
        life: str,
        keeper: Keeper | None = None,
        policy_notes: PolicyNotes | None = None,
        note_trace: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self.is_draining = False
        self.engine = engine
        self.hub = hub
        self.authenticate = authenticate
        self.clock = clock
        self.metrics = metrics
        self.life = life
        self.policy_notes = policy_notes
        self.note_trace = note_trace
        self.node = settings.server.node or life
        self.frame_bytes = settings.server.frame_bytes
        self.routers = tenants.routers
        self.reads = Reads(tenants.routers, hub, engine.now_ms)
        self.fetching = Fetching(Histories(tenants.routers, engine.submit, keeper))
        self.pulse = Pulse()
        self.flow = hub.flow
        self.intake = Intake((engine, self.flow))
        self.traffic = metrics.traffic
        self.pool = Pool()
        metrics.add(self.traffic.figures(self.pool, self.flow))
        self.reception = trio.Semaphore(HELLOS_AT_ONCE)
        self.random: Callable[[], float] = random.Random().random  # noqa: S311 - spreads pings
        self.new_id: Callable[[], str] = partial(secrets.token_urlsafe, 16)
        """Makes ids that cannot be guessed: 128 bits."""
        self._settings = settings
        self._first_limits = frame_limits(ALLOWANCES["customer"], self.frame_bytes)
        self._app = app
        self._connections: dict[Connection, None] = {}
        self._emptied = trio.lowlevel.ParkingLot()

    async def run(self) -> None:
        """What all connections share, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.pulse.run)
            nursery.start_soon(self.flow.run)
            nursery.start_soon(self.intake.run)
            nursery.start_soon(self._watch_fates)

    async def handle(self, visit: Visit) -> None:
        """Serves one visitor of the public port."""
        head = visit.head
        if head.path != SOCKET_PATH:
            if head.is_upgrade:
                await visit.refuse(404, "there is no socket here")
            else:
                await serve_http(visit, self._app, HttpLimits())
        elif not head.is_upgrade:
            await visit.refuse(426, "this is a WebSocket", ("upgrade", "websocket"))
        else:
            await self._handle_upgrade(visit)

    async def _handle_upgrade(self, visit: Visit) -> None:
        head = visit.head
        query = parse_qs(head.query)
        if "token" in query or "access_token" in query:
            await visit.refuse(400, "a token does not belong into a URL")
            return
        own = head.origin is not None and is_own(head.origin, head.host)
        tenant = query.get("tenant", [""])[0]
        if head.origin is not None and not own and not self._may_upgrade(head.origin, tenant):
            await visit.refuse(403, "this origin may not")
            return
        known = {encoding.value for encoding in Encoding}
        chosen = next((name for name in head.subprotocols if name in known), None)
        if chosen is None:
            await visit.refuse(400, f"offer a subprotocol: {', '.join(sorted(known))}")
            return
        try:
            socket = await accept_socket(
                visit, chosen, limits=self._first_limits, intake=self.intake
            )
        except SocketClosedError:
            return
        connection = Connection(self, socket, origin=head.origin, is_own_origin=own)
        self._connections[connection] = None
        try:
            await connection.run()
        finally:
            del self._connections[connection]
            if not self._connections:
                self._emptied.unpark_all()

    # -- what connections ask ------------------------------------------------------------------

    async def prove(self, step: Verify, origin: str | None, *, is_own: bool) -> Bearer:
        """Says whose a token is.

        Raises:
            Refused: with the code that the reply should have.
        """
        if self.is_draining:
            raise Refused(Refusal.DRAINING, "this node is about to stop")
        try:
            bearer = await self.authenticate(step.token)
        except TokenRefused as error:
            raise Refused(error.code, "token: it does not count") from None
        if step.hello is not None and not self.may_come_from(origin, bearer, is_own=is_own):
            where = "this origin" if origin else "a customer without an Origin (native_apps)"
            raise Refused(Refusal.FORBIDDEN, f"{where} may not")
        if step.hello is not None and not self.has_room_for(bearer):
            raise Refused(Refusal.LIMIT_EXCEEDED, "too many connections of one person")
        return bearer

    def may_come_from(self, origin: str | None, bearer: Bearer, *, is_own: bool) -> bool:
        """Whether the bearer of a good token may come from a page of this origin."""
        if origin is None:
            if bearer.role != "customer" or bearer.tenant == HIDDEN:
                return True
            return self._settings.tenants[bearer.tenant].native_apps
        return is_own or is_allowed(origin, self.origins(bearer.tenant))

    def has_room_for(self, bearer: Bearer) -> bool:
        """Whether the person may have one more connection."""
        links = self.hub.links.of(bearer.tenant, person_key(bearer.role, bearer.id))
        return sum(1 for _ in links) < PERSON_CONNECTIONS_MAX

    def wait_of(self, tenant: str, answered: CommandAnswered) -> outgoing.WaitBand | None:
        """The estimated wait that goes with an answer that names a place in line."""
        answer = answered.answer
        if answer.conversation is None or answer.position is None:
            return None
        return self.hub.folds.wait(tenant, answer.conversation, self.engine.now_ms())

    # -- the end -------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Lets nobody in any more, sends everybody away, and waits until they are gone."""
        self.is_draining = True
        for connection in list(self._connections):
            delay_ms = int(self.random() * DRAIN_DELAY_MS)
            connection.hang(CloseCode.DRAIN, delay_ms)
        with trio.move_on_after(self._settings.server.drain_ms / 1000):
            while self._connections:
                await self._emptied.park()

    async def _watch_fates(self) -> None:
        """Ends connections whose commands nobody knows anything about for too long."""
        while True:
            await trio.sleep(FATE_CHECK_S)
            before_ms = self.clock.steady_ms() - int(FATE_S * 1000)
            oldest_ms = self.engine.waiting_since_ms()
            if oldest_ms is None or oldest_ms > before_ms:
                continue
            for connection in list(self._connections):
                since_ms = connection.waiting_since_ms()
                if since_ms is not None and since_ms <= before_ms:
                    connection.hang(CloseCode.SERVER_ERROR)

    def _may_upgrade(self, origin: str, tenant: str) -> bool:
        """Before anybody is named: the tenant of the URL counts, or any."""
        names = [tenant] if tenant else list(self._settings.tenants)
        return any(is_allowed(origin, self.origins(name)) for name in names)

    def origins(self, tenant: str) -> list[str]:
        """The sites that a tenant and its brands allow."""
        entry = self._settings.tenants.get(tenant)
        if entry is None:
            return []
        brands = self.routers[tenant].policy.brands or entry.policy.brands
        return [*entry.origins, *(origin for brand in brands for origin in brand.origins)]
