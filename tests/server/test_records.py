"""The audit trail and the erasure by HTTP: for bearers of the right token alone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from router.archive.base import Audited, AuditQuery, Fact
from router.archive.sqlite import SqliteArchive
from tests.helpers.archives import talk
from tests.helpers.nodes import RunningNode, open_node, token

FACTS = [
    Fact(1, 0, 100, Audited("agent:alice", "history", "conversation:c1", "quality")),
    Fact(2, 0, 200, Audited("supervisor:sofia", "assign", "conversation:c2", "to bob")),
    Fact(3, 0, 300, talk("c1", "tnt")),
]


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[tuple[RunningNode, SqliteArchive]]:
    archive = SqliteArchive(folder, ["acme", "browsers"])
    archive._files["acme"].write(FACTS, 3)
    # The journal is as old as the archive for what is tested here.
    archive._files["acme"].position = 0
    async with open_node(archive=archive) as node:
        yield node, archive
    archive.close()


def bearer(role: str, subject: str = "x", **claims: object) -> str:
    return f"Authorization: Bearer {token(role, subject, **claims)}"  # type: ignore[arg-type]


async def delete(node: RunningNode, path: str, *headers: str) -> tuple[int, bytes]:
    lines = [f"DELETE {path} HTTP/1.1", f"Host: 127.0.0.1:{node.port}", *headers, "", ""]
    status, _, body = await node.http("\n".join(lines))
    return status, body


async def test_the_trail_is_told_the_newest_first_and_in_pages(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        status, headers, body = await node.get("/v1/audit?limit=1", bearer("service"))
        page = json.loads(body)
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert page["entries"] == [
            {
                "entry": 2,
                "at": 200,
                "actor": "supervisor:sofia",
                "action": "assign",
                "target": "conversation:c2",
                "purpose": "to bob",
                "position": 2,
            }
        ]
        path = f"/v1/audit?before={page['before']}&limit=5"
        rest = json.loads((await node.get(path, bearer("supervisor")))[2])
        assert [line["entry"] for line in rest["entries"]] == [1]
        assert rest["before"] is None
        assert rest["next"] is None
        path = f"/v1/audit?after={page['next']}&limit=5"
        assert json.loads((await node.get(path, bearer("supervisor")))[2]) == rest
        asked = "/v1/audit?actor=agent:alice&action=history&since=100&until=101"
        found = json.loads((await node.get(asked, bearer("service")))[2])
        assert [line["target"] for line in found["entries"]] == ["conversation:c1"]
        asked = "/v1/audit?since=1970-01-01T00:00:00.100Z&until=1970-01-01T00:00:00.101Z"
        assert json.loads((await node.get(asked, bearer("service")))[2]) == found


async def test_nothing_is_told_without_a_token_of_the_right_role(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        for headers, status in (
            ((), 401),
            (("Authorization: Basic eDp5",), 401),
            (("Authorization: Bearer nonsense",), 401),
            ((bearer("customer"),), 403),
            ((bearer("agent"),), 403),
            ((bearer("supervisor", teams=["floor"]),), 403),
        ):
            told = await node.get("/v1/audit", *headers)
            assert told[0] == status, headers
            assert b"alice" not in told[2]
        for headers in ((), (bearer("agent"),), (bearer("supervisor"),)):
            assert (await delete(node, "/v1/customers/carl", *headers))[0] in {401, 403}
        assert archive.conversation("acme", "c1") is not None


async def test_a_tenant_sees_its_own_trail_alone(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        _, _, body = await node.get("/v1/audit", bearer("service", tenant="browsers"))
        assert json.loads(body)["entries"] == []


async def test_a_wrong_question_is_answered_with_what_is_wrong(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        for query in (
            *("limit=0", "limit=9999", "since=yesterday", f"before={10**18}", f"until={10**30}"),
            *("after=tea", f"after={10**18}", "after=3&before=3", "since=-1"),
            *("actor=alice", "acton=assign"),
        ):
            status, _, body = await node.get(f"/v1/audit?{query}", bearer("service"))
            assert status == 400, query
            assert b"bad_request" in body


async def test_where_nothing_is_kept_that_is_said() -> None:
    async with open_node() as node:
        assert (await node.get("/v1/audit", bearer("service")))[0] == 503
        assert (await delete(node, "/v1/customers/carl", bearer("service")))[0] == 204


async def test_an_erased_customer_is_gone_when_it_is_answered(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        assert archive.conversation("acme", "c1") is not None
        assert (await delete(node, "/v1/customers/carl", bearer("service", "crm"))) == (204, b"")
        assert archive.conversation("acme", "c1") is None
        newest = archive.audit("acme", AuditQuery(limit=1))
        assert [(line.actor, line.action, line.target) for line in newest] == [
            ("service:crm", "erase", "customer:carl")
        ]


async def test_of_an_erased_customer_the_id_alone_is_exported(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        proven: Any = {"account": "A-1", "verified": True, "attributes": {"email": "c@example.org"}}
        carl = await node.join("customer", "carl", token=token("customer", "carl", **proven))
        await carl.drop()
        told = []
        for _ in range(2):
            path = "/v1/customers/carl/export?purpose=access"
            lines = (await node.get(path, bearer("service")))[2].splitlines()
            told += [one for one in map(json.loads, lines) if one["record"] == "profile"]
            assert (await delete(node, "/v1/customers/carl", bearer("service")))[0] == 204
        assert (told[0]["account"], told[0]["proven_contact"]) == ("A-1", "email:c@example.org")
        left = {name: value for name, value in told[1].items() if value}
        assert left == {"record": "profile", "customer": "carl"}


async def test_a_customer_with_an_open_conversation_is_not_erased(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="r1", channel="chat", queue="support")
        status, body = await delete(node, "/v1/customers/carl", bearer("service"))
        assert (status, json.loads(body)["err"]["name"]) == (409, "invalid_transition")
        assert archive.conversation("acme", "c1") is not None
