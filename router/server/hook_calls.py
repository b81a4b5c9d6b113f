"""The HTTP surface over webhooks: how they stand, what was delivered, once more, and a test.

Owns: the paths and the form of the answers. Does not know: how anything is delivered.

Invariants (tests/server/test_hook_calls.py): it is for services, each for its own tenant; no secret
and no address is told.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.errors import Refusal, Refused, StorageError
from router.server.asked_for import check_limit, query_of
from router.server.calls import Caller, Calls, Serve, json_response
from router.server.hook_sending import Hooked
from router.server.hook_store import STATES, Listed
from router.server.webhooks import Webhooks

__all__ = [
    "Deliveries",
    "DeliveriesQuery",
    "HookRow",
    "Hooks",
    "Replay",
    "Replayed",
    "hook_routes",
]

LIMIT_MAX = 500
_PLACE = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}")


class HookRow(Struct, frozen=True):
    """How one hook stands: what waits, since when, and what went wrong last."""

    id: str
    waiting: int
    oldest_at: int | None
    failures: int
    error: str


class Hooks(Struct, frozen=True):
    """All hooks of the tenant."""

    webhooks: tuple[HookRow, ...]


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """From when on, in ms since 1970; at most seven days back there is something."""

    from_at: Annotated[int, Meta(ge=0)]


class Replayed(Struct, frozen=True):
    """So many events are delivered once more."""

    events: int


class DeliveryRow(Struct, frozen=True):
    """An event for a hook: ``waiting``, ``failed`` or ``delivered``.

    What failed is tried again at ``next_at``, or not any more where that is null.
    """

    id: str
    type: str
    at: int
    status: str
    attempts: int
    next_at: int | None
    done_at: int | None
    event: msgspec.Raw


class Deliveries(Struct, frozen=True):
    """Deliveries, the newest first; ``next`` asks for those behind them, null where none are."""

    deliveries: tuple[DeliveryRow, ...]
    next: str | None


class DeliveriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What they are asked by."""

    status: str = ""
    after: str = ""
    limit: int = 100


def hook_routes(calls: Calls, webhooks: Webhooks, wall_ms: Callable[[], int]) -> list[Route]:
    """The routes, for the public port."""

    async def show(_: Request, caller: Caller) -> Response:
        _check(caller)
        some = webhooks.hooked.get(caller.tenant, [])
        return json_response(Hooks(tuple(map(_row, some))), headers={"cache-control": "no-store"})

    async def replay(request: Request, caller: Caller) -> Response:
        _check(caller)
        try:
            wanted = msgspec.json.decode(await request.body(), type=Replay)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Refused(Refusal.BAD_REQUEST, str(error)) from None
        hooked = _of(webhooks, request, caller)
        try:
            count = await trio.to_thread.run_sync(
                webhooks.store.replay, hooked.key, wanted.from_at, wall_ms()
            )
            await hooked.look(webhooks.store)
        except StorageError:
            raise Refused(Refusal.OVERLOADED, "the file cannot be written now") from None
        hooked.wake.set()
        return json_response(Replayed(count))

    async def test(request: Request, caller: Caller) -> Response:
        _check(caller)
        hooked = _of(webhooks, request, caller)
        return json_response(await webhooks.test(hooked), headers={"cache-control": "no-store"})

    async def deliveries(request: Request, caller: Caller) -> Response:
        _check(caller)
        hooked = _of(webhooks, request, caller)
        found = await _listed(webhooks, hooked, _asked(request))
        return json_response(found, headers={"cache-control": "no-store"})

    def route(path: str, serve: Serve, method: str) -> Route:
        answer = partial(calls.answer, serve=serve, unknown="ask again")
        return Route(f"/v1/webhooks{path}", answer, methods=[method])

    return [
        route("", show, "GET"),
        route("/{hook}/replay", replay, "POST"),
        route("/{hook}/test", test, "POST"),
        route("/{hook}/deliveries", deliveries, "GET"),
    ]


def _of(webhooks: Webhooks, request: Request, caller: Caller) -> Hooked:
    """The hook that a path names.

    Raises:
        Refused: NOT_FOUND.
    """
    name = request.path_params["hook"]
    hooked = webhooks.of(caller.tenant, name)
    if hooked is None:
        raise Refused(Refusal.NOT_FOUND, "there is no such webhook")
    return hooked


def _asked(request: Request) -> DeliveriesQuery:
    """What is asked for.

    Raises:
        Refused: BAD_REQUEST, with what is wrong.
    """
    asked = query_of(request, DeliveriesQuery)
    if asked.status and asked.status not in STATES:
        raise Refused(Refusal.BAD_REQUEST, f"status: expected {', '.join(STATES)}")
    check_limit(asked.limit, LIMIT_MAX)
    if asked.after and not _PLACE.fullmatch(asked.after):
        raise Refused(Refusal.BAD_REQUEST, "after: expected the `next` of the page before")
    return asked


async def _listed(webhooks: Webhooks, hooked: Hooked, asked: DeliveriesQuery) -> Deliveries:
    """A page of a hook's deliveries.

    Raises:
        Refused: OVERLOADED, they cannot be read now.
    """
    store = webhooks.store
    position, _, place = asked.after.partition(".")
    before = (int(position), int(place)) if asked.after else None
    read = partial(store.listed, hooked.key, asked.status, before, asked.limit + 1)
    try:
        found = await trio.to_thread.run_sync(read)
    except StorageError:
        raise Refused(Refusal.OVERLOADED, "the file cannot be read now") from None
    rows = found[: asked.limit]
    more = len(found) > len(rows)
    return Deliveries(
        tuple(
            _delivery(store.id_of(hooked.key.tenant, one.position, one.place), one) for one in rows
        ),
        f"{rows[-1].position}.{rows[-1].place}" if more else None,
    )


def _delivery(id_: str, one: Listed) -> DeliveryRow:
    is_over = one.due_ms is None
    status = "failed" if one.attempts else "waiting"
    if is_over:
        status = "failed" if one.outcome == "gave_up" else "delivered"
    body = msgspec.Raw(one.body)
    return DeliveryRow(
        id_, one.kind, one.at_ms, status, one.attempts, one.due_ms, one.done_ms, body
    )


def _check(caller: Caller) -> None:
    if caller.actor.role != "service":
        raise Refused(Refusal.FORBIDDEN, "this is for services")


def _row(one: Hooked) -> HookRow:
    standing = one.standing
    return HookRow(
        one.key.hook, standing.waiting, standing.oldest_at_ms, one.failures, one.last_error
    )
