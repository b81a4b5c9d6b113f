"""The documents, as a developer gets them from a running server."""

import json
import re

from tests.helpers.nodes import open_node


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
