"""The paths that pages call."""

from starlette.routing import Route

from router.documents.openapi_open import open_paths
from router.server.site_calls import site_routes
from tests.helpers.nodes import open_node


async def test_they_are_exactly_those_that_are_served_and_need_no_token() -> None:
    async with open_node() as node:
        routes = site_routes(node.node)
    served = {
        (method, route.path)
        for route in routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    told = {(method.upper(), path) for path, methods in open_paths().items() for method in methods}
    assert told == served
    for methods in open_paths().values():
        assert all(one["security"] == [] for one in methods.values())


def test_too_many_are_told_when_to_come_again() -> None:
    answers = open_paths()["/v1/visitors"]["post"]["responses"]
    assert "Retry-After" in answers["429"]["headers"]
    assert "headers" not in answers["404"]
