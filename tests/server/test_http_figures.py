"""Requests are counted by the routes of the application, whatever a client writes."""

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from router.server.http_figures import BANDS, OTHER, HttpFigures
from tests.helpers.nodes import open_node
from tests.server.test_metrics import figures


async def well(_: Request) -> Response:
    return PlainTextResponse("ok")


async def broken(_: Request) -> Response:
    raise RuntimeError("a flaw")


async def one(request: Request) -> Response:
    return PlainTextResponse(request.path_params["name"], 404)


class Asked:
    """An application with figures, and a client of it."""

    def __init__(self) -> None:
        self.figures = HttpFigures()
        routes = [Route("/livez", well), Route("/healthz", well), Route("/things/{name}", one),
                  Route("/broken", broken)]  # fmt: skip
        self.app = self.figures.watch(Starlette(routes=routes))

    async def get(self, path: str) -> None:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            await client.get(path)

    def counts(self) -> dict[tuple[str, str], float]:
        return {
            (sample.labels["route"], sample.labels["status"]): sample.value
            for family in self.figures.collect()
            for sample in family.samples
            if sample.name == "fairline_http_requests_total"
        }

    def timed(self) -> dict[str, float]:
        return {
            sample.labels["route"]: sample.value
            for family in self.figures.collect()
            for sample in family.samples
            if sample.name == "fairline_http_request_duration_seconds_count"
        }


def test_every_route_is_there_at_0_from_the_start() -> None:
    asked = Asked()
    routes = {"/livez", "/healthz", "/things/{name}", "/broken", OTHER}
    assert asked.counts() == {(route, band): 0 for route in routes for band in BANDS}


@pytest.mark.parametrize(
    ("path", "route", "band"),
    [
        ("/livez", "/livez", "2xx"),
        ("/healthz", "/healthz", "2xx"),
        ("/things/one", "/things/{name}", "4xx"),
        ("/broken", "/broken", "5xx"),
        ("/wp-admin.php", OTHER, "4xx"),
        ("/things/one/two", OTHER, "4xx"),
    ],
)
async def test_a_request_counts_once_by_its_route(path: str, route: str, band: str) -> None:
    asked = Asked()
    await asked.get(path)
    assert {key for key, count in asked.counts().items() if count} == {(route, band)}
    assert asked.counts()[route, band] == 1
    assert asked.timed() == {route: 1}


async def test_what_a_client_writes_makes_no_series() -> None:
    asked = Asked()
    before = asked.counts().keys()
    for number in range(50):
        await asked.get(f"/things/{number}")
        await asked.get(f"/elsewhere/{number}")
    assert asked.counts().keys() == before
    assert asked.timed() == {"/things/{name}": 50, OTHER: 50}


async def test_a_node_counts_its_own_routes() -> None:
    async with open_node() as node:
        await node.get("/livez")
        await node.get("/nothing")
        counted: set[tuple[str, str]] = set()
        shown: dict[tuple[str, tuple[str, ...]], float] = {}
        with trio.fail_after(10):  # a request counts once it is over, a moment after its answer
            while not counted >= {("/livez", "2xx"), (OTHER, "4xx")}:
                node.node.metrics._pages.clear()
                shown = figures((await node.get("/metrics"))[2])
                requests = {key: n for key, n in shown.items() if key[0].endswith("requests_total")}
                counted = {(key[1][0], key[1][1]) for key, count in requests.items() if count}
    assert counted <= {("/livez", "2xx"), (OTHER, "4xx"), ("/metrics", "2xx")}
    assert shown["fairline_http_requests_total", ("/livez", "2xx")] == 1
    assert shown["fairline_http_requests_total", (OTHER, "4xx")] == 1
    named = {key[1][0] for key in shown if key[0] == "fairline_http_requests_total"}
    assert "/v1/conversations/{conversation}" in named
    assert len(named) > 25
