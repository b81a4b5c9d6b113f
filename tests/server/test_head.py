import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.server.head import (
    FIELDS_MAX,
    HEAD_BYTES_MAX,
    STATUSES,
    Head,
    HeadReader,
    Refusal,
    parse_head,
)
from tests.helpers.raw import KEY, head, pieces_of


def outcome(data: bytes, seed: int | None = None) -> Head | Refusal | None:
    """What a reader makes of `data` cut into pieces."""
    reader = HeadReader()
    for piece in pieces_of(data, seed):
        if (result := reader.feed(piece)) is not None:
            return result
    return None


def status(data: bytes) -> int:
    result = outcome(data)
    return result.status if isinstance(result, Refusal) else 101 if result else 0


def test_good_upgrade_is_read_into_its_parts() -> None:
    result = outcome(head(b"Origin: https://shop.example", b"X-Two: a\t b "))
    assert isinstance(result, Head)
    assert (result.method, result.path, result.query) == ("GET", "/v1/socket", "")
    assert (result.host, result.origin) == ("localhost", "https://shop.example")
    assert (result.is_upgrade, result.key.encode()) == (True, KEY)
    assert result.subprotocols == ("fairline.v1.json",)
    assert result.header("x-two") == "a\t b"
    assert result.header("x-three") is None


def test_printed_head_shows_neither_tokens_nor_query() -> None:
    result = outcome(head(b"Authorization: Bearer canary", line=b"GET /?t=canary HTTP/1.1"))
    assert isinstance(result, Head)
    assert "canary" not in repr(result)


def test_ordinary_request_keeps_its_query_and_the_bytes_behind_its_head() -> None:
    reader = HeadReader()
    result = reader.feed(b"POST /a?b=c?d HTTP/1.1\r\nhost: x:1\r\ncontent-length: 3\r\n\r\nabcde")
    assert isinstance(result, Head)
    assert (result.path, result.query, result.content_length) == ("/a", "b=c?d", 3)
    assert (result.is_upgrade, reader.rest) == (False, b"abcde")


def test_offer_of_another_protocol_is_ignored() -> None:
    result = outcome(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert isinstance(result, Head)
    assert not result.is_upgrade


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "shop.example:443",
        "127.0.0.1:80",
        "[::1]:8080",
        "A-b.C",
        "my_app",
        "x.",
        "a" * 63,
    ],
)
def test_valid_host_is_let_in(host: str) -> None:
    result = outcome(head(b"Host: " + host.encode()))
    assert isinstance(result, Head)
    assert result.host == host.lower()


@pytest.mark.parametrize(
    "host",
    [
        b"xn--zzzzzzzzz99999999",
        b"shop.xn--a",
        b"XN--a.b",
        b"a..b",
        b".a",
        b"-a",
        b"a-",
        b"",
        b"a" * 64,
        b"a" * 300,
        b"a." * 140,
        b"a:b",
        b"a:123456",
        b"a@b",
        b"a/b",
        b"[::1",
        b"\xff\xfe",
        b"xn--a-\xe9",
        b"a b",
    ],
)
def test_malformed_host_is_refused(host: bytes) -> None:
    """A02."""
    assert status(head(b"Host: " + host)) == 400


def test_missing_host_is_refused() -> None:
    """A02."""
    assert status(head(without=(b"host",))) == 400


@pytest.mark.parametrize(
    "field",
    [
        b"Host: b",
        b"Origin: https://a",
        b"Sec-WebSocket-Key: " + KEY,
        b"Sec-WebSocket-Version: 13",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Authorization: Bearer a",
    ],
)
def test_field_that_may_come_once_is_refused_twice(field: bytes) -> None:
    """A02, A17."""
    assert status(head(field, field)) == 400


@pytest.mark.parametrize(
    "field",
    [
        b"Connection: Upgrade, \xe9",
        b"Sec-WebSocket-Protocol: caf\xe9",
        b"Sec-WebSocket-Extensions: \xe9",
        b"X: a\x00b",
        b"X: a\x7fb",
        b"X : a",
        b" folded: a",
        b"\tfolded: a",
        b": a",
        b"no colon",
        b"X: a\rb",
        b"X: a\nb",
    ],
)
def test_malformed_field_is_refused(field: bytes) -> None:
    """A01."""
    assert status(head(field)) == 400


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET /v1/socket HTTP/1.0", 400),
        (b"GET /v1/socket HTTP/2.0", 400),
        (b"PRI * HTTP/2.0", 400),
        (b"GET http://localhost/v1/socket HTTP/1.1", 400),
        (b"CONNECT localhost:80 HTTP/1.1", 405),
        (b"TRACE / HTTP/1.1", 405),
        (b"OPTIONS * HTTP/1.1", 400),
        (b"BREW /v1/socket HTTP/1.1", 501),
        (b"get /v1/socket HTTP/1.1", 501),
        (b"G@T /v1/socket HTTP/1.1", 400),
        (b"POST /v1/socket HTTP/1.1", 400),
        (b"GET /v1/socket#x HTTP/1.1", 400),
        (b"GET  /v1/socket HTTP/1.1", 400),
        (b"GET /v1/socket HTTP/1.1 ", 400),
        (b"GET /v1/\xe9 HTTP/1.1", 400),
        (b"", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
)
def test_malformed_request_line_is_refused(line: bytes, expected: int) -> None:
    """A17."""
    assert status(head(line=line)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((b"Content-Length: 0",), 400),
        ((b"Content-Length: 5",), 400),
        ((b"Transfer-Encoding: chunked",), 411),
        ((b"Sec-WebSocket-Version: 8",), 426),
        ((b"Sec-WebSocket-Version: 013",), 426),
        ((b"Sec-WebSocket-Key: ",), 400),
        ((b"Sec-WebSocket-Key: c2hvcnQ=",), 400),
        ((b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==",), 400),
        ((b"Connection: keep-alive",), 400),
        ((b"Sec-WebSocket-Protocol: a b",), 400),
        ((b"Sec-WebSocket-Protocol: a,,b",), 400),
        ((b"Sec-WebSocket-Protocol: " + b",".join([b"a"] * 17),), 400),
    ],
)
def test_malformed_upgrade_is_refused(fields: tuple[bytes, ...], expected: int) -> None:
    """A17."""
    assert status(head(*fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        (b"Content-Length: 5\r\nContent-Length: 5", 400),
        (b"Transfer-Encoding: chunked", 411),
        (b"Transfer-Encoding: gzip", 411),
        (b"Content-Length: +5", 400),
        (b"Content-Length: 5, 5", 400),
        (b"Content-Length: -1", 400),
        (b"Content-Length: 0x5", 400),
        (b"Content-Length: " + b"9" * 16, 400),
        (b"Expect: 200-ok", 417),
        (b"Expect: 100-continue\r\nContent-Length: 5", 101),
    ],
)
def test_body_whose_length_is_unclear_is_refused(fields: bytes, expected: int) -> None:
    assert status(b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n") == expected


def test_body_where_none_belongs_is_refused() -> None:
    """A17."""
    assert status(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n") == 400
    assert status(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 101


def test_bare_line_feed_is_refused_before_the_head_is_complete() -> None:
    """A17."""
    assert status(b"GET / HTTP/1.1\nHost: a") == 400
    assert status(b"GET / HTTP/1.1\rHost: a") == 400
    assert status(b"\r\n") == 0


def test_head_is_too_large_by_bytes_and_by_fields() -> None:
    line = b"GET / HTTP/1.1\r\nHost: a\r\n"
    fitting = line + b"x: " + b"y" * (HEAD_BYTES_MAX - len(line) - 7) + b"\r\n\r\n"
    assert len(fitting) == HEAD_BYTES_MAX
    assert status(fitting) == 101
    assert status(fitting.replace(b"x: ", b"x: y")) == 431
    assert status(line + b"x: y\r\n" * (FIELDS_MAX - 1) + b"\r\n") == 101
    assert status(line + b"x: y\r\n" * FIELDS_MAX + b"\r\n") == 431


def test_version_refusal_names_the_version_spoken() -> None:
    result = outcome(head(b"Sec-WebSocket-Version: 12"))
    assert isinstance(result, Refusal)
    assert dict(result.headers)["sec-websocket-version"] == "13"


def test_half_a_head_is_refused_by_the_pure_parser() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\nHost: a\r\n") == Refusal(400, "malformed request head")


GOOD = head(b"Origin: https://a.example")
MUTATED = st.builds(
    lambda at, cut, junk: GOOD[:at] + junk + GOOD[at + cut :],
    st.integers(0, len(GOOD)),
    st.integers(0, 8),
    st.binary(max_size=4)
    | st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b":", b",", b"\x00", b"xn--"]),
)


@given(MUTATED | st.binary(max_size=200), st.integers(0, 1_000_000))
def test_pieces_on_the_way_do_not_change_the_outcome(data: bytes, seed: int) -> None:
    """A26."""
    whole = outcome(data)
    assert outcome(data, 0) == whole
    assert outcome(data, seed or 1) == whole


@given(MUTATED)
def test_whatever_is_let_in_is_plain_and_whole(data: bytes) -> None:
    result = outcome(data)
    if isinstance(result, Head):
        assert result.target.startswith("/")
        assert result.host
        assert all(c == "\t" or " " <= c <= "~" for _, value in result.headers for c in value)
        assert result.is_upgrade == bool(result.key)
    elif result is not None:
        assert 400 <= result.status <= 501


def test_every_status_that_refuses_a_head_is_listed() -> None:
    """Metrics begin with one series for each, so one that is missing is not seen at its first."""
    server = Path(__file__).parents[2] / "router" / "server"
    text = "".join((server / name).read_text("utf-8") for name in ("head.py", "front.py"))
    refused = {int(status) for status in re.findall(r"Refusal\((\d+),", text)}
    assert refused - {503} == set(STATUSES)  # that one is counted as ``front_refusals``
