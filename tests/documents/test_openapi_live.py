"""Every call of the document, on a live node: it answers as the document says, and nothing else.

A schema lets fields pass that it does not name; here it does not, so a field that nobody described
fails, too.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from router.archive.sqlite import SqliteArchive
from router.documents.openapi import openapi
from tests.helpers.nodes import POLICY, RunningNode, node_settings, open_node, token
from tests.server.test_webhooks import hook, hooking

Json = Any


def strict(part: Json) -> Json:
    """The schemas, without room for fields that are not named."""
    if isinstance(part, list):
        return [strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    told = {name: strict(value) for name, value in part.items()}
    if "properties" in told and told.get("type") == "object":
        told.setdefault("additionalProperties", False)
    return told


DOCUMENT: Json = msgspec.json.decode(msgspec.json.encode(openapi()))
STRICT = strict(DOCUMENT)
OPERATIONS: dict[str, tuple[str, str, Json]] = {
    told["operationId"]: (method.upper(), path, told)
    for path, methods in STRICT["paths"].items()
    for method, told in methods.items()
    if method != "parameters"
}
SAMPLES = {"conversation": "c-none", "agent": "alice", "customer": "nobody", "name": "board"}


class Caller:
    """Calls by operation, and holds each answer against the document."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.answered: dict[str, set[int]] = {}

    async def done(self, name: str, body: Json = None, *headers: str, **more: Json) -> Json:
        """One call that must take effect; its body."""
        status, value = await self.call(name, body, *headers, **more)
        assert status < 300, f"{name}: {status} {value}"
        return value

    async def call(
        self,
        name: str,
        body: Json = None,
        *headers: str,
        query: str = "",
        bearer: str | None = token("service", "shop"),
        **path: str,
    ) -> tuple[int, Json]:
        """One call; its status, and its body as JSON."""
        method, template, told = OPERATIONS[name]
        address = re.sub(
            r"{(\w+)}", lambda part: path.get(part[1], SAMPLES.get(part[1], "x")), template
        )
        payload = "" if body is None else json.dumps(body)
        lines = [
            f"{method} {address}{query} HTTP/1.1",
            f"Host: 127.0.0.1:{self.node.port}",
            *headers,
        ]
        lines += [] if bearer is None else [f"Authorization: Bearer {bearer}"]
        lines += [f"Content-Length: {len(payload)}"] if payload else []
        status, got, answer = await self.node.http("\n".join([*lines, "", ""]) + payload)
        self.answered.setdefault(name, set()).add(status)
        assert str(status) in told["responses"], (
            f"{name} answers {status}, of which nobody was told"
        )
        return status, self._judged(name, told["responses"][str(status)], got, answer)

    def _judged(self, name: str, told: Json, got: dict[str, str], answer: bytes) -> Json:
        if "$ref" in told:
            told = STRICT["components"]["responses"][told["$ref"].rsplit("/", 1)[1]]
        kinds = told.get("content", {})
        if not kinds:
            assert answer == b"", name
            return None
        kind = got["content-type"].partition(";")[0]
        assert kind in kinds, f"{name} answers {kind}"
        if "json" not in kind or "ndjson" in kind:
            return None
        value = json.loads(answer)
        schema = {**kinds[kind]["schema"], "components": STRICT["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)
        for header in told.get("headers", {}):
            assert header.lower() in got or header == "Retry-After", f"{name} has no {header}"
        return value


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SqliteArchive]:
    kept = SqliteArchive(tmp_path / "archive", ["acme", "browsers"])
    yield kept
    kept.close()


def key(name: str) -> str:
    return f"Idempotency-Key: {name}"


async def test_every_call_does_what_it_is_for_and_answers_as_described(
    archive: SqliteArchive, tmp_path: Path
) -> None:
    policy = msgspec.structs.replace(POLICY, classes={"standard": 0, "gold": 60_000})
    settings = hooking(
        node_settings(policy, journal="file", data=str(tmp_path)), hook("http://127.0.0.1:9/")
    )
    async with open_node(settings, archive=archive) as node:
        caller = Caller(node)
        done, call = caller.done, caller.call
        agent = {"bearer": token("agent", "alice")}
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")

        ask = {"customer": "ada", "channel": "chat", "deferrable": True, "queue": "support"}
        status, asked = await call("post_conversations", {**ask, "body": "My lamp"}, key("k1"))
        assert (status, asked["status"]) == (201, "offered")
        talk = {"conversation": asked["conversation"]}
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        status, joined = await call("post_conversations", {**ask, "customer": "bea"}, key("k2"))
        assert status == 201
        other = {"conversation": joined["conversation"]}

        assert (await done("get_conversations", query="?limit=1"))["next"]
        assert (await done("get_conversations_conversation", **talk))["agent"] == "alice"
        said = await call(
            "post_conversations_conversation_messages", {"body": "Hm"}, key("m"), **talk
        )
        assert said == (201, {"seq": 2})
        explained = await done("get_conversations_conversation_explain", **talk)
        assert explained["about"] == "assignment"
        explained = await done("get_conversations_conversation_explain", **other)
        assert explained["about"] in {"waiting", "assignment"}
        score = {"part": "topic", "value": 900, "ttl_ms": 60_000}
        await done("put_conversations_conversation_score", score, **other)
        await done("put_conversations_conversation_priority", {"priority": "gold"}, **other)
        await done("post_conversations_conversation_assign", {"agent": "alice"}, **other)
        to = {"to": {"queue": "billing"}}
        await done("post_conversations_conversation_transfer", to, key("t"), **talk)
        await done("post_conversations_conversation_cancel", {}, **talk)
        await done("post_conversations_conversation_end", {}, **other)

        rows = (await done("get_agents"))["agents"]
        assert "alice" in {row["agent"] for row in rows}
        await done("get_agents_agent", agent="alice")
        await done("get_agents_agent_explain", agent="alice")
        await done("get_shares")
        await done("get_own_share", **agent)
        await done("put_agents_agent_skills", {"skills": {"lamps": 70}}, agent="alice")
        await done("put_agents_agent_presence", {"show": "away"}, agent="alice")
        queues = (await done("get_queues"))["queues"]
        one = await done("get_queues_queue", queue=queues[0]["queue"])
        assert one["queue"] == queues[0]["queue"]
        told = await done("get_policy")
        assert (await done("put_policy", {**told, "grace_ms": 90_000}))["changes"]

        await done("put_preference", {"views": [1]}, **agent)
        assert (await done("get_preference", **agent))["value"] == {"views": [1]}
        await done("delete_preference", **agent)

        trail = await done("get_audit", query="?limit=1")
        assert trail["next"]
        page = await done("get_audit", query=f"?limit=1&after={trail['next']}")
        assert page["entries"][0]["entry"] < trail["entries"][0]["entry"]
        assert (await done("get_conversation_messages", **talk))["messages"]
        await done("get_archive", kind="conversations")
        await done("get_customer_export", query="?purpose=asked", customer="ada")
        await done("get_webhooks")
        await done("post_webhook_replay", {"from_at": 0}, hook="crm")
        assert (await call("post_rehearsal"))[0] == 201
        await done("delete_customer", customer="nobody")

        visitor = await done("post_visitor", {"tenant": "acme"}, bearer=None)
        assert visitor["id"].startswith("visitor-")
        await done("get_opening", query="?tenant=acme&queue=support", bearer=None)

    tried = {name for name, codes in caller.answered.items() if any(code < 300 for code in codes)}
    assert tried >= TRIED


SURE = (
    "/v1/agents",
    "/v1/audit",
    "/v1/conversations",
    "/v1/me/",
    "/v1/opening",
    "/v1/policy",
    "/v1/queues",
    "/v1/rehearsals",
    "/v1/shares",
    "/v1/visitors",
)
TRIED = {name for name, (_, path, _) in OPERATIONS.items() if path.startswith(SURE)}
"""Of these the test knows how they succeed."""


async def test_whoever_has_no_token_or_another_role_is_refused_as_described() -> None:
    async with open_node() as node:
        caller = Caller(node)
        for name, (_, _, told) in OPERATIONS.items():
            if told.get("security") == []:
                continue
            assert (await caller.call(name, bearer=None))[0] == 401, name
            assert (await caller.call(name, bearer=token("customer", "ada")))[0] == 403, name


async def test_nonsense_is_refused_as_described() -> None:
    """Also calls of which no other test here knows anything answer with a status that is told."""
    async with open_node() as node:
        caller = Caller(node)
        for name, (method, _, told) in OPERATIONS.items():
            is_own = "/me/" in OPERATIONS[name][1]
            role = token("agent", "bob") if is_own else token("service", "shop")
            status, _ = await caller.call(name, bearer=role)
            assert status < 500 or status == 503, name
            if method != "GET" and "requestBody" in told:
                bad = {"tea": {"milk": True}}
                status, _ = await caller.call(name, bad, key("x"), bearer=role)
                assert status in {400, 404} or "preference" in name, name
        assert (await caller.call("get_audit", query="?after=tea"))[0] in {400, 503}
