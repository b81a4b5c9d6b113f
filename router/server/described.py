"""Serves the documents that describe the socket and the HTTP surface, for machines and for people.

Owns: their paths, making each once. Does not know: what is in them.

Invariants (tests/server/test_described.py): pages for people run no script and ask no other host;
nobody waits while a document is made, and each is made once however many ask for it at a time.
"""

from collections.abc import Awaitable, Callable

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.documents.page import POLICY, page

__all__ = ["document_routes"]

_LINKS = {
    "HTTP calls": "/docs",
    "The socket": "/docs/socket",
    "openapi.json": "/v1/openapi.json",
    "asyncapi.json": "/v1/asyncapi.json",
}
_HTTP = """\
# HTTP calls of this server

Every call but those marked *open* needs `Authorization: Bearer TOKEN`. Bodies are JSON; a name
that the server does not know is refused. Every refusal has an [error](#Error) under `err`.
Below, *may* marks what need not be there.
"""
_SOCKET = """\
# Messages of this server's socket

`GET /v1/socket`, upgraded to a WebSocket with the subprotocol `fairline.v1.json` or
`fairline.v1.msgpack`. The type of every message stands under `t`; the first is `hello`, and every
command but `activity` gets one `reply` with its `id`. Below, *may* marks what need not be there.
"""


def document_routes() -> list[Route]:
    """The routes of both documents, which any page may read, and of the pages made from them."""
    making = trio.Lock()  # one for all of them: each takes a thread from the loop while it is made
    return [
        Route(path, _served(make, headers, making))
        for path, make, headers in (
            ("/v1/openapi.json", _openapi, _FOR_MACHINES),
            ("/v1/asyncapi.json", _asyncapi, _FOR_MACHINES),
            ("/docs", _http_page, _FOR_PEOPLE),
            ("/docs/socket", _socket_page, _FOR_PEOPLE),
        )
    ]


_FOR_MACHINES = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=300",
    "content-type": "application/json",
}
_FOR_PEOPLE = {
    "cache-control": "public, max-age=300",
    "content-security-policy": POLICY,
    "content-type": "text/html; charset=utf-8",
}


# What makes a document is loaded by whoever makes it: most nodes are never asked for one.


def _openapi() -> bytes:
    from router.documents.openapi import openapi

    return msgspec.json.encode(openapi())


def _asyncapi() -> bytes:
    from router.documents.asyncapi import asyncapi

    return msgspec.json.encode(asyncapi())


def _http_page() -> bytes:
    from router.documents.http_reference import http_reference

    document = msgspec.json.decode(_openapi())
    return page("HTTP calls", http_reference(document, _HTTP), _LINKS).encode()


def _socket_page() -> bytes:
    from router.documents.socket_reference import socket_reference

    document = msgspec.json.decode(_asyncapi())
    return page("The socket", socket_reference(document, _SOCKET), _LINKS).encode()


def _served(
    make: Callable[[], bytes], headers: dict[str, str], making: trio.Lock
) -> Callable[[Request], Awaitable[Response]]:
    made: bytes | None = None

    async def serve(_: Request) -> Response:
        nonlocal made
        if made is None:
            async with making:
                if made is None:  # else somebody made it while this one waited
                    made = await trio.to_thread.run_sync(make)
        return Response(made, headers=headers)

    return serve
