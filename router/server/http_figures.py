"""What comes over HTTP, counted by route, for Prometheus.

Owns: which request counts where, and how long each took. Does not know: what a route does, sockets.

Invariants (tests/server/test_http_figures.py): a route is one of the application's own, never what
a client wrote; what no route serves is ``other``; every route has its counters at 0 from the start.
"""

import time
from collections.abc import Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.server.buckets import Buckets, Labels, as_counter, as_family

__all__ = ["BANDS", "OTHER", "HttpFigures"]

BANDS = ("2xx", "3xx", "4xx", "5xx")
OTHER = "other"
TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class HttpFigures(Collector):
    """The requests of one node, over all its applications."""

    def __init__(self) -> None:
        self._requests: dict[Labels, int] = {}
        self._times: dict[Labels, Buckets] = {}

    def watch(self, app: Starlette) -> ASGIApp:
        """The same application, whose requests are counted."""
        watched = _Watched(app, self)
        for path in (*watched.paths, OTHER):
            for band in BANDS:
                self._requests.setdefault((path, band), 0)
        return watched

    def note(self, path: str, status: int, took_s: float) -> None:
        """A request to a route was answered."""
        key = (path, f"{status // 100}xx")
        self._requests[key] = self._requests.get(key, 0) + 1
        times = self._times.get((path,))
        if times is None:
            times = self._times[path,] = Buckets(TIMES)
        times.note(took_s)

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        yield as_counter(
            "fairline_http_requests",
            "Requests over HTTP, by route and by the first figure of the answer.",
            ["route", "status"],
            self._requests,
        )
        yield as_family(
            "fairline_http_request_duration_seconds",
            "From a request to the end of its answer; there after a route's first.",
            ["route"],
            self._times,
        )


class _Watched:
    """An application, and the paths of its routes by what serves them."""

    def __init__(self, app: Starlette, figures: HttpFigures) -> None:
        self._app = app
        self._figures = figures
        self._routes: dict[object, list[Route]] = {}
        for route in _plain(app.routes):
            self._routes.setdefault(route.endpoint, []).append(route)
        self.paths = [one.path for some in self._routes.values() for one in some]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = time.perf_counter(), 500

        async def listen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, listen)
        finally:
            self._figures.note(self._path_of(scope), status, time.perf_counter() - began_s)

    def _path_of(self, scope: Scope) -> str:
        """The path of the route that served it; an endpoint may stand behind several."""
        routes = self._routes.get(scope.get("endpoint"), [])
        if len(routes) > 1:
            routes = [one for one in routes if one.matches(dict(scope))[0] is not Match.NONE]
        return routes[0].path if routes else OTHER


def _plain(routes: Sequence[BaseRoute]) -> Iterable[Route]:
    return (route for route in routes if isinstance(route, Route))
