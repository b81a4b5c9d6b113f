import ssl
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio_websocket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from router.server.asgi import HttpLimits, request_head
from router.server.head import Head, parse_head
from tests.helpers.echo_server import EchoApp, running_echo
from tests.helpers.raw import ask, connected, healthy, task_count, wait_until

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "connection": "close",
}


def parts(data: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in fields.items()}, body


def test_request_is_written_anew_for_a_connection_of_its_own() -> None:
    head = parse_head(
        b"GET /a?b HTTP/1.1\r\nHost: A\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAA\r\nX: y\r\n\r\n"
    )
    assert isinstance(head, Head)
    assert request_head(head) == (
        b"GET /a?b HTTP/1.1\r\nhost: A\r\nx: y\r\nconnection: close\r\n\r\n"
    )


async def test_page_is_served_with_the_safe_headers() -> None:
    async with running_echo() as server:
        with trio.fail_after(2):
            status, fields, body = parts(await ask(server.port, GET % b"/"))
    assert (status, body) == (200, b"hello\n")
    assert SAFE.items() <= fields.items()
    assert "server" not in fields


async def test_page_may_choose_its_caching_but_not_name_the_server() -> None:
    async with running_echo() as server:
        _, fields, _ = parts(await ask(server.port, GET % b"/cached"))
    assert fields["cache-control"] == "max-age=60"
    assert "server" not in fields


async def test_head_request_gets_no_body() -> None:
    async with running_echo() as server:
        data = await ask(server.port, (GET % b"/").replace(b"GET", b"HEAD"))
    assert parts(data)[0] == 200
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("cut_at", [0, 3, 5, 200])
async def test_body_is_whole_however_it_is_cut_and_ends_where_it_says(cut_at: int) -> None:
    body = bytes(range(200))
    second = GET % b"/cached"
    request = POST % 200 + body + second
    border = len(POST % 200) + cut_at
    async with running_echo() as server, connected(server.port) as client:
        await client.send(request[:border])
        await client.send(request[border:])
        with trio.fail_after(3):
            status, _, answered = parts(await client.read_all())
    assert (status, answered) == (200, body)


async def test_client_that_asks_before_sending_its_body_is_told_to_go_on() -> None:
    ask_first = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n") % 2
    async with running_echo() as server, connected(server.port) as client:
        await client.send(ask_first)
        with trio.fail_after(2):
            assert (await client.read_head()).startswith(b"HTTP/1.1 100 ")
            await client.send(b"ab")
            assert parts(await client.read_all())[2] == b"ab"


async def test_body_over_the_limit_is_refused_unread() -> None:
    async with running_echo() as server:
        with trio.fail_after(3):
            assert parts(await ask(server.port, POST % 65_537))[0] == 413
            assert parts(await ask(server.port, POST % 65_536 + b"x" * 65_536))[0] == 200
    assert server.tally["http_refusals"] == 1


async def test_slow_body_is_cut_off() -> None:
    app = EchoApp(http_limits=HttpLimits(body_s=0.2))
    async with running_echo(app) as server, connected(server.port) as client:
        await client.send(POST % 5 + b"ab")
        with trio.fail_after(3):
            assert parts_or_nothing(await client.read_all()) != 200


def parts_or_nothing(data: bytes) -> int:
    return parts(data)[0] if data else 0


async def test_application_that_raises_costs_its_own_answer_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A03, HTTP side; what the exception says may come from a peer, so it is not logged."""
    text = "-".join(["a", "canary"])

    async def raising(scope: Scope, receive: Receive, send: Send) -> None:
        raise ExceptionGroup(text, [LookupError(text)])

    async with running_echo(EchoApp(pages=raising)) as server, healthy(server.port):
        status, fields, body = parts(await ask(server.port, GET % b"/"))
    assert (status, body) == (500, b"internal error\n")
    assert SAFE.items() <= fields.items()
    assert server.tally["http_failures"] == 1
    assert "LookupError" in caplog.text
    assert "canary" not in caplog.text.replace(
        'ExceptionGroup("canary", [LookupError("canary")])', ""
    )


async def test_application_that_raises_late_leaves_a_visibly_broken_answer() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        fields: Any = [(b"content-length", b"10")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError

    async with running_echo(EchoApp(pages=half)) as server, healthy(server.port):
        _, fields, body = parts(await ask(server.port, GET % b"/"))
    assert (fields["content-length"], body) == ("10", b"half")


async def test_application_that_never_answers_is_given_up() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        await trio.sleep_forever()

    app = EchoApp(pages=silent, http_limits=HttpLimits(exchange_s=0.2))
    async with running_echo(app) as server:
        with trio.fail_after(2):
            assert await ask(server.port, GET % b"/") == b""
    assert server.tally["http_timeouts"] == 1


def self_signed() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's TLS context for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile() as file:
        file.write(pem)
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        file.flush()
        server.load_cert_chain(file.name)
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_page_and_socket_are_served_over_tls() -> None:
    async def scheme(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["scheme"])(scope, receive, send)

    server_context, client_context = self_signed()
    app = EchoApp(pages=scheme)
    async with running_echo(app, tls=server_context) as server:
        stream = await trio.open_ssl_over_tcp_stream(
            "localhost", server.port, ssl_context=client_context, https_compatible=True
        )
        with trio.fail_after(3):
            await stream.send_all(GET % b"/")
            data = b"".join([bytes(piece) async for piece in stream])
            assert parts(data)[2] == b"https"
            await stream.aclose()
            url = f"wss://localhost:{server.port}/v1/socket"
            async with trio_websocket.open_websocket_url(
                url, client_context, subprotocols=["fairline.v1.json"]
            ) as client:
                await client.send_message("hello")
                assert await client.get_message() == "hello"
    assert server.tally["front_failures"] == 0


async def test_plain_words_to_the_tls_door_are_dropped() -> None:
    server_context, _ = self_signed()
    async with running_echo(tls=server_context) as server:
        with trio.fail_after(2):
            assert b"HTTP" not in await ask(server.port, GET % b"/")
            async with connected(server.port) as client:
                client.reset()
            await wait_until(lambda: server.tally["front_accepts"] == 2)
    assert server.tally["front_failures"] == 0


async def test_client_that_does_not_read_its_answer_is_cut() -> None:
    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 30_000_000, "more_body": False})

    app = EchoApp(pages=large, http_limits=HttpLimits(write_s=0.2))
    async with running_echo(app) as server, healthy(server.port), connected(server.port) as client:
        tasks = task_count()
        await client.send(GET % b"/")
        with trio.fail_after(2):
            await wait_until(lambda: server.tally["http_write_timeouts"] == 1)
            assert len(await client.read_all()) < 30_000_000
            await wait_until(lambda: task_count() < tasks)
