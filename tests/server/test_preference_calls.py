"""What staff keep for themselves, over HTTP."""

import json
from pathlib import Path

from router.server.preferences import BYTES_MAX
from tests.helpers.nodes import RunningNode, folder_settings, open_node, token

BOARD = "/v1/me/preferences/board"


async def call(
    node: RunningNode, method: str, role: str, body: str | None = None, path: str = BOARD
) -> tuple[int, object]:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{node.port}",
        f"Authorization: Bearer {token(role, 'sofia')}",
    ]
    if body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    status, _, answer = await node.http("\n".join([*lines, "", body or ""]))
    return status, json.loads(answer) if answer else None


async def test_a_document_is_kept_for_its_person_through_a_restart(tmp_path: Path) -> None:
    async with open_node(folder_settings(tmp_path)) as node:
        assert await call(node, "GET", "supervisor") == (200, {"name": "board", "value": None})
        assert await call(node, "PUT", "supervisor", '{"views": ["Mine"]}') == (204, None)
        assert await call(node, "GET", "agent") == (200, {"name": "board", "value": None})
        assert await call(node, "PUT", "agent", "3") == (204, None)
    async with open_node(folder_settings(tmp_path)) as node:
        kept = {"name": "board", "value": {"views": ["Mine"]}}
        assert await call(node, "GET", "supervisor") == (200, kept)
        assert await call(node, "DELETE", "supervisor") == (204, None)
        assert await call(node, "GET", "supervisor") == (200, {"name": "board", "value": None})
        assert await call(node, "GET", "agent") == (200, {"name": "board", "value": 3})


async def test_others_and_other_things_are_refused_in_words(tmp_path: Path) -> None:
    async with open_node(folder_settings(tmp_path)) as node:
        for role in ("customer", "service"):
            status, told = await call(node, "GET", role)
            assert status == 403
            assert "agents and supervisors" in str(told)
        for body, words in (("{", "JSON"), ('"' + "x" * BYTES_MAX + '"', "bytes")):
            status, told = await call(node, "PUT", "agent", body)
            assert status in {400, 429}
            assert words in str(told)
        long = f"/v1/me/preferences/{'n' * 65}"
        status, told = await call(node, "GET", "agent", path=long)
        assert (status, "name: expected" in str(told)) == (400, True)
        status, _, _ = await node.get(BOARD)
        assert status == 401


async def test_a_change_to_an_older_version_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with open_node(folder_settings(tmp_path)) as node:

        async def sent(method: str, *more: str, body: str = "") -> tuple[int, str]:
            lines = [f"{method} {BOARD} HTTP/1.1", f"Host: 127.0.0.1:{node.port}"]
            lines += [f"Authorization: Bearer {token('agent', 'ann')}", *more]
            lines.append(f"Content-Length: {len(body)}")
            status, headers, _ = await node.http("\n".join([*lines, "", body]))
            return status, headers.get("etag", "")

        _, nothing = await sent("GET")
        status, first = await sent("PUT", f"If-Match: {nothing}", body="1")
        assert (status, first) == (204, (await sent("GET"))[1])
        for old in (nothing, '"made up"'):
            assert (await sent("PUT", f"If-Match: {old}", body="2"))[0] == 412
        assert await call(node, "GET", "supervisor") == (200, {"name": "board", "value": None})
        assert (await sent("GET"))[1] == first
        for right in (f"W/{first}", "*"):
            assert (await sent("PUT", f"If-Match: {right}", body="1"))[0] == 204
