"""Tokens for the customers on a site's page, over a real node."""

import json

import msgspec
import pytest

from router.server.settings import Settings
from tests.helpers.nodes import node_settings, open_node
from tests.server.test_proofs import SECRET, proof

SHOP = "Origin: https://shop.example"


def settings(**tenant: object) -> Settings:
    made = node_settings()
    facts = {"identity_secret": SECRET, **tenant}
    acme = msgspec.structs.replace(made.tenants["acme"], **facts)
    return msgspec.structs.replace(made, tenants={**made.tenants, "acme": acme})


async def test_a_proof_opens_a_socket_as_a_verified_customer() -> None:
    async with open_node(settings(visitors=False)) as node:
        ask = {"tenant": "acme", "id": "c-17", "proof": proof("c-17")}
        status, headers, body = await node.post("/v1/proofs", ask, SHOP)
        assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example")
        client = await node.socket(origin="https://shop.example", query="?tenant=acme")
        welcome = await client.hello("customer", "?", token=json.loads(body)["token"])
        assert welcome["you"]["id"] == "c-17"
        assert node.node.routers["acme"].world.people.customers["c-17"].verified


@pytest.mark.parametrize(
    ("path", "ask", "status", "mend"),
    [
        ("/v1/visitors", {"tenant": "acme"}, 401, 'call fairline("identify", {id, proof})'),
        ("/v1/proofs", {"tenant": "acme", "id": "c-18", "proof": proof("c-17")}, 401, "exactly"),
        ("/v1/proofs", {"tenant": "none", "id": "c", "proof": proof("c")}, 404, "data-tenant"),
        ("/v1/proofs", {"tenant": "acme", "id": "c", "proof": "short"}, 400, "64 hex digits"),
        ("/v1/visitors", {"tenant": ""}, 400, "data-tenant of the script tag, ?tenant= of /widget"),
        ("/v1/proofs", {"tenant": "acme", "proof": proof("c")}, 400, "expected {tenant, id, proof"),
    ],
)
async def test_who_gets_no_token_reads_what_mends_it(
    path: str, ask: dict[str, str], status: int, mend: str
) -> None:
    async with open_node(settings(visitors=False)) as node:
        answered, _, body = await node.post(path, ask)
        assert (answered, mend in json.loads(body)["error"]) == (status, True), body
        assert SECRET.encode() not in body


async def test_a_page_opened_from_a_file_is_told_to_be_served() -> None:
    async with open_node(settings()) as node:
        status, _, body = await node.post("/v1/visitors", {"tenant": "acme"}, "Origin: null")
        assert (status, "python3 -m http.server" in body.decode()) == (403, True)


async def test_another_site_gets_nothing_and_can_read_why() -> None:
    async with open_node(settings()) as node:
        ask = {"tenant": "acme", "id": "c-17", "proof": proof("c-17")}
        evil = "Origin: https://evil.example"
        status, headers, body = await node.post("/v1/proofs", ask, evil)
        assert (status, headers["access-control-allow-origin"]) == (403, "https://evil.example")
        assert "https://evil.example may not have customers of tenant" in json.loads(body)["error"]
