"""Sections 1, 3 and 10 of the protocol from outside: the upgrade, ``hello``, origins, tokens."""

import base64
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.exceptions import InvalidStatus

from tests.helpers.outsider import JSON, MSGPACK, Line, claims, sign
from tests.helpers.outsider_raw import RawSocket, head
from tests.helpers.outsider_server import HOST, Server

pytestmark = pytest.mark.process

SHOP = "https://shop.example"
OTHER = "https://other.example"
TENANTS = {
    "shop": {"origins": [SHOP], "native_apps": False},
    "other": {"origins": [OTHER], "native_apps": False},
    "brief": {"token_ttl_max_s": 3600},
}


def refused_upgrade(server: Server, **how: object) -> int:
    with pytest.raises(InvalidStatus) as caught:
        server.line(**how)  # type: ignore[arg-type]
    return caught.value.response.status_code


# -- the upgrade ---------------------------------------------------------------------------------


def test_the_first_offered_subprotocol_that_is_known_is_chosen(server: Server) -> None:
    """Section 1."""
    offers = {
        MSGPACK: ["fairline.v9.json", MSGPACK, JSON],
        JSON: [JSON, MSGPACK],
    }
    for chosen, offered in offers.items():
        assert server.line(subprotocols=offered).socket.subprotocol == chosen


def test_without_a_known_subprotocol_there_is_no_upgrade(server: Server) -> None:
    """Section 1: HTTP 400."""
    assert refused_upgrade(server, subprotocols=["fairline.v9.json"]) == 400
    assert b"400" in server.exchange(head().replace(b"fairline.v1.json", b"")).split(b"\r\n")[0]


def test_compression_is_not_negotiated_although_it_is_offered(server: Server) -> None:
    """Section 1."""
    response = server.line().socket.response
    assert response is not None
    assert "Sec-WebSocket-Extensions" not in response.headers


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_a_frame_of_exactly_64_kib_is_read_and_one_byte_more_is_too_big(
    server: Server, tenant: str, encoding: str
) -> None:
    """Section 1: larger -> close 1009."""
    line = server.person(tenant, "agent", "alice", encoding=encoding)
    assert line.welcome["limits"]["frame_bytes"] == 65_536
    start = b'{"t":"x","id":2,"' + b"a" * 65_505 + b'":1}' + b" " * 20
    if encoding == JSON:
        line.socket.send(start[:65_536].decode())
        assert len(start[:65_536]) == 65_536
        assert line.next(lambda each: each["t"] == "reply")["err"]["code"] in {104, 105}
        line.socket.send("x" * 65_537)
    else:
        line.socket.send(b"\xc4" + b"x" * 65_536)
    assert line.closing() == 1009


def test_bytes_before_the_101_are_refused(server: Server) -> None:
    """Section 1: 400."""
    assert server.exchange(head() + b"\x81\x80\0\0\0\0").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([b"X-%d: 1" % number for number in range(80)], b"431"),
        ([b"X-Long: " + b"x" * 17_000], b"431"),
        ([b"X-Word: caf\xc3\xa9"], b"400"),
        ([b"Origin: https://a.example", b"Origin: https://b.example"], b"400"),
    ],
)
def test_a_head_beyond_its_limits_is_refused(
    server: Server, more: list[bytes], status: bytes
) -> None:
    """Section 1: 16 KiB, 64 headers, ASCII."""
    assert server.exchange(head(*more)).split(b" ")[1] == status


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x02{}",  # not masked
        b"\xc1\x80\0\0\0\0",  # a reserved bit
        b"\x83\x80\0\0\0\0",  # an opcode that there is not
        b"\x81\xff\x40\0\0\0\0\0\0\0\0\0\0\0",  # 2**62 bytes
        b"\x89\xfe\0\x7e" + b"\0" * 130,  # a ping of 126 bytes
        b"\x88\x81\0\0\0\0x",  # a close of one byte
        b"\x81\x82\0\0\0\0\xff\xfe",  # bad UTF-8
    ],
)
def test_a_breach_below_the_message_level_ends_that_connection_alone(
    server: Server, tenant: str, frame: bytes
) -> None:
    """Section 1: may end without a code; nobody else notices."""
    healthy = server.person(tenant, "agent", "alice")
    with RawSocket(server.port) as socket:
        socket.link.sendall(frame)
        assert socket.closing() in {1006, 1002, 1007, 1009, 4502}
    healthy.do("presence.set", show="busy")


def test_the_socket_path_answers_a_plain_request_and_others_no_upgrade(server: Server) -> None:
    """Section 9."""
    assert server.get("/v1/socket")[0] == 426
    assert server.exchange(head().replace(b"/v1/socket", b"/elsewhere")).split(b" ")[1] == b"404"


# -- origins ---------------------------------------------------------------------------------------


def hello_of(line: Line, tenant: str, role: str) -> int:
    """The code of the close, or 0 where hello was accepted."""
    answer = line.hello(sign(claims(tenant, role, "somebody")), role)
    if answer["t"] == "welcome":
        return 0
    assert answer["err"]["code"] == 102, answer
    return line.closing()


def test_an_origin_that_no_tenant_lists_is_refused_before_the_upgrade(server: Server) -> None:
    """Section 1: HTTP 403; with ``?tenant=`` that tenant's list alone counts."""
    assert refused_upgrade(server, origin="https://evil.example") == 403
    assert refused_upgrade(server, origin="null") == 403
    assert refused_upgrade(server, origin=SHOP + ".evil.example") == 403
    assert refused_upgrade(server, origin=SHOP, query="?tenant=other") == 403
    assert refused_upgrade(server, origin=SHOP, query="?tenant=nobody") == 403


def test_hello_checks_the_origin_again_against_the_tokens_tenant(server: Server) -> None:
    """Section 1: -> 4501."""
    assert hello_of(server.line(origin=SHOP), "shop", "customer") == 0
    assert hello_of(server.line(origin=SHOP, query="?tenant=shop"), "shop", "customer") == 0
    assert hello_of(server.line(origin=SHOP), "other", "customer") == 4501
    assert hello_of(server.line(origin=SHOP), "other", "agent") == 4501


def test_the_servers_own_origin_is_everybodys(server: Server) -> None:
    """Section 1: the server's own, or in the allow-list."""
    own = f"http://{HOST}:{server.port}"
    assert hello_of(server.line(origin=own), "shop", "customer") == 0
    assert refused_upgrade(server, origin=f"http://{HOST}:{server.port + 1}") == 403


def test_without_an_origin_staff_come_in_and_customers_only_as_native_apps(
    server: Server, tenant: str
) -> None:
    """Section 1: a client that sends no ``Origin`` is not a browser."""
    for role in ("agent", "supervisor", "service"):
        assert hello_of(server.line(), "shop", role) == 0
    assert hello_of(server.line(), "shop", "customer") == 4501
    assert hello_of(server.line(), tenant, "customer") == 0


# -- hello -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_before_hello_commands_are_refused_and_nonsense_ends_the_connection(
    server: Server, encoding: str
) -> None:
    """Section 2: a command before ``hello`` -> 101, what cannot be decoded -> close 4502."""
    line = server.line(encoding)
    assert line.fail("presence.set", show="available") == 101
    line.put([1, 2])
    assert line.closing() == 4502


def test_a_second_hello_is_a_bad_request_and_changes_nothing(server: Server, tenant: str) -> None:
    """Section 3: -> 105."""
    line = server.person(tenant, "agent", "alice")
    answer = line.hello(sign(claims(tenant, "agent", "alice")), "agent")
    assert answer["err"]["code"] == 105
    line.do("presence.set", show="busy")


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_a_hello_without_token_names_the_field(server: Server, encoding: str) -> None:
    """Section 5: 105 names the field."""
    line = server.line(encoding)
    reply = line.ask("hello", role="agent")
    assert reply["err"]["code"] == 105
    assert "token" in reply["err"]["msg"]


def test_the_role_asked_for_must_be_the_tokens(server: Server, tenant: str) -> None:
    """Section 3: 102, then 4501."""
    line = server.line()
    answer = line.hello(sign(claims(tenant, "customer", "carl")), "supervisor")
    assert answer["err"]["code"] == 102
    ending = line.wait("disconnect")
    assert (ending["code"], ending["action"]) == (4501, "stop")
    assert line.closing() == 4501


def test_a_thirty_third_socket_of_one_person_is_one_too_many(server: Server, tenant: str) -> None:
    """Section 4: 4506; the others stay."""
    lines = [server.person(tenant, "customer", "carl") for _ in range(32)]
    extra = server.line()
    assert extra.hello(sign(claims(tenant, "customer", "carl")), "customer")["ok"] is False
    assert extra.closing() == 4506
    assert lines[0].fail("unsub", topic="board") in {102, 116}


# -- tokens ----------------------------------------------------------------------------------------

NOW = int(time.time())
"""When the tests were collected; the tokens made from it must outlive the whole run."""
GOOD = claims("brief", "agent", "alice", exp=NOW + 3500, iat=NOW)


def changed(**values: object) -> str:
    return sign({key: each for key, each in {**GOOD, **values}.items() if each is not None})


def unsigned(alg: str) -> str:
    head, body, _ = sign(GOOD, header={"alg": alg, "typ": "JWT"}).split(".")
    return f"{head}.{body}."


BAD_TOKENS = {
    "another secret": sign(GOOD, secret="x" * 40),
    "no algorithm": unsigned("none"),
    "no algorithm, shouted": unsigned("NONE"),
    "another algorithm": sign(GOOD, header={"alg": "HS512", "kid": "main"}),
    "a public algorithm": sign(GOOD, header={"alg": "RS256", "kid": "main"}),
    "a key of its own": sign(
        GOOD, header={"alg": "HS256", "kid": "main", "jwk": {"kty": "oct", "k": "eHh4"}}
    ),
    "another key": sign(GOOD, header={"alg": "HS256", "kid": "../main"}),
    "critical": sign(GOOD, header={"alg": "HS256", "kid": "main", "crit": ["b64"], "b64": False}),
    "another audience": changed(aud="someone"),
    "no audience": changed(aud=None),
    "no issuer": changed(iss=None),
    "no subject": changed(sub=None),
    "an empty subject": changed(sub=""),
    "no tenant": changed(tenant=None),
    "an unknown tenant": changed(tenant="nobody"),
    "no role": changed(role=None),
    "an unknown role": changed(role="admin"),
    "no end": changed(exp=None),
    "an end in words": changed(exp="tomorrow"),
    "an endless end": changed(exp=float("inf")),
    "longer than it may": changed(exp=NOW + 7200),
    "backdated to live long": changed(iat=NOW - 1000),
    "from the future": changed(iat=NOW + 6000, exp=NOW + 7000),
    "no token": "a.b.c",
    "nested": f"{sign(GOOD).split('.')[0]}.{base64.urlsafe_b64encode(b'[' * 2000).decode()}.eA",
    "a claim of another type": changed(skills=["billing"]),
    "a level beyond all": changed(skills={"billing": 1000}),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_token_that_does_not_count_gets_101_and_4500(server: Server, kind: str) -> None:
    """Section 10, and section 3: the reply, then the close."""
    line = server.line()
    answer = line.hello(BAD_TOKENS[kind], "agent")
    assert answer["ok"] is False
    assert (answer["err"]["code"], line.closing()) == (101, 4500)


def test_a_token_of_more_than_4_kib_is_refused(server: Server) -> None:
    """Section 10; what is wrong with the shape of ``hello`` is a bad request that names it."""
    line = server.line()
    answer = line.hello(changed(name="n" * 4_000), "agent")
    assert answer["err"]["code"] == 105
    assert "token" in answer["err"]["msg"]
    assert line.hello(sign(GOOD), "agent")["t"] == "welcome"


def test_a_good_token_of_the_same_make_counts(server: Server) -> None:
    """Section 10: what the bad ones above were made from."""
    line = server.line()
    assert line.hello(sign(GOOD), "agent")["t"] == "welcome"


def test_an_expired_token_is_told_apart(server: Server, tenant: str) -> None:
    """Section 3: 109, then 4303; section 4: reconnect with a new token."""
    line = server.line()
    token = sign(claims(tenant, "agent", "alice", iat=NOW - 100, exp=NOW - 40))
    answer = line.hello(token, "agent")
    assert (answer["err"]["code"], answer["err"]["name"]) == (109, "token_expired")
    assert line.wait("disconnect")["action"] == "reconnect"
    assert line.closing() == 4303


def test_a_token_in_the_url_opens_nothing(server: Server, tenant: str) -> None:
    """Section 10: never travels in a URL."""
    token = sign(claims(tenant, "agent", "alice"))
    assert refused_upgrade(server, query=f"?token={token}") == 400


def test_a_public_key_is_no_secret_to_sign_with(tmp_path: Path) -> None:
    """Section 10: the algorithm is the key's entry's, never the token's."""
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    entry = {"kid": "main", "alg": "EdDSA", "public_key_file": str(tmp_path / "key.pem")}
    keys = {"keys": [entry], "visitors": False}
    content = claims("acme", "agent", "alice")
    with Server(tmp_path, {"acme": keys}).running() as server:
        for alg in ("HS256", "EdDSA"):
            line = server.line()
            token = sign(content, secret=pem.decode(), header={"alg": alg, "kid": "main"})
            assert line.hello(token, "agent")["err"]["code"] == 101
            assert line.closing() == 4500
        head = base64.urlsafe_b64encode(json.dumps({"alg": "EdDSA", "kid": "main"}).encode())
        text = f"{head.decode().rstrip('=')}.{sign(content).split('.')[1]}"
        proof = base64.urlsafe_b64encode(private.sign(text.encode())).decode().rstrip("=")
        assert server.line().hello(f"{text}.{proof}", "agent")["t"] == "welcome"
