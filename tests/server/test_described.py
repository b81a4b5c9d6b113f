"""The documents, as a developer gets them from a running server."""

import json

from tests.helpers.nodes import open_node


async def test_both_documents_are_served_to_everybody() -> None:
    async with open_node() as node:
        for path, word in (("/v1/openapi.json", "openapi"), ("/v1/asyncapi.json", "asyncapi")):
            status, headers, body = await node.get(path)
            assert (status, headers["content-type"]) == (200, "application/json")
            assert json.loads(body)[word] in {"3.1.0", "3.0.0"}
