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
from typing import NamedTuple, Protocol

from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from router.errors import Refusal, Refused
from router.server.calls import json_response, refusal
from router.server.ops_pages import Watched, public_ops_routes
from router.server.origins import is_own
from router.server.site_calls import Sites, read_small, site_routes
from router.suggestions import did_you_mean

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
_PLACES = tuple(line.split()[0] for line in _SIGNPOST.splitlines() if line.startswith("/"))
_ASTRAY_CHARS = 64
"""So much of a path is compared with those: to look for words that are near takes time."""


class Desk(Watched, Sites, Protocol):
    """What the HTTP surface asks the running server."""


class DemoDesk(Protocol):
    """Signs people of the demo in; only there under ``fairline demo``."""

    def people(self) -> object:
        """Whom a human may play."""

    def token_for_human(self, subject: str, role: str) -> str | None:
        """A token for one of them."""

    def token_for_service(self) -> str:
        """A token for whoever tries the calls of back ends."""


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
        *site_routes(desk),
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
    if not f"{request.url.path}/".startswith("/v1/"):
        told = error.detail
        if error.status_code == 404:
            hint = did_you_mean(request.url.path[:_ASTRAY_CHARS], _PLACES)
            told = f"Nothing is here{hint}. {_SIGNPOST.rstrip()}"
        return PlainTextResponse(f"{told}\n", error.status_code, error.headers)
    there = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    what = f"this path takes {there} alone" if there else "there is no such call"
    told = f"{request.method} {request.url.path}: {what}; see /v1/openapi.json"
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


# -- the demo ----------------------------------------------------------------------------------


class _TokenRequest(Struct):
    id: str
    role: str


def _people(demo: DemoDesk | None) -> Endpoint:
    """Whom the pages of staff offer to sign in as; nobody but in the demo."""

    async def people(_: Request) -> Response:
        return json_response([] if demo is None else demo.people())

    return people


def _demo_routes(demo: DemoDesk, shop: _File | None) -> list[Route]:
    def is_foreign(request: Request) -> bool:
        origin = request.headers.get("origin")
        return origin is not None and not is_own(origin, request.headers.get("host", ""))

    async def service(request: Request) -> Response:
        if is_foreign(request):
            return json_response({"error": "this origin may not"}, 403)
        return PlainTextResponse(f"{demo.token_for_service()}\n")

    async def token(request: Request) -> Response:
        if is_foreign(request):
            return json_response({"error": "this origin may not"}, 403)
        wanted = await read_small(request, _TokenRequest)
        if wanted is None:
            return json_response({"error": "expected {id, role}"}, 400)
        minted = demo.token_for_human(wanted.id, wanted.role)
        if minted is None:
            return json_response({"error": "nobody of that name"}, 404)
        return json_response({"token": minted})

    return [
        Route("/demo", _page(shop, "'self'")),
        Route("/demo/token", token, methods=["POST"]),
        Route("/demo/service", service, methods=["POST"]),
    ]
