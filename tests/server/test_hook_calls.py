"""The HTTP surface over webhooks."""

from typing import Any

import msgspec
import trio

from router.server.hook_calls import HookRow, Hooks
from tests.helpers.nodes import PATIENCE_S, RunningNode, node_settings, open_node, token
from tests.helpers.receivers import receiver
from tests.server.test_hook_signing import SECRET
from tests.server.test_webhooks import hook, hooking, serve_one, until_kind


def bearer(role: str = "service", tenant: str = "acme") -> str:
    return f"Authorization: Bearer {token(role, 'shop', tenant=tenant)}"


async def replay(node: RunningNode, id_: str, body: object, *headers: str) -> tuple[int, bytes]:
    status, _, text = await node.post(f"/v1/webhooks/{id_}/replay", body, *headers)
    return status, text


async def test_events_are_delivered_once_more_under_their_ids() -> None:
    with receiver() as crm:
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            await serve_one(node)
            await until_kind(crm, "conversation.ended")
            webhooks = node.node.webhooks
            hooked = webhooks.of("acme", "crm")
            assert hooked is not None
            position = node.node.routers["acme"].position
            with trio.fail_after(PATIENCE_S):
                while webhooks.store.place(hooked.key) != position:  # noqa: ASYNC110 - a thread
                    await trio.sleep(0.01)
                while webhooks.store.standing(hooked.key).waiting:  # noqa: ASYNC110 - a thread
                    await trio.sleep(0.01)
            first = [posted.headers["webhook-id"] for posted in crm.posted]
            assert (await replay(node, "crm", {"from_at": 9_999_999_999_999}, bearer())) == (
                200, b'{"events":0}',
            )  # fmt: skip
            status, text = await replay(node, "crm", {"from_at": 0}, bearer())
            count = msgspec.json.decode(text)["events"]
            assert (status, count) == (200, len(set(first)))
            with trio.fail_after(PATIENCE_S):
                while len(crm.posted) < len(first) + count:  # noqa: ASYNC110 - a thread hears
                    await trio.sleep(0.01)
            again = [posted.headers["webhook-id"] for posted in crm.posted[len(first) :]]
            assert sorted(again) == sorted(set(first))


async def test_how_hooks_stand_is_told_to_services_of_their_tenant_without_secrets() -> None:
    settings = hooking(node_settings(), hook("http://127.0.0.1:9/path"))
    async with open_node(settings) as node:
        service = await node.join("service", "shop")
        await service.ok("conversation.request", op="x", channel="chat", customer="ada")
        with trio.fail_after(PATIENCE_S):
            while True:
                status, _, text = await node.get("/v1/webhooks", bearer())
                (row,) = msgspec.json.decode(text, type=Hooks).webhooks
                if row.failures and row.waiting:
                    break
        assert status == 200
        assert (row.id, row.error, row.waiting > 0) == ("crm", "ConnectError", True)
        assert SECRET.encode() not in text
        assert b"127.0.0.1" not in text
        _, _, text = await node.get("/v1/webhooks", bearer(tenant="browsers"))
        assert msgspec.json.decode(text, type=Hooks).webhooks == ()
        assert (await replay(node, "crm", {"from_at": 0}, bearer(tenant="browsers")))[0] == 404


async def test_who_may_not_and_what_is_wrong_is_refused() -> None:
    async with open_node(hooking(node_settings(), hook("http://127.0.0.1:9/"))) as node:
        assert (await node.get("/v1/webhooks"))[0] == 401
        assert (await node.get("/v1/webhooks", bearer("supervisor")))[0] == 403
        assert (await replay(node, "crm", {"from_at": 0}, bearer("supervisor")))[0] == 403
        assert (await replay(node, "other", {"from_at": 0}, bearer()))[0] == 404
        for wrong in ({}, {"from_at": -1}, {"from_at": "x"}, {"from_at": 0, "more": 1}, [1]):
            status, text = await replay(node, "crm", wrong, bearer())
            assert (status, b"err" in text) == (400, True)
    async with open_node() as node:
        assert (await node.get("/v1/webhooks", bearer()))[2] == b'{"webhooks":[]}'
        assert (await replay(node, "crm", {"from_at": 0}, bearer()))[0] == 404


async def ask(
    node: RunningNode, path: str, *headers: str, method: str = "GET"
) -> tuple[int, dict[str, Any]]:
    lines = [f"{method} /v1/webhooks/{path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    status, _, text = await node.http("\n".join(lines))
    return status, msgspec.json.decode(text)


async def test_a_hook_is_tried_at_once_with_an_event_that_says_nothing() -> None:
    with receiver() as crm:
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            status, told = await ask(node, "crm/test", bearer(), method="POST")
            assert (status, told["status"], told["error"]) == (200, 204, "")
            (posted,) = crm.posted
            assert (posted.event["type"], posted.event["data"]) == ("webhook.test", {})
            assert posted.headers["webhook-id"].startswith("evt_test_")
            assert posted.headers["webhook-signature"].startswith("v1,")
            crm.answer = lambda _: (500, {})
            status, told = await ask(node, "crm/test", bearer(), method="POST")
            assert (status, told["status"], told["error"]) == (200, 500, "answered 500")
            status, told = await ask(node, "crm/deliveries", bearer())
            assert told == {"deliveries": [], "next": None}, "a test is kept nowhere"
    async with open_node(hooking(node_settings(), hook("http://127.0.0.1:9/"))) as node:
        status, told = await ask(node, "crm/test", bearer(), method="POST")
        assert (status, told["status"], told["error"]) == (200, 0, "ConnectError")


async def test_deliveries_are_listed_by_how_they_stand_and_page_by_page() -> None:
    with receiver() as crm:
        crm.answer = lambda posted: (410 if "ended" in posted.event["type"] else 204, {})
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            await serve_one(node)
            await until_kind(crm, "conversation.ended")
            with trio.fail_after(PATIENCE_S):
                while (await ask(node, "crm/deliveries?status=waiting", bearer()))[1]["deliveries"]:  # noqa: ASYNC110 - a thread
                    await trio.sleep(0.01)
            _, whole = await ask(node, "crm/deliveries", bearer())
            rows = whole["deliveries"]
            assert whole["next"] is None
            places = [(row["event"]["position"], row["event"]["place"]) for row in rows]
            assert places == sorted(places, reverse=True)
            sent = {posted.headers["webhook-id"] for posted in crm.posted}
            assert {row["id"] for row in rows} == sent
            _, failed = await ask(node, "crm/deliveries?status=failed", bearer())
            given_up = {"conversation.ended", "offer.ended"}
            assert {row["type"] for row in failed["deliveries"]} == given_up
            assert {row["next_at"] for row in failed["deliveries"]} == {None}
            assert {row["attempts"] for row in failed["deliveries"]} == {1}
            _, delivered = await ask(node, "crm/deliveries?status=delivered", bearer())
            assert len(delivered["deliveries"]) + len(failed["deliveries"]) == len(rows)
            paged, after = [], ""
            while True:
                _, page = await ask(node, f"crm/deliveries?limit=2{after}", bearer())
                paged += page["deliveries"]
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            assert paged == rows


async def test_what_is_to_be_tried_again_says_when() -> None:
    with receiver() as crm:
        crm.answer = lambda _: (422, {})
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            await node.join("agent", "alice")
            with trio.fail_after(PATIENCE_S):
                while True:
                    _, found = await ask(node, "crm/deliveries?status=failed", bearer())
                    if found["deliveries"]:
                        break
            (row, *_) = found["deliveries"]
            assert (row["status"], row["attempts"], row["done_at"]) == ("failed", 1, None)
            assert row["next_at"] > row["at"]


async def test_who_may_not_learn_of_deliveries_and_what_is_wrong() -> None:
    async with open_node(hooking(node_settings(), hook("http://127.0.0.1:9/"))) as node:
        for path, method in (("crm/deliveries", "GET"), ("crm/test", "POST")):
            assert (await ask(node, path, method=method))[0] == 401
            for role in ("supervisor", "agent", "customer"):
                assert (await ask(node, path, bearer(role), method=method))[0] == 403
            other = bearer(tenant="browsers")
            assert (await ask(node, path, other, method=method))[0] == 404
        for wrong, said in (
            ("status=lost", "waiting, failed, delivered"),
            ("limit=0", "limit"),
            ("after=x", "after"),
            ("state=failed", "state"),
        ):
            status, told = await ask(node, f"crm/deliveries?{wrong}", bearer())
            assert (status, said in told["err"]["msg"]) == (400, True), told


def test_a_row_is_plain() -> None:
    assert msgspec.to_builtins(HookRow("a", 1, 2, 3, "x")) == {
        "id": "a", "waiting": 1, "oldest_at": 2, "failures": 3, "error": "x",
    }  # fmt: skip
