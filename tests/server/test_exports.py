"""What is kept, by HTTP: to follow, to read, to hand out; for bearers of the right token alone."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router.archive.base import Assigned, Audited, AuditQuery, Erased, Fact, Rated
from router.archive.pages import KINDS, PageQuery
from router.archive.sqlite import SqliteArchive
from tests.helpers.archives import talk
from tests.helpers.nodes import POLICY, RunningNode, node_settings, open_node, token

FACTS = [
    Fact(1, 0, 100, talk("c1", "tnt")),
    Fact(2, 0, 200, talk("c2", "t", "dora")),
    Fact(3, 0, 300, Assigned("a1", "c1", "alice", "carl", "support", 40, None)),
    Fact(4, 0, 400, Rated("c1", "carl", "alice", 5, "fine")),
    Fact(5, 0, 500, Audited("agent:alice", "history", "customer:carl", "care")),
]
Q = PageQuery()
PATHS = (
    "/v1/archive/conversations",
    "/v1/archive/transcripts",
    "/v1/customers/carl/export?purpose=access",
)


@asynccontextmanager
async def kept(folder: Path, **policy: object) -> AsyncIterator[tuple[RunningNode, SqliteArchive]]:
    archive = SqliteArchive(folder, ["acme", "browsers"])
    archive._files["acme"].write(FACTS, 5)
    # The journal is as old as the archive for what is tested here.
    archive._files["acme"].position = 0
    settings = node_settings(msgspec.structs.replace(POLICY, **policy))
    async with open_node(settings, archive=archive) as node:
        yield node, archive
    archive.close()


def bearer(role: str, subject: str = "crm", **claims: object) -> str:
    return f"Authorization: Bearer {token(role, subject, **claims)}"  # type: ignore[arg-type]


async def ask(node: RunningNode, path: str, who: str = "") -> tuple[int, Any]:
    status, headers, body = await node.get(path, who or bearer("service"))
    if status == 200:
        assert headers["cache-control"] == "no-store"
    if "ndjson" in headers.get("content-type", ""):
        return status, [json.loads(line) for line in body.splitlines()]
    return status, json.loads(body)


def looks(archive: SqliteArchive) -> list[tuple[str, str, str, str]]:
    """What was written down by this test, the oldest first."""
    seen = archive.audit("acme", AuditQuery(actor="service:crm"))
    return [(one.actor, one.action, one.target, one.purpose) for one in reversed(seen)]


async def test_each_kind_is_followed_page_by_page_and_what_comes_later_too(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        status, first = await ask(node, "/v1/archive/conversations?limit=1")
        assert (status, first["more"]) == (200, True)
        assert [row["conversation"] for row in first["rows"]] == ["c1"]
        after = f"/v1/archive/conversations?after={first['next']}"
        _, second = await ask(node, after)
        assert ([row["conversation"] for row in second["rows"]], second["more"]) == (["c2"], False)
        end = f"/v1/archive/conversations?after={second['next']}"
        assert (await ask(node, end))[1] == {"rows": [], "next": second["next"], "more": False}
        archive._files["acme"].position = 5
        archive.write("acme", [Fact(6, 0, 600, Erased("dora")), Fact(7, 0, 700, talk("c3", ""))], 7)
        assert [row["conversation"] for row in (await ask(node, end))[1]["rows"]] == ["c3"]
        for kind, count in (("transcripts", 3), ("assignments", 1), ("ratings", 1)):
            _, page = await ask(node, f"/v1/archive/{kind}?customer=carl&limit=1000")
            assert (len(page["rows"]), page["more"]) == (count, False), kind


async def test_rows_say_what_an_export_of_the_command_line_says(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        for kind in ("conversations", "assignments", "ratings"):
            _, page = await ask(node, f"/v1/archive/{kind}")
            told = json.loads(msgspec.json.encode(archive._files["acme"].reader.page(kind, Q).rows))
            assert page["rows"] == told
        _, page = await ask(node, "/v1/archive/transcripts?conversation=c1&limit=1")
        assert page["rows"][0]["attributes"] == {}
        assert page["rows"][0]["body"].startswith("c1 0")
        _, page = await ask(node, "/v1/archive/audit?since=500&until=501")
        assert [row["target"] for row in page["rows"]] == ["customer:carl"]


async def test_what_somebody_said_is_told_when_the_look_is_written_down(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        await ask(node, "/v1/archive/assignments")
        _, page = await ask(node, "/v1/archive/transcripts?purpose=analysis")
        await ask(node, f"/v1/archive/transcripts?after={page['next']}")  # nothing came, no look
        await ask(node, "/v1/archive/audit")  # brings the trail up to date
        assert looks(archive) == [("service:crm", "export", "archive:transcripts", "analysis")]


@pytest.mark.parametrize("kind", ["conversations", "transcripts", "ratings"])
async def test_a_look_at_one_customers_words_is_found_under_the_customer(
    tmp_path: Path, kind: str
) -> None:
    async with kept(tmp_path) as (node, archive):
        for asked in ("?customer=carl", "?conversation=c1", "?purpose=study", "?customer=nobody"):
            assert (await ask(node, f"/v1/archive/{kind}{asked}"))[0] == 200
        await ask(node, "/v1/archive/audit")
        assert [target for _, _, target, _ in looks(archive)] == [
            "customer:carl", "customer:carl", f"archive:{kind}",
        ]  # fmt: skip


async def test_while_the_archive_is_behind_nothing_of_it_is_told(tmp_path: Path) -> None:
    """An erasure that the archive has not taken would be undone by whoever reads it."""
    async with kept(tmp_path) as (node, archive):
        for path in PATHS:
            assert (await ask(node, path))[0] == 200, path
        archive._files["acme"]._connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        head = f"DELETE /v1/customers/carl HTTP/1.1\nHost: 127.0.0.1:{node.port}"
        assert (await node.http(f"{head}\n{bearer('service')}\n\n"))[0] == 202
        for path in PATHS:
            assert (await ask(node, path))[0] == 503, path


async def test_a_transcript_is_read_back_page_by_page_long_after_its_end(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        status, page = await ask(node, "/v1/conversations/c1/messages?limit=1&purpose=care")
        assert (status, page["next"]) == (200, "t2")
        assert [one["seq"] for one in page["messages"]] == [2]
        path = f"/v1/conversations/c1/messages?after={page['next']}"
        _, rest = await ask(node, path, bearer("supervisor", "sofia"))
        assert ([one["seq"] for one in rest["messages"]], rest["next"]) == ([1, 1], None)
        await ask(node, "/v1/archive/audit")
        assert looks(archive) == [("service:crm", "history", "conversation:c1", "care")]
        for wrong, said in (
            ("?after=x9", "after: expected"),
            ("?limit=501", "limit: expected 1 to 500"),
            ("?before=1", "before"),
        ):
            status, told = await ask(node, f"/v1/conversations/c1/messages{wrong}")
            assert (status, said in told["err"]["msg"]) == (400, True), told
        assert (await ask(node, "/v1/conversations/none/messages"))[0] == 404


async def test_a_transcript_under_way_is_read_too_by_whom_it_concerns(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        carl = await node.join("customer", "carl")
        asked = await carl.ok(
            "conversation.request", op="r1", channel="chat", queue="support", body="hello"
        )
        path = f"/v1/conversations/{asked['conversation']}/messages"
        assert [one["body"] for one in (await ask(node, path))[1]["messages"]] == ["hello"]
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        assert (await ask(node, path, bearer("supervisor", teams=["night"])))[0] == 403
        assert (await ask(node, path, bearer("supervisor", teams=["floor"])))[0] == 200


async def test_an_export_has_all_of_a_customer_once_and_nobody_else(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="r1", channel="chat", queue="support", body="new")
        status, lines = await ask(node, "/v1/customers/carl/export?purpose=access+request")
        assert (status, lines[0]["record"], lines[0]["customer"]) == (200, "export", "carl")
        assert [line["record"] for line in lines[1:]] == [
            "profile", "conversations", "transcripts", "transcripts", "transcripts",
            "assignments", "ratings", "audit", "audit", "conversations", "transcripts",
        ]  # fmt: skip
        assert [line["body"] for line in lines if "body" in line][-1] == "new"
        assert [line["status"] for line in lines if "status" in line] == ["waiting"]
        assert {line["customer"] for line in lines if "customer" in line} == {"carl"}
        assert looks(archive) == [("service:crm", "export", "customer:carl", "access request")]
        _, lines = await ask(node, "/v1/customers/nobody/export?purpose=access")
        assert [line["record"] for line in lines] == ["export", "audit"]


async def test_a_conversation_that_ended_a_moment_ago_is_in_an_export_once(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, _):
        carl = await node.join("customer", "carl")
        asked = await carl.ok("conversation.request", op="r1", channel="chat", queue="support")
        await carl.ok("conversation.cancel", conversation=asked["conversation"])
        _, lines = await ask(node, "/v1/customers/carl/export?purpose=access")
        told = [one["conversation"] for one in lines if one["record"] == "conversations"]
        assert told == ["c1", asked["conversation"]]


async def test_nothing_is_told_without_a_token_of_the_right_role(tmp_path: Path) -> None:
    async with kept(tmp_path) as (node, archive):
        for path in (*PATHS, "/v1/conversations/c1/messages"):
            for headers, status in (
                ((), 401),
                (("Authorization: Bearer nonsense",), 401),
                ((bearer("customer", "carl"),), 403),
                ((bearer("agent", "alice"),), 403),
            ):
                told = await node.get(path, *headers)
                assert (told[0], b"c1" in told[2]) == (status, False), (path, headers)
        for path in PATHS:
            assert (await ask(node, path, bearer("supervisor", "sofia")))[0] == 403
        other = bearer("service", "crm", tenant="browsers")
        assert (await ask(node, "/v1/archive/conversations", other))[1]["rows"] == []
        assert len((await ask(node, PATHS[2], other))[1]) == 2
        assert (await ask(node, "/v1/conversations/c1/messages", other))[0] == 404
        await ask(node, "/v1/archive/audit")
        assert looks(archive) == []


async def test_a_purpose_is_needed_for_what_was_said_where_the_tenant_names_some(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path, purposes=("care",)) as (node, _):
        for path in (
            "/v1/archive/transcripts", "/v1/conversations/c1/messages", "/v1/customers/carl/export",
            "/v1/archive/conversations", "/v1/archive/ratings",
        ):  # fmt: skip
            assert (await ask(node, f"{path}?purpose=curiosity"))[0] == 403, path
            assert (await ask(node, f"{path}?purpose=care"))[0] == 200, path
        assert (await ask(node, "/v1/archive/assignments"))[0] == 200
    async with kept(tmp_path / "again") as (node, _):
        status, told = await ask(node, "/v1/customers/carl/export")
        assert (status, "purpose" in told["err"]["msg"]) == (400, True)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_place_with_a_number_that_no_page_gives_is_none(tmp_path: Path, kind: str) -> None:
    async with kept(tmp_path) as (node, _):
        for number in (10**20, -(10**20), -1):
            last: int | str = "c1" if kind in ("assignments", "ratings") else 1
            text = json.dumps([number, 1, last]).encode()
            after = base64.urlsafe_b64encode(text).decode().rstrip("=")
            status, told = await ask(node, f"/v1/archive/{kind}?after={after}")
            assert (status, told["err"]["msg"].startswith("after:")) == (400, True), number


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/archive/rating", 404, 'did you mean "ratings"'),
        ("/v1/archive/weather", 404, ", ".join(KINDS)),
        ("/v1/archive/ratings?limit=0", 400, "limit"),
        ("/v1/archive/ratings?since=yesterday", 400, "since"),
        (
            "/v1/archive/audit?since=100000000000000000000",
            400,
            "since: expected milliseconds since",
        ),
        ("/v1/archive/audit?until=-1", 400, "since, until: expected 0 to"),
        ("/v1/archive/ratings?form=csv", 400, "form"),
        (
            "/v1/archive/ratings?queue=support",
            400,
            "queue: of ratings there is none; there is of conv",
        ),
        ("/v1/archive/audit?agent=alice", 400, "agent: of audit there is none; there is of "),
        ("/v1/archive/ratings?after=%25", 400, "after"),
        ("/v1/archive/ratings?after=WzFd", 400, "after"),
    ],
)
async def test_a_wrong_question_is_answered_with_what_is_wrong(
    tmp_path: Path, path: str, status: int, said: str
) -> None:
    async with kept(tmp_path) as (node, _):
        answer, told = await ask(node, path)
        assert (answer, said in told["err"]["msg"]) == (status, True), told


async def test_where_nothing_is_kept_that_is_said() -> None:
    async with open_node() as node:
        assert (await ask(node, "/v1/archive/ratings"))[0] == 503
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="r1", channel="chat", queue="support")
        _, lines = await ask(node, PATHS[2])
        assert [line["record"] for line in lines] == ["export", "profile", "conversations"]
