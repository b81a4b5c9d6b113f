"""The pages and the small HTTP surface beside the socket.

Owns: which path serves what, and the headers that keep pages apart from each other's scripts.
Does not know: bytes, connections, the core; it asks ``Desk`` for everything that changes.

Invariants (tests/server/test_http.py): nothing outside the folders of the pages is ever served;
every page has a Content-Security-Policy that runs this server's scripts alone; staff's pages are
never framed; without ``fairline demo`` nothing under ``/demo`` exists.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol, TypeVar

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from router.errors import Refusal, Refused
from router.server.calls import refusal
from router.server.doors import Door
from router.server.ops_pages import Watched, public_ops_routes
from router.server.origins import is_own
from router.server.site_customers import NotLetIn, SiteCustomers
from router.server.visitors import TooMany

__all__ = ["DemoDesk", "Desk", "public_app"]

BUILT = Path(__file__).parent.parent / "web" / "dist"
DEMO = ("demo/", "assets/demo/")
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tgz": "application/gzip",
    ".woff2": "font/woff2",
}
_NOT_BUILT = b"The pages are not built. In a working copy: make web\n"
_FOR_ALL_SITES = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
BODY_BYTES_MAX = 4_096
_SIGNPOST = """\
A Fairline server.

/desktop    agents
/board      supervisors
/widget     customers, on a page of its own: /widget?tenant=NAME
/widget.js  customers, on pages of yours
/v1/socket  clients of your own: /v1/asyncapi.json says what goes over it
/v1/        back ends: /v1/openapi.json lists the calls
/docs       every call and message, for people
"""

_Wanted = TypeVar("_Wanted")
_Asked = TypeVar("_Asked", "_VisitorRequest", "_ProofRequest")


class Desk(Watched, Protocol):
    """What the HTTP surface asks the running server."""

    def may_embed(self, tenant: str, origin: str) -> bool:
        """Whether pages of this origin may have customers of the tenant."""

    def door(self, tenant: str, queue: str) -> Door | None:
        """The public state of a queue; None where there is no such queue."""

    customers: SiteCustomers
    """Makes the tokens of customers whom no service signs in."""


class DemoDesk(Protocol):
    """Signs people of the demo in; only there under ``fairline demo``."""

    def people(self) -> object:
        """Whom a human may play."""

    def token_for_human(self, subject: str, role: str) -> str | None:
        """A token for one of them."""


def public_app(
    desk: Desk, demo: DemoDesk | None, *, has_ops: bool, more: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application of the public port; health and metrics are there unless ops has its own."""
    files = _read_files(with_demo=demo is not None)
    routes = [
        Route("/", _signpost),
        Route("/widget.js", _script(files.get("widget.js"))),
        Route("/client.js", _script(files.get("client.js"))),
        Route("/client.tgz", _script(files.get("client.tgz"))),
        Route("/widget", _page(files.get("widget/page.html"), "*")),
        Route("/desktop", _page(files.get("desktop/index.html"), "'none'")),
        Route("/desktop/people", _people(demo)),
        Route("/board", _page(files.get("board/index.html"), "'none'")),
        Route("/assets/{path:path}", _assets(files)),
        Route("/v1/opening", _opening(desk)),
        Route("/v1/visitors", _visitors(desk), methods=["POST", "OPTIONS"]),
        Route("/v1/proofs", _proofs(desk), methods=["POST", "OPTIONS"]),
        *more,
    ]
    if has_ops:
        routes += public_ops_routes(desk)
    if demo is not None:
        routes += _demo_routes(demo, files.get("demo/shop.html"))
    return Starlette(routes=routes, exception_handlers={404: _astray, 405: _astray})


async def _astray(request: Request, error: Exception) -> Response:
    """Nothing is there: back ends hear it in the form of all their errors."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/v1/"):
        return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
    told = f"{request.method} {request.url.path}: there is no such call; see /v1/openapi.json"
    answer = refusal(Refused(Refusal.NOT_FOUND, told), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _signpost(_: Request) -> Response:
    """For who looks what runs here."""
    return PlainTextResponse(_SIGNPOST, headers={"cache-control": "no-cache"})


Endpoint = Callable[[Request], Awaitable[Response]]


# -- pages -------------------------------------------------------------------------------------


class _File(NamedTuple):
    """A file as browsers get it."""

    body: bytes
    kind: str
    tag: str


def _read_files(*, with_demo: bool) -> dict[str, _File]:
    """All files that browsers may be given, by their path in the build; a few hundred KiB.

    Read once: a look-up in a dict cannot be talked out of its folder, and waits for no disk.
    """
    files = {}
    for path in sorted(BUILT.rglob("*")):
        name = path.relative_to(BUILT).as_posix()
        if path.suffix in _KINDS and path.is_file() and (with_demo or not name.startswith(DEMO)):
            body = path.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            files[name] = _File(body, _KINDS[path.suffix], tag)
    return files


def _send_file(request: Request, file: _File, headers: Mapping[str, str]) -> Response:
    shown = {"cache-control": "no-cache", "etag": file.tag, "content-type": file.kind, **headers}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=shown)
    return Response(file.body, headers=shown)


def _assets(files: Mapping[str, _File]) -> Endpoint:
    # Their names change with their content.
    headers = {**_FOR_ALL_SITES, "cache-control": "public, max-age=31536000, immutable"}

    async def serve(request: Request) -> Response:
        file = files.get(f"assets/{request.path_params['path']}")
        if file is None:
            return PlainTextResponse("not found\n", 404)
        return _send_file(request, file, headers)

    return serve


def _script(file: _File | None) -> Endpoint:
    """The script that other sites load; its name never changes, so it is asked for again soon."""
    headers = {**_FOR_ALL_SITES, "cache-control": "public, max-age=300"}

    async def serve(request: Request) -> Response:
        if file is None:
            return Response(_NOT_BUILT, 503)
        return _send_file(request, file, headers)

    return serve


def _page(file: _File | None, ancestors: str) -> Endpoint:
    """A page that may be framed by ``ancestors``."""

    async def serve(request: Request) -> Response:
        if file is None:
            return Response(_NOT_BUILT, 503)
        headers = {"content-security-policy": _policy(request, ancestors)}
        if ancestors == "'none'":
            headers["cross-origin-opener-policy"] = "same-origin"
        return _send_file(request, file, headers)

    return serve


def _policy(request: Request, ancestors: str) -> str:
    host = request.headers.get("host", "")
    parts = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "font-src": "'self'",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": ancestors,
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


# -- visitors ----------------------------------------------------------------------------------


class _VisitorRequest(Struct):
    tenant: Annotated[str, Meta(min_length=1, max_length=64)]
    visitor: Annotated[str, Meta(max_length=128)] | None = None


class _ProofRequest(Struct):
    tenant: Annotated[str, Meta(min_length=1, max_length=64)]
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    proof: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{64}$")]


def _visitors(desk: Desk) -> Endpoint:
    def mint(wanted: _VisitorRequest, request: Request) -> object:
        address = request.client.host if request.client is not None else ""
        now_s = trio.current_time()
        return desk.customers.visitor(wanted.tenant, wanted.visitor, address=address, now_s=now_s)

    return _token_for(desk, _VisitorRequest, "expected {tenant, visitor?}", mint)


def _proofs(desk: Desk) -> Endpoint:
    def mint(wanted: _ProofRequest, _: Request) -> object:
        return desk.customers.proven(wanted.tenant, wanted.id, wanted.proof)

    shape = "expected {tenant, id, proof}, where proof is an HMAC-SHA256 as 64 hex digits"
    return _token_for(desk, _ProofRequest, shape, mint)


def _token_for(
    desk: Desk, kind: type[_Asked], shape: str, mint: Callable[[_Asked, Request], object]
) -> Endpoint:
    """Answers pages that ask for a customer's token; whatever is wrong, the page may read it."""

    async def serve(request: Request) -> Response:
        origin = request.headers.get("origin")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_cors(origin))
        wanted = await _read(request, kind)
        if wanted is None:
            return _json({"error": shape}, 400, _cors(origin))
        own = origin is None or is_own(origin, request.headers.get("host", ""))
        if origin is not None and not own and not desk.may_embed(wanted.tenant, origin):
            return _json({"error": _may_not(origin, wanted.tenant)}, 403, _cors(origin))
        try:
            minted = mint(wanted, request)
        except TooMany as error:
            headers = _cors(origin) | {"retry-after": str(int(error.retry_s) + 1)}
            return _json({"error": "too many new visitors"}, 429, headers)
        except NotLetIn as error:
            return _json({"error": str(error)}, error.status, _cors(origin))
        return _json(minted, 200, _cors(origin))

    return serve


def _may_not(origin: str, tenant: str) -> str:
    if origin == "null":
        return "a page opened from a file has no origin: serve it, as python3 -m http.server does"
    return (
        f"{origin} may not have customers of tenant {tenant!r}: is data-tenant right, and is this "
        f"origin in origins = [...] of [tenants.{tenant}]?"
    )


def _opening(desk: Desk) -> Endpoint:
    async def serve(request: Request) -> Response:
        origin = request.headers.get("origin")
        tenant = request.query_params.get("tenant", "")
        own = origin is None or is_own(origin, request.headers.get("host", ""))
        if origin is not None and not own and not desk.may_embed(tenant, origin):
            return _json({"error": _may_not(origin, tenant)}, 403, _cors(origin))
        door = desk.door(tenant, request.query_params.get("queue", ""))
        if door is None:
            return _json({"error": "no such tenant or queue"}, 404, _cors(origin))
        return _json(door, 200, {**_cors(origin), "cache-control": "public, max-age=5"})

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


# -- the demo ----------------------------------------------------------------------------------


class _TokenRequest(Struct):
    id: str
    role: str


def _people(demo: DemoDesk | None) -> Endpoint:
    """Whom the pages of staff offer to sign in as; nobody but in the demo."""

    async def people(_: Request) -> Response:
        return _json([] if demo is None else demo.people())

    return people


def _demo_routes(demo: DemoDesk, shop: _File | None) -> list[Route]:
    async def token(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and not is_own(origin, request.headers.get("host", "")):
            return _json({"error": "this origin may not"}, 403)
        wanted = await _read(request, _TokenRequest)
        if wanted is None:
            return _json({"error": "expected {id, role}"}, 400)
        minted = demo.token_for_human(wanted.id, wanted.role)
        if minted is None:
            return _json({"error": "nobody of that name"}, 404)
        return _json({"token": minted})

    return [
        Route("/demo", _page(shop, "'self'")),
        Route("/demo/token", token, methods=["POST"]),
    ]


# -- bodies ------------------------------------------------------------------------------------


async def _read(request: Request, wanted: type[_Wanted]) -> _Wanted | None:
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        return None
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(value), status, dict(headers or {}), media_type="application/json"
    )
