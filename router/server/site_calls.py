"""The calls that pages of a site make for the customer in front of them, without a token.

Owns: their paths, bodies and answers, and which origins may read those.
Does not know: how a customer's token is made, what a queue is; it asks ``Sites``.

Invariants (tests/server/test_site_calls.py): a page of a foreign origin gets nothing of a tenant
that does not name it; whatever is wrong, a page may read what.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Protocol, TypeVar

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.server.calls import json_response
from router.server.doors import Door
from router.server.origins import is_own
from router.server.site_customers import NotLetIn, SiteCustomers
from router.server.visitors import TooMany

__all__ = ["NotGiven", "ProofRequest", "Sites", "VisitorRequest", "read_small", "site_routes"]

BODY_BYTES_MAX = 4_096

Endpoint = Callable[[Request], Awaitable[Response]]
_Wanted = TypeVar("_Wanted")
_Asked = TypeVar("_Asked", "VisitorRequest", "ProofRequest")


class Sites(Protocol):
    """What these calls ask the running server."""

    def may_embed(self, tenant: str, origin: str) -> bool:
        """Whether pages of this origin may have customers of the tenant."""

    def door(self, tenant: str, queue: str) -> Door | None:
        """The public state of a queue; None where there is no such queue."""

    customers: SiteCustomers
    """Makes the tokens of customers whom no service signs in."""


class VisitorRequest(Struct):
    """An anonymous customer; ``visitor`` is what the browser was given before, if it was."""

    tenant: Annotated[str, Meta(min_length=1, max_length=64)]
    visitor: Annotated[str, Meta(max_length=128)] | None = None


class ProofRequest(Struct):
    """A known customer: ``proof`` is the HMAC-SHA256 of ``id`` with the tenant's secret, in hex."""

    tenant: Annotated[str, Meta(min_length=1, max_length=64)]
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    proof: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{64}$")]


_WHOSE = (
    "expected {tenant, visitor?}, where tenant is the name after [tenants. in the settings:"
    " data-tenant of the script tag, ?tenant= of /widget"
)


class NotGiven(Struct, frozen=True):
    """Why a page does not get what it asked for, for its developer."""

    error: str


def site_routes(sites: Sites) -> list[Route]:
    """The routes, for the public port."""
    return [
        Route("/v1/opening", _opening(sites)),
        Route("/v1/visitors", _visitors(sites), methods=["POST", "OPTIONS"]),
        Route("/v1/proofs", _proofs(sites), methods=["POST", "OPTIONS"]),
    ]


def _visitors(sites: Sites) -> Endpoint:
    def mint(wanted: VisitorRequest, request: Request) -> object:
        address = request.client.host if request.client is not None else ""
        now_s = trio.current_time()
        return sites.customers.visitor(wanted.tenant, wanted.visitor, address=address, now_s=now_s)

    return _token_for(sites, VisitorRequest, _WHOSE, mint)


def _proofs(sites: Sites) -> Endpoint:
    def mint(wanted: ProofRequest, _: Request) -> object:
        return sites.customers.proven(wanted.tenant, wanted.id, wanted.proof)

    shape = "expected {tenant, id, proof}, where proof is an HMAC-SHA256 as 64 hex digits"
    return _token_for(sites, ProofRequest, shape, mint)


def _token_for(
    sites: Sites, kind: type[_Asked], shape: str, mint: Callable[[_Asked, Request], object]
) -> Endpoint:
    """Answers pages that ask for a customer's token."""

    async def serve(request: Request) -> Response:
        origin = request.headers.get("origin")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_cors(origin))
        wanted = await read_small(request, kind)
        if wanted is None:
            return _no(shape, 400, _cors(origin))
        own = origin is None or is_own(origin, request.headers.get("host", ""))
        if origin is not None and not own and not sites.may_embed(wanted.tenant, origin):
            return _no(_may_not(origin, wanted.tenant), 403, _cors(origin))
        try:
            minted = mint(wanted, request)
        except TooMany as error:
            headers = _cors(origin) | {"retry-after": str(int(error.retry_s) + 1)}
            return _no("too many new visitors", 429, headers)
        except NotLetIn as error:
            return _no(str(error), error.status, _cors(origin))
        return json_response(minted, 200, _cors(origin))

    return serve


def _may_not(origin: str, tenant: str) -> str:
    if origin == "null":
        return "a page opened from a file has no origin: serve it, as python3 -m http.server does"
    return (
        f"{origin} may not have customers of tenant {tenant!r}: is data-tenant right, and is this "
        f"origin in origins = [...] of [tenants.{tenant}]?"
    )


def _opening(sites: Sites) -> Endpoint:
    async def serve(request: Request) -> Response:
        origin = request.headers.get("origin")
        tenant = request.query_params.get("tenant", "")
        own = origin is None or is_own(origin, request.headers.get("host", ""))
        if origin is not None and not own and not sites.may_embed(tenant, origin):
            return _no(_may_not(origin, tenant), 403, _cors(origin))
        door = sites.door(tenant, request.query_params.get("queue", ""))
        if door is None:
            return _no(
                "no such tenant or queue; name both, as ?tenant=main&queue=support",
                404,
                _cors(origin),
            )
        return json_response(door, 200, {**_cors(origin), "cache-control": "public, max-age=5"})

    return serve


def _cors(origin: str | None) -> dict[str, str]:
    """Headers that let a page of the origin read the answer; a preflight carries no secret."""
    if origin is None:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
        "vary": "origin",
    }


def _no(why: str, status: int, headers: Mapping[str, str]) -> Response:
    return json_response(NotGiven(why), status, headers)


async def read_small(request: Request, wanted: type[_Wanted]) -> _Wanted | None:
    """A small body; None where it is something else, or large."""
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        return None
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
