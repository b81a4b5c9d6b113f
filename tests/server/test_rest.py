"""The HTTP surface for back ends, from a real node on loopback."""

import json
from typing import Any

import pytest
import trio

from router.errors import Refused
from router.server.rest import _check_names
from tests.helpers.nodes import RunningNode, open_node, token

SERVICE = token("service", "shop")


async def _ask(
    node: RunningNode,
    method: str,
    path: str,
    body: object = None,
    *headers: str,
    bearer: str | None = SERVICE,
) -> tuple[int, dict[str, str], Any]:
    """One request; the body of the answer as JSON, None where it is empty."""
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{node.port}", *headers]
    lines += [] if bearer is None else [f"Authorization: Bearer {bearer}"]
    lines += [f"Content-Length: {len(payload)}"] if payload else []
    request = "\n".join([*lines, "", ""]) + payload.decode()
    status, told, answer = await node.http(request)
    is_json = "json" in told.get("content-type", "")
    return status, told, json.loads(answer) if is_json else None


async def _requested(node: RunningNode, key: str = "k1", **fields: object) -> str:
    body = {"customer": "ada", "channel": "chat", "deferrable": True, **fields}
    status, _, told = await _ask(node, "POST", "/v1/conversations", body, f"Idempotency-Key: {key}")
    assert status == 201, told
    conversation: str = told["conversation"]
    return conversation


async def test_a_back_end_asks_follows_and_ends_a_conversation() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        chat = await _requested(node, body="My lamp flickers", queue="support")
        offer = await alice.until("offer.new")
        assert offer["conversation"] == chat
        await alice.ok("offer.accept", offer=offer["offer"])
        status, _, row = await _ask(node, "GET", f"/v1/conversations/{chat}")
        assert (status, row["status"], row["agent"]) == (200, "active", "alice")
        said = {"body": "Sent a new bulb"}
        path = f"/v1/conversations/{chat}"
        key = "Idempotency-Key: m1"
        assert (await _ask(node, "POST", f"{path}/messages", said, key))[::2] == (201, {"seq": 2})
        assert (await _ask(node, "POST", f"{path}/messages", said, key))[::2] == (201, {"seq": 2})
        assert (await alice.until("message"))["body"] == "Sent a new bulb"
        assert (await _ask(node, "POST", f"{path}/end", {}))[::2] == (204, None)
        ended = await _ask(node, "GET", "/v1/conversations?status=ended&customer=ada")
        assert [one["conversation"] for one in ended[2]["conversations"]] == [chat]


async def test_the_same_key_asks_once_and_another_content_is_a_conflict() -> None:
    async with open_node() as node:
        first = await _requested(node)
        assert await _requested(node) == first
        body = {"customer": "ada", "channel": "chat", "deferrable": True, "topic": "else"}
        status, _, told = await _ask(node, "POST", "/v1/conversations", body, "Idempotency-Key: k1")
        assert (status, told["err"]["name"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        ({"customer": "a", "channel": "chat"}, (), "idempotency-key"),
        ({"customer": "a"}, ("Idempotency-Key: k",), "channel"),
        ({"customer": "a", "channel": 7}, ("Idempotency-Key: k",), "channel: this must be text"),
        ({"customer": "a"}, ("Idempotency-Key: k",), "channel: this key is missing; add it"),
        ({"channel": 7, "needs": 1}, ("Idempotency-Key: k",), "needs: this must be a list"),
        (
            {"customer": "a", "channel": "chat"},
            (f"Idempotency-Key: {'k' * 65}",),
            'idempotency-key: this must be text in quotes, like "..." of at most 64 characters',
        ),
        ({"channel": "chat"}, ("Idempotency-Key: k",), "customer"),
        ({"customer": "a", "channel": "chat", "op": "x"}, ("Idempotency-Key: k",), "op"),
        ([1], ("Idempotency-Key: k",), "object"),
        ({"customr": "a", "channel": "chat"}, ("Idempotency-Key: k",), "customr"),
    ],
)
async def test_a_wrong_request_names_what_is_wrong(
    body: object, headers: tuple[str, ...], words: str
) -> None:
    async with open_node() as node:
        status, _, told = await _ask(node, "POST", "/v1/conversations", body, *headers)
        assert (status, told["err"]["code"]) == (400, 105)
        assert words in told["err"]["msg"]


async def test_what_was_asked_for_says_where_it_is() -> None:
    async with open_node() as node:
        body = {"customer": "ada", "channel": "chat", "deferrable": True}
        for _ in range(2):
            answer = await _ask(node, "POST", "/v1/conversations", body, "Idempotency-Key: k")
            where = f"/v1/conversations/{answer[2]['conversation']}"
            assert answer[1]["location"] == where.lower(), "so the test reads headers"
            assert (await _ask(node, "GET", where))[2]["customer"] == "ada"


async def test_a_refusal_says_what_to_do_instead() -> None:
    async with open_node() as node:
        chat = await _requested(node, queue="support")
        one = f"/v1/conversations/{chat}"

        async def told(method: str, path: str, *more: Any) -> tuple[int, str]:  # noqa: ANN401
            status, _, answer = await _ask(node, method, path, *more)
            return status, answer["err"]["msg"]

        key = "Idempotency-Key: k1"
        body = {"customer": "ada", "channel": "chat", "queue": "suport"}
        sentence = "there is no queue 'suport' (did you mean \"support\"?)"
        assert await told("POST", "/v1/conversations", body, "Idempotency-Key: x") == (
            404,
            sentence,
        )
        assert await told("GET", "/v1/queues/suport") == (404, sentence)
        sentence = "the conversation is waiting; cancel takes it out of the line"
        assert await told("POST", f"{one}/end", {}) == (409, sentence)
        body = {"customer": "ada", "channel": "chat", "topic": "other"}
        sentence = "this Idempotency-Key was used before with other content"
        assert await told("POST", "/v1/conversations", body, key) == (409, sentence)
        body = {"customer": "ada", "channel": "caht", "queue": "support"}
        sentence = "channel: support does not take 'caht'"
        assert await told("POST", "/v1/conversations", body, "Idempotency-Key: y") == (
            400,
            sentence,
        )
        status, sentence = await told("DELETE", one)
        assert (status, "this path takes GET, HEAD alone" in sentence) == (405, True)
        status, sentence = await told("GET", "/v1/conversations?custmer=ada")
        assert (status, 'did you mean "customer"' in sentence) == (400, True)


async def test_who_may_not_call_is_told_why() -> None:
    async with open_node() as node:
        for bearer, status, name, mend in (
            (None, 401, "unauthorized", "expected Bearer and a token"),
            ("rubbish", 401, "unauthorized", "token --verify FILE says why"),
            (token("service", "s", ago_s=9_000), 401, "unauthorized", "expired; send a fresh one"),
            (token("customer", "ada"), 403, "forbidden", "for services and supervisors"),
            (token("agent", "alice"), 403, "forbidden", "for services and supervisors"),
        ):
            answer = await _ask(node, "GET", "/v1/queues", bearer=bearer)
            assert (answer[0], answer[2]["err"]["name"]) == (status, name)
            assert mend in answer[2]["err"]["msg"]
        assert (await _ask(node, "GET", "/v1/queues", bearer=None))[1]["www-authenticate"]
        boss = token("supervisor", "sofia")
        assert (await _ask(node, "GET", "/v1/queues", bearer=boss))[0] == 200
        body = {"customer": "a", "channel": "chat"}
        key = "Idempotency-Key: k"
        refused = await _ask(node, "POST", "/v1/conversations", body, key, bearer=boss)
        assert (refused[0], refused[2]["err"]["code"]) == (403, 102)


async def test_a_caller_who_is_too_fast_is_told_when_to_come_again() -> None:
    async with open_node() as node:
        boss = token("supervisor", "sofia")
        statuses = []
        for _ in range(60):
            status, headers, _ = await _ask(node, "GET", "/v1/queues", bearer=boss)
            statuses.append(status)
            if status == 429:
                assert int(headers["retry-after"]) >= 1
                return
        raise AssertionError(statuses)


async def test_a_waiting_conversation_is_given_prioritised_explained_and_cancelled() -> None:
    async with open_node() as node:
        await node.join("agent", "bob")
        chat = await _requested(node, queue="support")
        path = f"/v1/conversations/{chat}"
        status, _, why = await _ask(node, "GET", f"{path}/explain")
        assert (status, why["about"]) == (200, "waiting")
        status, _, told = await _ask(node, "PUT", f"{path}/priority", {"priority": "none"})
        assert (status, "priority" in told["err"]["msg"]) == (400, True)
        show = {"show": "busy", "reason": "training"}
        assert (await _ask(node, "PUT", "/v1/agents/bob/presence", show))[0] == 204
        status, _, row = await _ask(node, "GET", "/v1/agents/bob")
        assert (row["show"], row["reason"]) == ("busy", "training")
        rows = (await _ask(node, "GET", "/v1/agents?show=busy"))[2]["agents"]
        assert [one["agent"] for one in rows] == ["bob"]
        assert (await _ask(node, "POST", f"{path}/cancel", {}))[0] == 204
        assert (await _ask(node, "POST", f"{path}/assign", {"agent": "bob"}))[0] == 409


async def test_the_policy_is_read_and_replaced_whole_or_not_at_all() -> None:
    async with open_node() as node:
        policy = (await _ask(node, "GET", "/v1/policy"))[2]
        assert policy["queues"][0]["id"] == "support"
        policy["queues"][0]["name"] = "Help"
        status, _, told = await _ask(node, "PUT", "/v1/policy", policy)
        changed = {"path": "queues.support.name", "old": "Support", "new": "Help"}
        assert (status, told) == (200, {"changes": [changed]})
        wrong = {**policy, "grace_ms": -1, "offer_timeuot_ms": 1, "interrupts": ["voise"]}
        status, _, told = await _ask(node, "PUT", "/v1/policy", wrong)
        for sentence in ("policy.grace_ms: ", '(did you mean "offer_timeout_ms"?)'):
            assert sentence in told["err"]["msg"]
        status, _, told = await _ask(node, "PUT", "/v1/policy", {**policy, "rules": [{"id": "a"}]})
        assert (status, "policy.rules[0].then: " in told["err"]["msg"]) == (400, True)
        status, _, told = await _ask(node, "PUT", "/v1/policy", {**policy, "interrupts": ["voise"]})
        assert (status, '(did you mean "voice"?)' in told["err"]["msg"]) == (400, True)
        assert (await _ask(node, "GET", "/v1/policy"))[2]["queues"][0]["name"] == "Help"
        policy["queues"].append(policy["queues"][0])
        status, _, told = await _ask(node, "PUT", "/v1/policy", policy)
        assert (status, "policy.queues" in told["err"]["msg"]) == (400, True)


async def test_two_who_change_the_policy_do_not_overwrite_each_other() -> None:
    async with open_node() as node:
        _, read, policy = await _ask(node, "GET", "/v1/policy")
        mine = f"If-Match: {read['etag']}"
        first = await _ask(node, "PUT", "/v1/policy", {**policy, "grace_ms": 5_000}, mine)
        assert first[0] == 200
        theirs = {**policy, "score_band": 7}
        status, _, told = await _ask(node, "PUT", "/v1/policy", theirs, mine)
        assert (status, told["err"]["name"]) == (412, "conflict")
        _, read, kept = await _ask(node, "GET", "/v1/policy")
        assert (kept["grace_ms"], kept["score_band"]) == (5_000, 100)
        assert read["etag"] == first[1]["etag"]
        sofia = await node.join("supervisor", "sofia")
        await sofia.ok("policy.set", policy=kept)  # the same, and yet another
        mine = f"If-Match: {read['etag']}"
        assert (await _ask(node, "PUT", "/v1/policy", theirs, mine))[0] == 412
        assert (await _ask(node, "PUT", "/v1/policy", theirs, "If-Match: *"))[0] == 200
        assert (await _ask(node, "PUT", "/v1/policy", policy))[0] == 200


async def test_of_two_changes_at_once_one_finds_that_it_comes_too_late() -> None:
    async with open_node() as node:
        _, read, policy = await _ask(node, "GET", "/v1/policy")
        mine = f"If-Match: {read['etag']}"
        statuses: list[int] = []

        async def put(score_band: int) -> None:
            body = {**policy, "score_band": score_band}
            statuses.append((await _ask(node, "PUT", "/v1/policy", body, mine))[0])

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(put, number)
        assert sorted(statuses) == [200, 412, 412, 412]


async def test_a_supervisor_who_never_connected_has_the_teams_of_their_token() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")  # of the team "floor"
        await alice.ok("presence.set", show="available")
        chat = await _requested(node, queue="support")
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        path = f"/v1/conversations/{chat}"
        calls: list[tuple[str, str, object]] = [
            ("GET", path, None),
            ("GET", f"{path}/explain", None),
            ("GET", "/v1/agents/alice/explain", None),
            ("PUT", f"{path}/priority", {"priority": "gold"}),
            ("POST", f"{path}/assign", {"agent": "bob"}),
            ("POST", f"{path}/transfer", {"to": {"queue": "billing"}}),
            ("POST", f"{path}/end", {}),
        ]
        night = token("supervisor", "nora", teams=["night"])
        key = "Idempotency-Key: t1"
        for method, where, body in calls:
            status, _, told = await _ask(node, method, where, body, key, bearer=night)
            assert (where, status, told["err"]["name"]) == (where, 403, "forbidden")
        listed = await _ask(node, "GET", "/v1/conversations", bearer=night)
        assert listed[2]["conversations"] == []
        floor = token("supervisor", "flo", teams=["floor"])
        listed = await _ask(node, "GET", "/v1/conversations", bearer=floor)
        assert [row["conversation"] for row in listed[2]["conversations"]] == [chat]
        everybody = token("supervisor", "eve")
        for boss in (floor, everybody):
            assert (await _ask(node, "GET", "/v1/agents/alice/explain", bearer=boss))[0] == 200
        assert (await _ask(node, "POST", f"{path}/end", {}, bearer=floor))[0] == 204


async def test_a_parameter_that_there_is_not_is_named() -> None:
    async with open_node() as node:
        many = "9" * 5_000
        for query in (
            "?stats=waiting", "?limit=0", "?limit=x", f"?limit={many}", f"?after={many}.c1",
        ):  # fmt: skip
            status, _, told = await _ask(node, "GET", f"/v1/conversations{query}")
            assert (status, told["err"]["code"]) == (400, 105)
        assert (await _ask(node, "GET", "/v1/agents/nobody"))[0] == 404
        assert (await _ask(node, "DELETE", "/v1/agents/nobody"))[0] == 405


async def test_while_draining_nothing_is_taken() -> None:
    async with open_node() as node:
        node.node.gateway.is_draining = True
        status, headers, _ = await _ask(node, "GET", "/v1/queues")
        assert (status, headers["retry-after"]) == (503, "1")


def test_a_field_that_is_misspelt_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(Refused) as caught:
        _check_names(["chanel"], ["channel", "topic"])
    assert str(caught.value) == 'chanel: there is no such field (did you mean "channel"?)'
    _check_names(["topic"], ["channel", "topic"])
