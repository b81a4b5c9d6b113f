"""Reads the head of an HTTP/1.1 request more strictly than any library behind it.

Owns:
    Which request heads are let in, the status that answers each other one, and how an upgrade's
    head is written anew for the library.

Does not know:
    Streams, paths of Fairline, tokens, origins that are allowed.

Invariants:
    A `Head` holds printable ASCII only, at most `FIELDS_MAX` fields, one valid host, and one way
    of telling where its body ends. An upgrade has no body. How the bytes were cut into pieces on
    the way never changes the outcome.

The libraries behind this door read heads kindly: wsproto decodes the host as IDNA and other
fields as ASCII and lets UnicodeError out, h11 takes a bare line feed, both take HTTP/1.0. Each
kindness is a difference between two parsers, and such differences are how requests are smuggled
and servers killed. So nothing passes here that is not exactly what RFC 9112 and RFC 6455 ask for,
and those libraries get a head written anew from the `Head`, never the peer's bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "FIELDS_MAX",
    "HEAD_BYTES_MAX",
    "Head",
    "HeadReader",
    "Refusal",
    "parse_head",
    "upgrade_request",
]

HEAD_BYTES_MAX: Final = 16_384
FIELDS_MAX: Final = 64
SUBPROTOCOLS_MAX: Final = 16

_END = b"\r\n\r\n"
# Outside printable ASCII, or half a line end. A last "\r" may still get its "\n".
_ILLEGAL = re.compile(rb"[^\t\r\n\x20-\x7e]|(?<!\r)\n|\r(?=[^\n])")
_REQUEST_LINE = re.compile(r"([!-~]+) ([!-~]+) HTTP/1\.1")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LABEL = r"(?!xn--)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?", re.IGNORECASE
)
HOST_CHARACTERS_MAX: Final = 260  # 253 of a name, ":" and a port, rounded up
# 16 bytes in base64: the 22nd character carries two bits only, so that one key has one spelling.
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_LENGTH = re.compile(r"[0-9]{1,15}")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_METHODS_REFUSED = frozenset({"CONNECT", "TRACE"})
_ONCE = (
    "host",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
    "connection",
    "authorization",
    "content-length",
    "transfer-encoding",
    "expect",
)

_Fields = Mapping[str, Sequence[str]]


STATUSES: Final = (400, 405, 408, 411, 417, 426, 431, 501)
"""All with which a head is refused, here or because it came too slowly (``front``)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a head is not let in, as an HTTP answer."""

    status: int
    reason: str
    """One of the sentences in this file; never the peer's words."""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """A request head that may be acted upon."""

    method: str
    target: str = field(repr=False)
    """Path and query as sent, percent signs and all; begins with a slash. Not in logs."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Names in lower case, in the order sent; values without white space around them. Holds
    tokens, so it is not in logs either."""
    host: str
    """With its port, in lower case."""
    origin: str | None
    is_upgrade: bool
    key: str
    """The WebSocket key of an upgrade, else empty."""
    subprotocols: tuple[str, ...]
    content_length: int

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the first question mark of the target."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return the first value of the field `name` (lower case)."""
        return next((value for known, value in self.headers if known == name), None)


class HeadReader:
    """Collects bytes until the head is complete, refused, or too long.

    Attributes:
        rest: What came behind the blank line; complete once `feed` has returned a `Head`.
    """

    def __init__(self, bytes_max: int = HEAD_BYTES_MAX) -> None:
        self.rest = b""
        self._bytes_max = bytes_max
        self._buffer = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether not one byte has come."""
        return not self._buffer

    def feed(self, data: bytes) -> Head | Refusal | None:
        """Take the next bytes; None asks for more. Looks at each byte a bounded number of times."""
        old = len(self._buffer)
        self._buffer += data
        at = self._buffer.find(_END, max(0, old - 3), self._bytes_max)
        end = min(len(self._buffer), self._bytes_max) if at < 0 else at + len(_END)
        if _ILLEGAL.search(self._buffer, max(0, old - 1), end):
            return Refusal(400, "malformed request head")
        if at >= 0:
            self.rest = bytes(self._buffer[end:])
            return parse_head(bytes(self._buffer[:end]))
        return Refusal(431, "request head too large") if end == self._bytes_max else None


def parse_head(data: bytes) -> Head | Refusal:
    """Judge one whole head, blank line included."""
    if not data.endswith(_END) or _ILLEGAL.search(data):
        return Refusal(400, "malformed request head")
    first, *lines = data[: -len(_END)].decode("ascii").split("\r\n")
    matched = _REQUEST_LINE.fullmatch(first)
    if matched is None:
        return Refusal(400, "malformed request line")
    method, target = matched.groups()
    if refusal := _check_request_line(method, target):
        return refusal
    headers = _split_fields(lines)
    if isinstance(headers, Refusal):
        return headers
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name, []).append(value)
    for check in _CHECKS:
        if refusal := check(method, fields):
            return refusal
    is_upgrade = _is_upgrade(fields)
    return Head(
        method=method,
        target=target,
        headers=headers,
        host=fields["host"][0].lower(),
        origin=_only(fields, "origin"),
        is_upgrade=is_upgrade,
        key=fields["sec-websocket-key"][0] if is_upgrade else "",
        subprotocols=_subprotocols(fields),
        content_length=int(_only(fields, "content-length") or 0),
    )


def _check_request_line(method: str, target: str) -> Refusal | None:
    if method in _METHODS_REFUSED:
        return Refusal(405, "method not allowed", (("allow", ", ".join(sorted(_METHODS))),))
    if not target.startswith("/") or "#" in target:
        # The absolute, authority and asterisk forms are for proxies; we are none.
        return Refusal(400, "malformed request target")
    if method in _METHODS:
        return None
    if _TOKEN.fullmatch(method):
        return Refusal(501, "method not implemented")
    return Refusal(400, "malformed request line")


def _split_fields(lines: Sequence[str]) -> tuple[tuple[str, str], ...] | Refusal:
    if len(lines) > FIELDS_MAX:
        return Refusal(431, "too many header fields")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        # A folded line begins with white space, which no token does.
        if not colon or not _TOKEN.fullmatch(name):
            return Refusal(400, "malformed header field")
        headers.append((name.lower(), value.strip(" \t")))
    return tuple(headers)


def _check_once(_method: str, fields: _Fields) -> Refusal | None:
    if any(len(fields.get(name, ())) > 1 for name in _ONCE):
        return Refusal(400, "repeated header field")
    return None


def _check_host(_method: str, fields: _Fields) -> Refusal | None:
    host = _only(fields, "host") or ""
    if len(host) > HOST_CHARACTERS_MAX or not _HOST.fullmatch(host):
        return Refusal(400, "malformed host")
    return None


def _check_body(method: str, fields: _Fields) -> Refusal | None:
    length = _only(fields, "content-length")
    if "transfer-encoding" in fields:
        if length is not None:
            return Refusal(400, "two ways of telling the length of the body")
        # Chunks are where request smuggling lives, and no client of ours needs them.
        return Refusal(411, "length required")
    if length is not None and not _LENGTH.fullmatch(length):
        return Refusal(400, "malformed content length")
    if method in {"GET", "HEAD"} and int(length or 0) > 0:
        return Refusal(400, "this method takes no body")
    if (_only(fields, "expect") or "100-continue").lower() != "100-continue":
        return Refusal(417, "expectation failed")
    return None


def _check_upgrade(method: str, fields: _Fields) -> Refusal | None:
    if not _is_upgrade(fields):
        return None
    connection = (_only(fields, "connection") or "").lower().split(",")
    if method != "GET" or "upgrade" not in {token.strip() for token in connection}:
        return Refusal(400, "malformed upgrade")
    if "content-length" in fields:
        return Refusal(400, "an upgrade has no body")
    if _only(fields, "sec-websocket-version") != "13":
        # wsproto would answer this one itself, and trio-websocket then wait for ever.
        headers = (("sec-websocket-version", "13"), ("upgrade", "websocket"))
        return Refusal(426, "WebSocket version 13 required", headers)
    if not _KEY.fullmatch(_only(fields, "sec-websocket-key") or ""):
        return Refusal(400, "malformed WebSocket key")
    names = _subprotocols(fields)
    if len(names) > SUBPROTOCOLS_MAX or not all(_TOKEN.fullmatch(name) for name in names):
        return Refusal(400, "malformed subprotocols")
    return None


_CHECKS: tuple[Callable[[str, _Fields], Refusal | None], ...] = (
    _check_once,
    _check_host,
    _check_body,
    _check_upgrade,
)


def _is_upgrade(fields: _Fields) -> bool:
    """Tell an upgrade to WebSocket; any other offer (`h2c`) may be ignored, and is."""
    return (_only(fields, "upgrade") or "").lower() == "websocket"


def _subprotocols(fields: _Fields) -> tuple[str, ...]:
    lines = fields.get("sec-websocket-protocol", ())
    return tuple(name.strip(" \t") for line in lines for name in line.split(","))


def _only(fields: _Fields, name: str) -> str | None:
    values = fields.get(name)
    return values[0] if values else None


def upgrade_request(head: Head) -> bytes:
    """Write the head of an upgrade anew, with only what the library needs.

    The host is a constant because wsproto decodes it as IDNA, which raises on names that are fine;
    the extensions are left out so that none can be negotiated.
    """
    lines = [
        f"GET {head.target} HTTP/1.1",
        "host: localhost",
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        f"sec-websocket-key: {head.key}",
    ]
    if head.subprotocols:
        lines.append(f"sec-websocket-protocol: {', '.join(head.subprotocols)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
