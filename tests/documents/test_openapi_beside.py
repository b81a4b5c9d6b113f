"""The paths beside the table of commands."""

import msgspec
from starlette.routing import Route

from router.documents.openapi import openapi
from router.documents.openapi_beside import beside
from router.server.records import TrailQuery
from tests.helpers.nodes import open_node, token

OPEN = {"/v1/openapi.json", "/v1/asyncapi.json"}
"""The documents themselves."""


async def test_every_path_that_can_be_called_is_described_and_no_other() -> None:
    async with open_node() as node:
        routes = node.node.gateway._app._app.routes  # type: ignore[attr-defined]
    served = {
        (method, route.path)
        for route in routes
        if isinstance(route, Route) and route.path.startswith("/v1/") and route.path not in OPEN
        for method in route.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    told = {
        (method.upper(), path)
        for path, methods in openapi()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert told == served


def test_the_audit_trail_is_asked_by_what_it_can_be_asked_by() -> None:
    told = [one["name"] for one in beside()["/v1/audit"]["get"]["parameters"]]
    assert told == list(TrailQuery.__struct_fields__)


async def test_answers_have_the_described_fields() -> None:
    schemas = openapi()["components"]["schemas"]
    async with open_node() as node:
        bearer = f"Authorization: Bearer {token('service', 'shop')}"
        _, _, hooks = await node.get("/v1/webhooks", bearer)
        _, _, lent = await node.post("/v1/rehearsals", {}, bearer)
    for name, body in (("Hooks", hooks), ("Lent", lent)):
        assert msgspec.json.decode(body).keys() == schemas[name]["properties"].keys()
