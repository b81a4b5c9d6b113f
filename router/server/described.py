"""Serves the documents that describe the socket and the HTTP surface.

Owns: their paths, making each once. Does not know: what is in them.
"""

from collections.abc import Awaitable, Callable
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.documents.asyncapi import asyncapi
from router.documents.openapi import openapi

__all__ = ["document_routes"]


def document_routes() -> list[Route]:
    """The routes of both documents; any page may read them."""
    return [
        Route("/v1/openapi.json", _document(openapi)),
        Route("/v1/asyncapi.json", _document(asyncapi)),
    ]


def _document(make: Callable[[], object]) -> Callable[[Request], Awaitable[Response]]:
    @cache
    def made() -> bytes:
        return msgspec.json.encode(make())

    async def serve(_: Request) -> Response:
        headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}
        return Response(made(), headers=headers, media_type="application/json")

    return serve
