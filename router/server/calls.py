"""One command or read over HTTP: who calls, and what becomes of the command.

Owns: the caller behind a bearer token, the pace of each, waiting for the engine, errors as HTTP.
Does not know: which path is which command (``router.server.rest``).

Invariants (tests/server/test_rest.py): a command goes the same way as one from a socket: role,
journal, core; its answer is sent when it is durable; what is not known after ``FATE_S`` is answered
504, and asking again with the same key does nothing twice.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec
import trio
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from router import outgoing
from router.changes import Change
from router.commands import Actor, Command
from router.core import Router
from router.errors import Refusal, Refused
from router.events import CommandAnswered, CommandRefused
from router.limits import ALLOWANCES, Pace
from router.measures import Measures
from router.policy import Policy
from router.server.answers import fate
from router.server.auth import TokenRefused
from router.server.hearers import Outcome, Ticket
from router.server.pulse import FATE_S
from router.steps import Bearer, as_refused, refusal_reply

__all__ = ["Caller", "Calls", "Office", "Serve", "json_response", "refusal"]

PACES_MAX = 1_000
STATUS = {
    Refusal.INTERNAL: 500,
    Refusal.UNAUTHORIZED: 401,
    Refusal.FORBIDDEN: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.UNKNOWN_TYPE: 404,
    Refusal.BAD_REQUEST: 400,
    Refusal.LIMIT_EXCEEDED: 429,
    Refusal.RATE_LIMITED: 429,
    Refusal.OVERLOADED: 503,
    Refusal.TOKEN_EXPIRED: 401,
    Refusal.PURPOSE_REQUIRED: 403,
    Refusal.OFFER_GONE: 410,
    Refusal.DRAINING: 503,
}
"""Everything else is a conflict with the state of things: 409."""


class Office(Protocol):
    """What calls need of the running server."""

    @property
    def routers(self) -> Mapping[str, Router]:
        """The cores, by tenant."""

    @property
    def is_draining(self) -> bool:
        """Whether no command is taken any more."""

    def measures(self, tenant: str) -> Measures:
        """What was counted of a tenant's agents and queues."""

    async def authenticate(self, token: str) -> Bearer:
        """Says who a token's bearer is.

        Raises:
            TokenRefused: nobody's.
        """

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """Puts a command on its way."""

    def note_trace(self, conversation: str, traceparent: str) -> None:
        """Whose trace a conversation belongs to that is about to be asked for."""

    def policy_changes(self, tenant: str, policy: Policy) -> tuple[Change, ...]:
        """What was changed when this policy was put in force."""

    def new_id(self) -> str:
        """An id for a new conversation."""

    def now_ms(self) -> int:
        """The cores' time."""


BACK_ENDS = frozenset({"service", "supervisor"})
"""The roles to which the surface is open, but for what says otherwise."""
_TOKEN_MENDS = {
    "invalid": "fairline token --verify FILE says why, as does the log",
    "expired": "send a fresh one",
}
"""A caller is not told more than the reason: who tries tokens would learn from it."""


class Caller(NamedTuple):
    """Who calls: a service or a supervisor, and of what is their own an agent too."""

    tenant: str
    actor: Actor


Serve = Callable[[Request, Caller], Awaitable[Response]]
"""Answers one request of a caller who was let in."""


class Calls:
    """The calls of one node."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._paces: OrderedDict[Caller, Pace] = OrderedDict()

    async def caller(self, request: Request, roles: frozenset[str] = BACK_ENDS) -> Caller:
        """Who calls.

        Raises:
            Refused: UNAUTHORIZED without a good token, FORBIDDEN for other roles, RATE_LIMITED,
                DRAINING.
        """
        if self.office.is_draining:
            raise Refused(Refusal.DRAINING, "this node is about to stop", retry_ms=1_000)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(Refusal.UNAUTHORIZED, "authorization: expected Bearer and a token")
        try:
            bearer = await self.office.authenticate(token.strip())
        except TokenRefused as error:
            told = f"token: {error.reason}; {_TOKEN_MENDS[error.reason]}"
            raise Refused(Refusal.UNAUTHORIZED, told) from None
        if bearer.role not in roles:
            told = " and ".join(f"{role}s" for role in sorted(roles))
            raise Refused(Refusal.FORBIDDEN, f"this is for {told}")
        teams = bearer.claims.teams or () if bearer.role == "supervisor" else UNSET
        caller = Caller(bearer.tenant, Actor(role=bearer.role, id=bearer.id, teams=teams))
        retry_ms = self._pace(caller).wait_ms(int(trio.current_time() * 1000))
        if retry_ms:
            raise Refused(Refusal.RATE_LIMITED, "too many at once", retry_ms=retry_ms)
        return caller

    def _pace(self, caller: Caller) -> Pace:
        pace = self._paces.get(caller)
        if pace is None:
            allowance = ALLOWANCES[caller.actor.role]
            pace = self._paces[caller] = Pace(allowance.rate, allowance.burst)
            if len(self._paces) > PACES_MAX:
                self._paces.popitem(last=False)
        self._paces.move_to_end(caller)
        return pace

    async def do(self, caller: Caller, command: Command) -> CommandAnswered:
        """Has a command done and returns its answer, once it is durable and applied.

        Raises:
            Refused: it changed nothing.
            TimeoutError: nobody knows yet.
        """
        outcome: Outcome | None = None
        with trio.move_on_after(FATE_S):
            outcome = await fate(self.office.submit, caller.tenant, command)
        match outcome:
            case None:
                raise TimeoutError
            case CommandAnswered() as answered:
                return answered
            case CommandRefused() | Refused() as refused:
                raise as_refused(refused)

    async def answer(
        self, request: Request, serve: Serve, *, unknown: str, roles: frozenset[str] = BACK_ENDS
    ) -> Response:
        """What ``serve`` answers this caller, or why it does not, as HTTP.

        Args:
            request: What came.
            serve: Answers it; may raise ``Refused``, and ``TimeoutError`` where nobody knows.
            unknown: What to do where nobody knows.
            roles: Who may call at all.
        """
        try:
            return await serve(request, await self.caller(request, roles))
        except Refused as refused:
            return refusal(refused)
        except TimeoutError:
            return refusal(Refused(Refusal.OVERLOADED, f"not known yet: {unknown}"), 504)


class _Err(msgspec.Struct, frozen=True):
    """The body of an answer that is a refusal: as in the replies of the socket."""

    err: outgoing.Error


def refusal(refused: Refused, status: int | None = None) -> Response:
    """A refusal as HTTP: the status for machines, the protocol's error for people."""
    error = refusal_reply(0, refused).err
    assert error is not None, "a refusal has an error"
    headers = {}
    if refused.code is Refusal.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if error.retry == "after":
        headers["retry-after"] = str(-(-(error.retry_ms or 1_000) // 1_000))
    return json_response(_Err(error), status or STATUS.get(refused.code, 409), headers)


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A value as JSON."""
    body = msgspec.json.encode(value)
    return Response(body, status, dict(headers or {}), media_type="application/json")
