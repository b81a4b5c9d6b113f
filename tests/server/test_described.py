"""The documents, as a developer gets them from a running server."""

import json
import re
from functools import partial

import pytest
import trio

from router.documents import openapi as module
from router.documents.openapi import openapi
from tests.helpers.nodes import PATIENCE_S, open_node


async def test_both_documents_are_served_to_everybody() -> None:
    async with open_node() as node:
        for path, word in (("/v1/openapi.json", "openapi"), ("/v1/asyncapi.json", "asyncapi")):
            status, headers, body = await node.get(path)
            assert (status, headers["content-type"]) == (200, "application/json")
            assert json.loads(body)[word] in {"3.1.0", "3.0.0"}


async def test_people_get_pages_that_need_nothing_else() -> None:
    async with open_node() as node:
        for path, words in (
            ("/docs", "<code>POST /v1/conversations</code>"),
            ("/docs/socket", '<h3 id="ToServer.OfferAccept"><code>offer.accept</code></h3>'),
        ):
            status, headers, body = await node.get(path)
            text = body.decode()
            assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert headers["content-security-policy"].startswith("default-src 'none'; ")
            assert words in text
            assert "<script" not in text
            assert re.findall(r'(?:src|href)="(?![#/])', text) == []
            wanted = set(re.findall(r'href="#([^"]+)"', text))
            assert wanted <= set(re.findall(r' id="([^"]+)"', text))


async def test_many_who_ask_at_once_have_a_document_made_once_and_later_ones_need_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []

    def counted() -> object:
        made.append(openapi())
        return made[-1]

    monkeypatch.setattr(module, "openapi", counted)
    bodies: list[bytes] = []
    async with open_node() as node:

        async def get(path: str) -> None:
            status, _, body = await node.get(path)
            assert status == 200
            bodies.append(body)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(partial(get, "/docs"))
        assert (len(made), len(set(bodies))) == (1, 1)
        threads = trio.to_thread.current_default_thread_limiter()
        taken = [object() for _ in range(int(threads.total_tokens - threads.borrowed_tokens))]
        for one in taken:
            threads.acquire_on_behalf_of_nowait(one)
        try:
            with trio.fail_after(PATIENCE_S):
                await get("/docs")
        finally:
            for one in taken:
                threads.release_on_behalf_of(one)
    assert (len(made), len(set(bodies))) == (1, 1)
