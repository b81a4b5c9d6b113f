"""The HTTP surface over what staff keep for themselves.

Owns: the path, who may ask, the form of what is kept and answered.
Does not know: how a document is kept, what one means.

Invariants (tests/server/test_preference_calls.py): a person reaches their own documents alone, for
the path does not name whose; what is answered 204 is durable; with ``If-Match``, a change made to
another version than the newest is answered 412 and changes nothing.
"""

from functools import partial

import msgspec
import trio
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.errors import Refusal, Refused
from router.server.calls import Caller, Calls, json_response, refusal
from router.server.preferences import BYTES_MAX, Owner, Preferences, version_of

__all__ = ["METHODS", "PATH", "Preference", "preference_routes"]

PATH = "/v1/me/preferences/{name}"
METHODS = {
    "get": "What you keep under a name; `value` is null where there is nothing.",
    "put": "Keep any JSON under a name; with the `ETag` of a GET as `If-Match`, only over that.",
    "delete": "Keep nothing under it any longer.",
}
STAFF = frozenset({"agent", "supervisor"})
NAME_MAX = 64
PRECONDITION_FAILED = 412


class Preference(Struct, frozen=True):
    """A document that a person keeps: any JSON, of at most 16 KiB."""

    name: str
    value: msgspec.Raw


def preference_routes(calls: Calls, preferences: Preferences) -> list[Route]:
    """The routes, for the public port."""

    async def serve(request: Request, caller: Caller) -> Response:
        name = request.path_params["name"]
        if not (0 < len(name) <= NAME_MAX and name.isprintable()):
            raise Refused(Refusal.BAD_REQUEST, f"name: expected 1 to {NAME_MAX} letters")
        owner = Owner(caller.tenant, caller.actor.key)
        if request.method == "DELETE":
            await trio.to_thread.run_sync(preferences.forget, owner, name)
            return Response(status_code=204)
        if request.method == "PUT":
            value = await _value(request)
            keep = partial(preferences.keep, only_over=_only_over(request))
            try:
                await trio.to_thread.run_sync(keep, owner, name, value)
            except Refused as refused:
                if refused.code is not Refusal.CONFLICT:
                    raise
                return refusal(refused, PRECONDITION_FAILED)
            return Response(status_code=204, headers=_tag(value))
        found = await trio.to_thread.run_sync(preferences.read, owner, name)
        told = Preference(name, msgspec.Raw(found or b"null"))
        return json_response(told, headers={"cache-control": "no-store", **_tag(found)})

    answer = partial(calls.answer, serve=serve, unknown="ask again", roles=STAFF)
    return [Route(PATH, answer, methods=[method.upper() for method in METHODS])]


def _tag(value: bytes | None) -> dict[str, str]:
    return {"etag": f'"{version_of(value)}"'}


def _only_over(request: Request) -> str | None:
    """The version that ``If-Match`` names; proxies that pack answers mark it as weak."""
    tag = request.headers.get("if-match", "*").strip().removeprefix("W/")
    return None if tag == "*" else tag.strip('"')


async def _value(request: Request) -> bytes:
    """The body, as it will be kept.

    Raises:
        Refused: BAD_REQUEST, LIMIT_EXCEEDED.
    """
    body = await request.body()
    if len(body) > BYTES_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"expected at most {BYTES_MAX} bytes")
    try:
        return msgspec.json.encode(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused(Refusal.BAD_REQUEST, f"expected JSON: {error}") from None
