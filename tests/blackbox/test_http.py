"""Sections 9 and 10 of the protocol from outside: pages, health, metrics, anonymous customers."""

import json
from typing import Any

import pytest

from tests.helpers.outsider_raw import head
from tests.helpers.outsider_server import HOST, Server

pytestmark = pytest.mark.process

SHOP = "https://shop.example"
TENANTS = {
    "shop": {"origins": [SHOP], "native_apps": False},
    "closed": {"origins": [SHOP], "visitors": False},
}


def visitor(server: Server, origin: str | None = SHOP, **wanted: object) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"}
    if origin is not None:
        headers["Origin"] = origin
    body = json.dumps(wanted).encode()
    status, _, answer = server.get("/v1/visitors", method="POST", headers=headers, body=body)
    return status, json.loads(answer)


@pytest.mark.parametrize("path", ["/widget.js", "/widget", "/desktop", "/board"])
def test_pages_are_served_with_a_policy_of_their_own(server: Server, path: str) -> None:
    """Section 9."""
    status, headers, body = server.get(path)
    assert status in {200, 404}, "404 alone where nothing was built"
    assert headers["x-content-type-options"] == "nosniff"
    if status == 200:
        assert body
        assert path == "/widget.js" or "content-security-policy" in headers


def test_health_and_readiness_are_said(server: Server) -> None:
    """Section 9."""
    assert server.get("/healthz")[0] == 200
    assert server.get("/readyz")[0] == 200
    assert server.get("/demo")[0] == 404
    assert server.get("/nowhere")[0] == 404


def test_metrics_name_no_person(server: Server, tenant: str) -> None:
    """Section 9, and the design: no personal data in them."""
    line = server.person(tenant, "customer", "carl-the-customer", more={"name": "Carl Bond"})
    line.do("conversation.request", op="r1", channel="chat", body="my secret")
    status, headers, body = server.get("/metrics")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert b"fairline" in body
    for private in (b"carl-the-customer", b"Carl Bond", b"my secret"):
        assert private not in body


def test_metrics_do_not_grow_with_what_strangers_ask(server: Server) -> None:
    """Random paths and tenants make no series."""
    names = {line.rpartition(b" ")[0] for line in server.get("/metrics")[2].splitlines()}
    for number in range(20):
        server.get(f"/path{number}?tenant=t{number}", headers={"User-Agent": f"agent{number}"})
    later = {line.rpartition(b" ")[0] for line in server.get("/metrics")[2].splitlines()}
    assert len(later - names) < 10


@pytest.mark.parametrize(
    "request_head",
    [
        head().replace(b"\r\n", b"\n"),
        head().replace(b"HTTP/1.1", b"HTTP/1.0"),
        head().replace(b"GET ", b"POST "),
        head().replace(b"GET /v1/socket", b"CONNECT /v1/socket"),
        head(b"Content-Length: 5") + b"hello",
        head(b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head().replace(b"/v1/socket", b"http://elsewhere/v1/socket"),
        head().replace(b"Version: 13", b"Version: 12"),
        head().replace(b"Sec-WebSocket-Key", b"Sec-WebSocket-Lock"),
        head().replace(b"Host: localhost\r\n", b""),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_no_crooked_request_becomes_a_socket(server: Server, request_head: bytes) -> None:
    """Section 1; 4xx or nothing."""
    answer = server.exchange(request_head)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), answer[:80]
    assert b" 101 " not in answer[:20]
    assert server.get("/healthz")[0] == 200


def test_an_anonymous_customer_gets_an_identity_and_keeps_it(server: Server) -> None:
    """Section 10: bound to the site's origin, kept by the browser."""
    status, first = visitor(server, tenant="shop")
    assert status == 200
    line = server.line(origin=SHOP)
    welcome = line.hello(first["token"], "customer")
    assert (welcome["t"], welcome["you"]["id"]) == ("welcome", first["id"])
    line.do("conversation.request", op="r1", channel="chat")
    status, again = visitor(server, tenant="shop", visitor=first["visitor"])
    assert (status, again["id"]) == (200, first["id"])
    back = server.line(origin=SHOP).hello(again["token"], "customer")
    assert len(back["state"]["conversations"]) == 1
    native = server.line()
    assert native.hello(first["token"], "customer")["err"]["code"] == 102
    assert native.closing() == 4501
    staff = server.line(origin=SHOP)
    assert staff.hello(first["token"], "agent")["err"]["code"] == 102
    assert staff.closing() == 4501


def test_other_sites_and_closed_tenants_get_no_visitors(server: Server) -> None:
    """Section 10."""
    assert visitor(server, "https://evil.example", tenant="shop")[0] == 403
    assert visitor(server, "null", tenant="shop")[0] == 403
    assert visitor(server, tenant="closed")[0] == 401, "there is such a tenant; it wants a proof"
    assert visitor(server, tenant="nobody")[0] in {403, 404}
    assert visitor(server, f"http://{HOST}:{server.port}", tenant=7)[0] == 400


def test_identities_are_rate_limited_for_each_address(server: Server) -> None:
    """Section 10: invented secrets do not help."""
    found = [visitor(server, tenant="shop", visitor="f" * 80)[0] for _ in range(12)]
    assert found[-1] == 429
    assert set(found) <= {200, 429}
