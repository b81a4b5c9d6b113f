"""The pages of those who run the server: is it well, is it ready, what does it do.

Owns: which path says what, on the second address and on the public one where there is no second.
Does not know: bytes, the core, how a figure is made; it asks ``Watched``.

Invariants (tests/server/test_ops_pages.py): ``/livez`` asks nothing but the loop; ``/readyz`` names
every reason, in text as in JSON; ids of agents are on the second address alone; runbooks are
wherever ``/metrics`` is; while the node starts, all else that the public address has answers 503.
"""

from collections.abc import Mapping
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from router.core import Router
from router.documents.page import POLICY
from router.errors import Refusal, Refused
from router.server.calls import json_response, refusal
from router.server.detailed import detailed_page
from router.server.metrics import CONTENT_TYPE, OPEN_TYPE, wants_open
from router.server.readiness import Check, is_ready
from router.server.runbooks import html_of

__all__ = [
    "NOT_YET",
    "RETRY_AFTER_S",
    "Ready",
    "Watched",
    "ops_app",
    "public_ops_routes",
    "starting_app",
]

NOT_YET = "this node is starting"
RETRY_AFTER_S = "1"


class Ready(Protocol):
    """Says whether a node takes new connections."""

    def checks(self) -> Mapping[str, Check]:
        """What was looked at, by name."""


class Watched(Protocol):
    """What these pages ask the running server."""

    @property
    def readiness(self) -> Ready:
        """Says whether this node takes new connections."""

    async def render_metrics(self, *, is_open: bool = False) -> bytes:
        """The page for Prometheus, in its text format or in OpenMetrics."""

    @property
    def served(self) -> Mapping[str, Router]:
        """The cores, for who looks into one agent."""


def ops_app(desk: Watched) -> Starlette:
    """The application of ``server.ops_bind``."""

    async def detailed(_: Request) -> Response:
        page = await detailed_page(desk.served)
        return Response(page, headers={"content-type": CONTENT_TYPE})

    return Starlette(routes=[*_routes(desk), Route("/metrics/detailed", detailed)])


def public_ops_routes(desk: Watched) -> list[Route]:
    """What the public port has of it where there is no second address."""
    return [*_routes(desk), Route("/metrics/detailed", _not_here)]


def starting_app(desk: Watched, *, has_ops: bool) -> Starlette:
    """What the public port has while the node starts."""
    return Starlette(
        routes=public_ops_routes(desk) if has_ops else [],
        exception_handlers={404: _not_yet, 405: _not_yet},
    )


async def _not_yet(request: Request, _: Exception) -> Response:
    """Back ends hear it in the form of all their errors."""
    if request.url.path.startswith("/v1/"):
        answer = refusal(Refused(Refusal.OVERLOADED, NOT_YET), 503)
    else:
        answer = PlainTextResponse(f"{NOT_YET}\n", 503)
    answer.headers["retry-after"] = RETRY_AFTER_S
    return answer


async def _not_here(_: Request) -> Response:
    """Ids of agents are not for everybody who finds the public port."""
    return PlainTextResponse(
        "Agents are shown one by one on the second address only: set server.ops_bind.\n", 404
    )


def _routes(desk: Watched) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        checks = desk.readiness.checks()
        status = 200 if is_ready(checks) else 503
        if _wants_json(request):
            return json_response({"ready": status == 200, "checks": checks}, status)
        reasons = (
            f"{name}: {check.detail}\n"
            for name, check in checks.items()
            if check.counts and not check.ok
        )
        return PlainTextResponse("".join(reasons) or "ready\n", status)

    async def metrics(request: Request) -> Response:
        is_open = wants_open(request.headers.get("accept", ""))
        told = {"content-type": OPEN_TYPE if is_open else CONTENT_TYPE, "vary": "accept"}
        return Response(await desk.render_metrics(is_open=is_open), headers=told)

    return [
        Route("/healthz", healthz),
        Route("/livez", healthz),  # the same under the name that orchestrators use
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/runbooks", _to_runbooks),
        Route("/runbooks/{name}", _runbook),
    ]


def _wants_json(request: Request) -> bool:
    """Text is for whoever asks for nothing else."""
    return "json" in request.query_params or "application/json" in request.headers.get("accept", "")


async def _to_runbooks(_: Request) -> Response:
    return RedirectResponse("/runbooks/index.html")


async def _runbook(request: Request) -> Response:
    """A page for whom an alert woke; ``.html`` as in the documentation's site, or without."""
    name = str(request.path_params["name"]).removesuffix(".html")
    page = html_of(name)
    if page is None:
        return PlainTextResponse("There is no such runbook; /runbooks lists all.\n", 404)
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff"}
    return HTMLResponse(page, headers=headers)
