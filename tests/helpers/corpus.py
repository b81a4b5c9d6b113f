"""Sixty-two ways to be malformed, and seeded ways to make more of them.

Each is what a client sends in one go on a connection of its own; those of `FRAMES` come behind a
good upgrade.
"""

import random
import struct

from tests.helpers.raw import BINARY, CLOSE, KEY, PING, frame, head

REQUESTS: tuple[bytes, ...] = (
    head(b"Host: \xff\xfe"),
    head(b"Host: xn--a-\xe9"),
    head(b"Host: xn--zzzzzzzzz99999999"),
    head(b"Host: a..b"),
    head(b"Host: " + b"a" * 300),
    head(b"Host: "),
    head(without=(b"host",)),
    head(b"Host: a", b"Host: b"),
    head(b"Connection: Upgrade, \xe9"),
    head(b"Sec-WebSocket-Protocol: caf\xe9"),
    head(b"Sec-WebSocket-Extensions: \xe9"),
    head(b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=abc"),
    head(b"Origin: https://a", b"Origin: https://b"),
    head(b"Sec-WebSocket-Key: "),
    head(b"Sec-WebSocket-Key: c2hvcnQ="),
    head(b"Sec-WebSocket-Key: " + KEY, b"Sec-WebSocket-Key: " + KEY),
    head(b"Sec-WebSocket-Version: 12"),
    head(without=(b"sec-websocket-version",)),
    head(b"Content-Length: 5") + b"hello",
    head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    head(line=b"GET /v1/socket HTTP/1.0"),
    head(line=b"GET http://localhost/v1/socket HTTP/1.1"),
    head(line=b"POST /v1/socket HTTP/1.1"),
    head(line=b"CONNECT localhost:80 HTTP/1.1"),
    head(line=b"TRACE / HTTP/1.1"),
    head(line=b"GET /v1/\xff HTTP/1.1"),
    head(line=b"GET /v1/socket\x00 HTTP/1.1"),
    head(line=b"GET  /v1/socket HTTP/1.1"),
    head().replace(b"\r\n", b"\n"),
    head().replace(b"\r\n", b"\r"),
    head(*[b"X-%d: y" % n for n in range(1_000)]),
    head(b"X: " + b"y" * 70_000),
    head(b"X: a\x00b"),
    head(b" folded: yes"),
    head(b"no colon"),
    head() + frame(b"too early"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    b"\r\n\r\n",
    b"GET",
    b"",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
)

FRAMES: tuple[bytes, ...] = (
    b"\x81\x05hello",
    b"\xc1\x80abcd",
    b"\xa1\x80abcd",
    b"\x83\x80abcd",
    b"\x8f\x80abcd",
    b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"abcd",
    b"\x81\xff" + struct.pack("!Q", (1 << 64) - 1) + b"abcd",
    b"\x81\xfe\x00\x05abcdhello",
    b"\x89\xfe\x00\x7e" + bytes(130),
    frame(b"x", CLOSE),
    frame(b"\x00\x01", CLOSE),
    frame(b"\x03\xe8\xff", CLOSE),
    frame(b"\xff\xfe"),
    frame(b"\xed\xa0\x80"),
    frame(b"x", 0),
    frame(b"x", fin=False) + frame(b"y"),
    frame(b"x", PING, fin=False),
    frame(b"", fin=False) + frame(b"", 0, fin=False) * 100,
    frame(b"", PING) * 100,
    frame(b"x" * 65_537, BINARY),
)


_PIECES = (b"\r\n", b"\n", b"\x00", b"\r\n\r\n", b"xn--", b":")


def mutation(data: bytes, seed: int) -> bytes:
    """Flip, cut, repeat or insert a few bytes."""
    chance = random.Random(seed)
    changed = bytearray(data or b"\r\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        end = at + chance.randint(0, 8)
        match chance.randrange(5):
            case 0:
                changed[at:end] = b""
            case 1:
                changed[at:at] = chance.randbytes(end - at)
            case 2:
                changed[at:at] = changed[at:end] * 3
            case 3:
                changed[at:at] = chance.choice(
                    [b"\r\n", b"\n", b"\x00", b"\r\n\r\n", b"xn--", b":"]
                )
            case _:
                changed[at:end] = bytes(byte ^ 1 << chance.randrange(8) for byte in changed[at:end])
    return bytes(changed)


def case(seed: int) -> bytes:
    """The corpus itself for the first seeds, mutations of it for the rest."""
    number = seed % (len(REQUESTS) + len(FRAMES))
    is_mutated = seed >= len(REQUESTS) + len(FRAMES)
    if number < len(REQUESTS):
        return mutation(REQUESTS[number], seed) if is_mutated else REQUESTS[number]
    data = FRAMES[number - len(REQUESTS)]
    return mutation(data, seed) if is_mutated else data


def is_behind_upgrade(seed: int) -> bool:
    return seed % (len(REQUESTS) + len(FRAMES)) >= len(REQUESTS)
