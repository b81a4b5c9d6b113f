"""The HTTP surface over webhooks: how they stand, and delivering once more.

Owns: the paths and the form of the answers. Does not know: how anything is delivered.

Invariants (tests/server/test_hook_calls.py): it is for services, each for its own tenant; no secret
and no address is told.
"""

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
from router.server.calls import Caller, Calls, json_response
from router.server.hook_sending import Hooked
from router.server.webhooks import Webhooks

__all__ = ["HookRow", "Hooks", "Replay", "Replayed", "hook_routes"]


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


def hook_routes(calls: Calls, webhooks: Webhooks | None, wall_ms: Callable[[], int]) -> list[Route]:
    """The routes, for the public port; ``webhooks`` is None where no tenant has any."""

    async def show(_: Request, caller: Caller) -> Response:
        _check(caller)
        some = webhooks.hooked.get(caller.tenant, []) if webhooks is not None else []
        return json_response(Hooks(tuple(map(_row, some))), headers={"cache-control": "no-store"})

    async def replay(request: Request, caller: Caller) -> Response:
        _check(caller)
        try:
            wanted = msgspec.json.decode(await request.body(), type=Replay)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Refused(Refusal.BAD_REQUEST, str(error)) from None
        name = request.path_params["hook"]
        hooked = webhooks.of(caller.tenant, name) if webhooks is not None else None
        if webhooks is None or hooked is None:
            raise Refused(Refusal.NOT_FOUND, "there is no such webhook")
        try:
            count = await trio.to_thread.run_sync(
                webhooks.store.replay, hooked.key, wanted.from_at, wall_ms()
            )
        except StorageError:
            raise Refused(Refusal.OVERLOADED, "the file cannot be written now") from None
        hooked.wake.set()
        return json_response(Replayed(count))

    return [
        Route("/v1/webhooks", partial(calls.answer, serve=show, unknown="ask again")),
        Route(
            "/v1/webhooks/{hook}/replay",
            partial(calls.answer, serve=replay, unknown="ask again"),
            methods=["POST"],
        ),
    ]


def _check(caller: Caller) -> None:
    if caller.actor.role != "service":
        raise Refused(Refusal.FORBIDDEN, "this is for services")


def _row(one: Hooked) -> HookRow:
    standing = one.standing
    return HookRow(
        one.key.hook, standing.waiting, standing.oldest_at_ms, one.failures, one.last_error
    )
