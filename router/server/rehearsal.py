"""Lends the people of a conversation that is played through, end to end, beside the real ones.

Owns: the hidden tenant's policy, who plays, their tokens and the key behind these, the path that
lends them.
Does not know: what the players say to each other (``router.server.probe``), sockets.

Invariants (tests/server/test_rehearsal.py): a conversation played here never reaches an agent of
another tenant or of another rehearsal; what a killed player leaves is gone ``GRACE_MS`` later,
by the core's own rules; a server that nobody examined has nothing of this in its journal.

Everything is real but the tenant: the sockets, the journal, the core. Agents, customers and the
skill that brings them together are a few for ever (``SLOTS``), so that nothing grows with the
number of rehearsals. The key is made at each start and never leaves this process.
"""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router import __version__
from router.commands import SetPolicy
from router.core import Router
from router.errors import Refusal, Refused
from router.policy import Policy, Queue
from router.server.answers import carry_out
from router.server.auth import Authenticator, Identity, mint
from router.server.calls import Caller, Calls, json_response
from router.server.hidden import HIDDEN
from router.server.settings import KeyEntry, Settings, Tenant
from router.states import Reachability

__all__ = [
    "GRACE_MS",
    "SLOTS",
    "TOKEN_TTL_S",
    "Lent",
    "Player",
    "Rehearsals",
    "rehearsal_routes",
]

SLOTS = 16
GRACE_MS = 1_000
TOKEN_TTL_S = 60
QUEUE = "rehearsal"

POLICY = Policy(
    grace_ms=GRACE_MS,
    offer_timeout_ms=10_000,
    offer_seen_ms=2_000,
    queues=(Queue(id=QUEUE, waiting_max=SLOTS),),
    customers_max=SLOTS,
)


class Player(Struct, frozen=True):
    """One who plays, and the token to come in with."""

    id: str
    token: str


class Lent(Struct, frozen=True):
    """What a rehearsal needs; ``skill`` is asked for so that only this agent gets the offer."""

    agent: Player
    customer: Player
    queue: str
    skill: str
    at: int
    node: str
    version: str


class Rehearsals:
    """The players of one node, and who of them is free.

    Args:
        routers: The cores.
        wall_ms: The time by which tokens begin and end.
        node: What this node is called.
    """

    def __init__(
        self, routers: Mapping[str, Router], *, wall_ms: Callable[[], int], node: str
    ) -> None:
        self._routers = routers
        self._wall_ms = wall_ms
        self._node = node
        self._entry = KeyEntry(kid="rehearsal", alg="HS256", secret=secrets.token_hex(32))
        tenant = Tenant(keys=(self._entry,), visitors=False, token_ttl_max_s=TOKEN_TTL_S)
        self._authenticator = Authenticator(Settings(tenants={HIDDEN: tenant}))
        self._slots = cycle(range(SLOTS))
        self._expected: dict[str, tuple[int, set[str]]] = {}
        """Who was lent: until when their tokens are good, and the roles that did not come yet."""

    def verify(self, token: str, now_ms: int) -> Identity:
        """Says which player a token names.

        Raises:
            TokenRefused: it is not one of this process, or not any more.
        """
        player = self._authenticator.verify(token, now_ms)
        _, roles = self._expected.get(player.subject, (0, set[str]()))
        roles.discard(player.role)
        return player

    def lend(self) -> Lent:
        """Lends those who were lent longest ago and are free.

        They are not while they are there or within their grace, nor before both came in or their
        tokens ran out.

        Raises:
            Refused: LIMIT_EXCEEDED, all are on stage.
        """
        now_ms = self._wall_ms()
        for _ in range(SLOTS):
            name = f"doctor-{next(self._slots)}"
            if self._is_free(name, now_ms):
                good_until_ms = now_ms + (TOKEN_TTL_S + 1) * 1_000
                self._expected[name] = (good_until_ms, {"agent", "customer"})
                sign = partial(mint, self._entry, tenant=HIDDEN, subject=name, now_ms=now_ms)
                agent = sign(role="agent", ttl_s=TOKEN_TTL_S, claims={"skills": {name: 100}})
                customer = sign(role="customer", ttl_s=TOKEN_TTL_S)
                return Lent(
                    agent=Player(name, agent),
                    customer=Player(name, customer),
                    queue=QUEUE,
                    skill=name,
                    at=now_ms,
                    node=self._node,
                    version=__version__,
                )
        raise Refused(Refusal.LIMIT_EXCEEDED, f"{SLOTS} rehearsals are under way; try again")

    def _is_free(self, name: str, now_ms: int) -> bool:
        good_until_ms, roles = self._expected.get(name, (0, set[str]()))
        if roles and now_ms < good_until_ms:
            return False
        people = self._routers[HIDDEN].world.people
        players = (people.get("agent", name), people.get("customer", name))
        return all(one is None or one.reach is Reachability.UNREACHABLE for one in players)


def rehearsal_routes(calls: Calls, rehearsals: Rehearsals) -> list[Route]:
    """The path that lends players to services and supervisors of any tenant."""

    async def lend(_: Request, __: Caller) -> Response:
        office = calls.office
        if office.routers[HIDDEN].policy != POLICY:
            await carry_out(office.submit, HIDDEN, SetPolicy(policy=POLICY))
        return json_response(rehearsals.lend(), 201, {"cache-control": "no-store"})

    endpoint = partial(calls.answer, serve=lend, unknown="ask again")
    return [Route("/v1/rehearsals", endpoint, methods=["POST"])]
