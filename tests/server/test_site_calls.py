"""What pages of a site call, from a real node on loopback."""

import json

import pytest

from router.server.auth import Identity
from tests.helpers.nodes import open_node

SHOP = "Origin: https://shop.example"


async def test_a_visitor_gets_a_token_that_opens_a_socket() -> None:
    async with open_node() as node:
        status, headers, body = await node.post("/v1/visitors", {"tenant": "acme"}, SHOP)
        assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example")
        minted = json.loads(body)
        assert minted["expires_ms"] <= 3_600_000
        client = await node.socket(origin="https://shop.example", query="?tenant=acme")
        welcome = await client.hello("customer", "?", token=minted["token"])
        assert welcome["you"]["id"] == minted["id"]
        assert await client.refused("policy.get") == 102
        identity = await node.node.authenticate(minted["token"])
        assert not isinstance(identity, Identity)
        assert not identity.claims.verified


async def test_the_same_secret_is_the_same_visitor() -> None:
    async with open_node() as node:
        first = json.loads((await node.post("/v1/visitors", {"tenant": "acme"}, SHOP))[2])
        ask = {"tenant": "acme", "visitor": first["visitor"]}
        again = json.loads((await node.post("/v1/visitors", ask, SHOP))[2])
        other = json.loads((await node.post("/v1/visitors", {"tenant": "acme"}, SHOP))[2])
        assert (again["id"], again["visitor"]) == (first["id"], first["visitor"])
        assert other["id"] != first["id"]


async def test_new_visitors_of_one_address_are_limited_and_known_ones_are_not() -> None:
    async with open_node() as node:
        body = b""
        for _ in range(5):
            status, _, body = await node.post("/v1/visitors", {"tenant": "acme"}, SHOP)
            assert status == 200
        status, headers, _ = await node.post("/v1/visitors", {"tenant": "acme"}, SHOP)
        assert (status, 0 < int(headers["retry-after"]) <= 61) == (429, True)
        known = {"tenant": "acme", "visitor": json.loads(body)["visitor"]}
        assert (await node.post("/v1/visitors", known, SHOP))[0] == 200
        invented = {"tenant": "acme", "visitor": "f" * 80}
        assert (await node.post("/v1/visitors", invented, SHOP))[0] == 429


@pytest.mark.parametrize(
    ("value", "origin", "status"),
    [
        ({"tenant": "acme"}, "https://evil.example", 403),
        ({"tenant": "acme"}, "https://other.example", 403),
        ({"tenant": "none"}, "https://shop.example", 403),
        ({"tenant": "none"}, None, 404),
        ({"tenant": 7}, None, 400),
        ([], None, 400),
        ({"tenant": "acme", "visitor": "x" * 200}, None, 400),
        ({"tenant": "acme"}, None, 200),
    ],
)
async def test_who_may_have_a_visitor_is_judged(
    value: object, origin: str | None, status: int
) -> None:
    async with open_node() as node:
        headers = [f"Origin: {origin}"] if origin else []
        answered, told, _ = await node.post("/v1/visitors", value, *headers)
        assert answered == status
        # A page that is refused can read so: its widget stops and says why.
        assert told.get("access-control-allow-origin") == origin


async def test_a_preflight_is_answered() -> None:
    async with open_node() as node:
        lines = ["OPTIONS /v1/visitors HTTP/1.1", f"Host: 127.0.0.1:{node.port}", SHOP, "", ""]
        status, headers, _ = await node.http("\n".join(lines))
        assert (status, headers["access-control-allow-headers"]) == (204, "content-type")
        assert (await node.get("/v1/visitors"))[0] == 405


async def test_the_state_of_a_queue_is_told_to_the_tenants_pages_alone() -> None:
    async with open_node() as node:
        status, headers, body = await node.get("/v1/opening?tenant=acme", SHOP)
        told = json.loads(body)
        assert (status, told["open"], told["waiting"]) == (200, True, 0)
        assert headers["access-control-allow-origin"] == SHOP.removeprefix("Origin: ")
        assert "max-age=5" in headers["cache-control"]
        own = await node.get(f"/v1/opening?tenant=acme&queue={told['queue']}")
        assert json.loads(own[2]) == told
        evil = "Origin: https://evil.example"
        assert (await node.get("/v1/opening?tenant=acme", evil))[0] == 403
        assert (await node.get("/v1/opening?tenant=acme&queue=none", SHOP))[0] == 404
        assert (await node.get("/v1/opening"))[0] == 404
