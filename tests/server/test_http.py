"""The pages and the small HTTP surface, from a real node on loopback."""

import json
import re

import msgspec
import pytest

from tests.helpers.nodes import node_settings, open_node, token
from tests.helpers.pages import asset

SHOP = "Origin: https://shop.example"


async def test_pages_run_this_servers_scripts_alone() -> None:
    async with open_node() as node:
        for path, ancestors in (("/desktop", "'none'"), ("/board", "'none'"), ("/widget", "*")):
            status, headers, body = await node.get(path)
            assert status == 200, path
            assert body.lower().startswith(b"<!doctype html>")
            parts = headers["content-security-policy"].split("; ")
            assert "default-src 'none'" in parts
            assert "script-src 'self'" in parts
            assert f"frame-ancestors {ancestors}" in parts
            assert f"connect-src 'self' ws://127.0.0.1:{node.port} wss://127.0.0.1:{node.port}" in (
                parts
            )
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/widget.js", "/client.js", "/client.tgz"])
async def test_widget_and_library_may_be_loaded_by_other_sites(path: str) -> None:
    async with open_node() as node:
        status, headers, body = await node.get(path)
        assert (status, headers["access-control-allow-origin"]) == (200, "*")
        kind = "application/gzip" if path.endswith("tgz") else "text/javascript; charset=utf-8"
        assert headers["content-type"] == kind
        assert len(body) > 100


async def test_assets_are_the_files_of_the_pages_and_nothing_else() -> None:
    async with open_node() as node:
        assert (await node.get(asset("desktop-*.js")))[0] == 200
        for path in (
            "/assets/none.js",
            "/assets/",
            "/assets/../../core.py",
            "/assets/%2e%2e/%2e%2e/core.py",
            "/assets/..%2f..%2fcore.py",
            "/assets/core.py",
            "/assets/desktop/index.html",
            "/assets/.vite/manifest.json",
            asset("demo/shop-*.css"),
            "/demo",
            "/demo/token",
            "/v1/none",
        ):
            status, _, body = await node.get(path)
            assert status in {400, 404}, path
            assert b"Router" not in body


async def test_the_root_says_where_the_pages_are() -> None:
    async with open_node() as node:
        status, headers, body = await node.get("/")
        assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
        found = re.findall(r"/[a-z0-9./]+", body.decode())
        for path in found:
            expected = {"/v1/socket": 426, "/v1/": 404}.get(path, 200)
            assert (await node.get(path))[0] == expected, path
        assert len(found) == 10


async def test_nobody_is_offered_to_sign_in_as_but_in_the_demo() -> None:
    async with open_node() as node:
        status, _, body = await node.get("/desktop/people")
        assert (status, body) == (200, b"[]")


async def test_health_and_readiness_are_told_apart() -> None:
    async with open_node() as node:
        assert (await node.get("/healthz"))[0] == 200
        assert (await node.get("/readyz"))[::2] == (200, b"ready\n")
        node.node.gateway.is_draining = True
        status, _, body = await node.get("/readyz")
        assert (status, body) == (503, b"draining: about to stop\n")
        assert (await node.get("/healthz"))[0] == 200


async def test_metrics_may_have_an_address_of_their_own() -> None:
    async with open_node() as node:
        assert b"fairline_connections" in (await node.get("/metrics"))[2]
    async with open_node(node_settings(ops_bind="127.0.0.1:0")) as node:
        assert (await node.get("/metrics"))[0] == 404
        assert (await node.get("/healthz"))[0] == 404
        assert node.ops_port is not None
        ops = node.at(node.ops_port)
        assert b"fairline_connections" in (await ops.get("/metrics"))[2]
        assert (await ops.get("/readyz"))[0] == 200
        assert (await ops.get("/desktop"))[0] == 404


# -- visitors ----------------------------------------------------------------------------------


# -- the demo ----------------------------------------------------------------------------------


class Desk:
    """Who may be played in the demo."""

    def people(self) -> object:
        return [{"id": "alice", "name": "Alice", "role": "agent"}]

    def token_for_human(self, subject: str, role: str) -> str | None:
        return token(role, subject) if (subject, role) == ("alice", "agent") else None

    def token_for_service(self) -> str:
        return token("service", "back-end")


async def test_the_demo_lets_back_ends_in_with_one_call() -> None:
    async with open_node(desk=Desk()) as node:
        minted = (await node.post("/demo/service", {}))[2].decode()
        assert minted.endswith("\n")
        status, _, body = await node.get("/v1/queues", f"Authorization: Bearer {minted.strip()}")
        assert (status, b"support" in body) == (200, True)
        assert (await node.post("/demo/service", {}, "Origin: https://evil.example"))[0] == 403
    async with open_node() as node:
        assert (await node.post("/demo/service", {}))[0] == 404


async def test_the_demo_signs_its_people_in_with_one_click() -> None:
    async with open_node(desk=Desk()) as node:
        status, headers, _ = await node.get("/demo")
        assert (status, "script-src 'self'" in headers["content-security-policy"]) == (200, True)
        people = json.loads((await node.get("/desktop/people"))[2])
        assert people[0]["id"] == "alice"
        ask = {"id": "alice", "role": "agent"}
        minted = json.loads((await node.post("/demo/token", ask))[2])
        client = await node.socket()
        assert (await client.hello("agent", "alice", token=minted["token"]))["ok"]
        assert (await node.post("/demo/token", {"id": "bob", "role": "agent"}))[0] == 404
        assert (await node.post("/demo/token", {"id": "bob"}))[0] == 400
        assert (await node.post("/demo/token", ask, "Origin: https://evil.example"))[0] == 403
        assert (await node.get(asset("demo/shop-*.css")))[0] == 200


async def test_a_file_that_did_not_change_is_not_sent_again() -> None:
    async with open_node() as node:
        path = asset("desktop-*.js")
        _, headers, _ = await node.get(path)
        assert "immutable" in headers["cache-control"]
        status, _, body = await node.get(path, f"If-None-Match: {headers['etag']}")
        assert (status, body) == (304, b"")
        assert (await node.get("/desktop"))[1]["cache-control"] == "no-cache"


async def test_a_back_end_that_goes_astray_hears_it_in_the_form_of_all_errors() -> None:
    async with open_node() as node:
        status, headers, body = await node.get("/v1/nothing")
        assert status == 404
        assert headers["content-type"] == "application/json"
        err = msgspec.json.decode(body)["err"]
        assert err["name"] == "not_found"
        assert err["msg"] == "GET /v1/nothing: there is no such call; see /v1/openapi.json"
        status, headers, body = await node.post("/v1/queues", {})
        assert status == 405
        assert "get" in headers["allow"]
        assert "POST /v1/queues" in msgspec.json.decode(body)["err"]["msg"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/desktp", ' (did you mean "/desktop"?)'),
        ("/Board", ' (did you mean "/board"?)'),
        ("/nothing", ""),
        (f"/{'desktop' * 1_000}", ""),
    ],
)
async def test_a_person_who_goes_astray_reads_where_the_pages_are(path: str, hint: str) -> None:
    async with open_node() as node:
        status, headers, body = await node.get(path)
        assert (status, headers["content-type"]) == (404, "text/plain; charset=utf-8")
        first, _, rest = body.decode().partition("\n")
        assert first == f"Nothing is here{hint}. A Fairline server."
        assert rest == (await node.get("/"))[2].decode().partition("\n")[2]
