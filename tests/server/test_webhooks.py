"""Webhooks of a whole node: what happens is told, through crashes, and nobody waits for it."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from prometheus_client import CollectorRegistry

from router.commands import SetPolicy
from router.errors import StorageError
from router.journal.base import Record
from router.server.clock import Clock
from router.server.hook_store import FILE_NAME, Delivery, HookKey, HookStore
from router.server.sections import Settings, Webhook
from router.server.storing import opened
from router.server.tenants import Tenants
from router.server.webhooks import LINE_MAX, HookFigures, Webhooks, needed, pass_over
from tests.helpers.nodes import (
    PATIENCE_S,
    POLICY,
    Client,
    RunningNode,
    folder_settings,
    node_settings,
    open_node,
)
from tests.helpers.receivers import Receiver, receiver
from tests.server.test_hook_signing import SECRET

ABOUT_IT = {
    "conversation.queued", "offer.made", "offer.ended", "conversation.assigned",
    "conversation.ended",
}  # fmt: skip


def hooking(settings: Settings, *hooks: Webhook) -> Settings:
    acme = msgspec.structs.replace(settings.tenants["acme"], webhooks=hooks)
    return msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme})


def hook(url: str, id_: str = "crm", events: tuple[Any, ...] = ()) -> Webhook:
    return Webhook(id=id_, url=url, secret=SECRET, events=events)


def _order(event: dict[str, Any]) -> tuple[int, int]:
    return event["position"], event["place"]


def _wait(webhooks: Webhooks) -> bool:
    return any(webhooks.store.standing(one.key).waiting for one in webhooks.all())


async def until_kind(crm: Receiver, kind: str) -> None:
    with trio.fail_after(PATIENCE_S):
        while kind not in crm.kinds():  # noqa: ASYNC110 - the other side is a thread
            await trio.sleep(0.01)


async def serve_one(node: RunningNode) -> str:
    """Alice serves Carl; returns the conversation."""
    alice = await node.join("agent", "alice")
    await alice.ok("presence.set", show="available")
    carl = await node.join("customer", "carl")
    reply = await carl.ok("conversation.request", op="o", channel="chat", body="a secret of mine")
    offer = await alice.until("offer.new")
    await alice.ok("offer.accept", offer=offer["offer"])
    await alice.ok("conversation.end", conversation=reply["conversation"])
    return str(reply["conversation"])


async def test_what_happens_is_told_in_the_order_of_its_positions_and_without_a_word_of_it() -> (
    None
):
    with receiver() as crm, receiver() as few:
        hooks = hook(crm.url), hook(few.url, "few", ("conversation.ended",))
        async with open_node(hooking(node_settings(), *hooks)) as node:
            name = await serve_one(node)
            await until_kind(crm, "conversation.ended")
            await until_kind(few, "conversation.ended")
            for kind in ABOUT_IT:
                await until_kind(crm, kind)
            webhooks = node.node.webhooks
            with trio.fail_after(PATIENCE_S):
                while _wait(webhooks):  # noqa: ASYNC110 - threads settle
                    await trio.sleep(0.01)
            page = (await node.node.render_metrics()).decode()
        told = sorted((posted.event for posted in crm.posted), key=_order)
        about = [one["type"] for one in told if one["data"].get("conversation") == name]
        assert about == [
            "conversation.queued", "offer.made", "offer.ended", "conversation.assigned",
            "conversation.ended",
        ]  # fmt: skip
        assert "agent.presence" in crm.kinds()
        ended = told[-1]
        assert ended["tenant"] == "acme"
        assert (ended["data"]["customer"], ended["data"]["agent"]) == ("carl", "alice")
        assert few.kinds() == ["conversation.ended"]
        assert b"a secret of mine" not in b"".join(posted.body for posted in crm.posted)
        assert 'fairline_webhook_waiting{hook="crm",tenant="acme"}' in page
        assert 'result="delivered"' in page


async def test_what_happened_before_a_crash_is_told_after_it(tmp_path: Path) -> None:
    with receiver() as crm:
        url = crm.url
        port = int(url.rsplit(":", 1)[1].split("/")[0])
    settings, clock = hooking(folder_settings(tmp_path), hook(url)), Clock()
    name = ""
    seen: list[dict[str, Any]] = []
    for life in range(2):
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                if life == 0:
                    name = await serve_one(node)  # and then the node is cut off
                else:
                    with receiver(port) as crm:
                        for kind in ABOUT_IT:
                            await until_kind(crm, kind)
                        seen = [posted.event for posted in crm.posted]
    assert {one["type"] for one in seen if one["data"].get("conversation") == name} == ABOUT_IT


async def test_a_new_hook_begins_with_what_happens_from_then_on(tmp_path: Path) -> None:
    settings, clock = folder_settings(tmp_path), Clock()
    before = ""
    with receiver() as crm:
        for some in ((), (hook(crm.url),)):
            async with opened(hooking(settings, *some), clock) as kept:
                parts = {"archive": kept.archive, "kept": kept}
                configured = hooking(settings, *some)
                async with open_node(configured, kept.journal, clock, **parts) as node:
                    if not some:
                        before = await serve_one(node)
                        continue
                    service = await node.join("service", "shop")
                    await service.ok("conversation.request", op="x", channel="chat", customer="ada")
                    await until_kind(crm, "conversation.queued")
        assert before not in str([posted.event for posted in crm.posted])


async def test_the_journal_is_held_up_to_what_the_disk_has(tmp_path: Path) -> None:
    settings, clock = hooking(folder_settings(tmp_path), hook("http://127.0.0.1:9/")), Clock()
    async with opened(settings, clock) as kept:
        parts = {"archive": kept.archive, "kept": kept}
        async with open_node(settings, kept.journal, clock, **parts) as node:
            await serve_one(node)
            webhooks = node.node.webhooks
            await webhooks.end()
            position = node.node.routers["acme"].position
            held = [done.get("acme", 0) for done in kept.journal.holds.done()]  # type: ignore[attr-defined]
            assert position in held
            assert kept.hooks is not None
            assert needed(kept.hooks, {"acme": ["crm"]}) == {"acme": position}


def test_a_start_that_begins_later_than_a_hook_had_heard_goes_on_there() -> None:
    store = HookStore(None)
    key = HookKey("acme", "crm")
    store.add((), {key: 5})
    hooks = {"acme": [hook("x"), hook("x", "new")]}
    assert needed(store, {"acme": ["crm", "new"]}) == {"acme": 5}
    pass_over(store, hooks, {"acme": 3})
    assert store.place(key) == 5
    pass_over(store, hooks, {"acme": 9})
    assert store.place(key) == 9
    assert store.place(HookKey("acme", "new")) is None
    assert needed(store, {"acme": ["new"]}) == {}


async def test_webhooks_of_another_journal_are_refused_and_the_journal_let_go(
    tmp_path: Path,
) -> None:
    settings, clock = hooking(folder_settings(tmp_path), hook("http://127.0.0.1:9/")), Clock()
    async with opened(settings, clock) as kept:
        assert kept.hooks is not None
        kept.hooks.add((), {HookKey("acme", "crm"): 3})
    wrong = r"acme: the webhook crm has heard of 3 commands and the journal has 0.*webhooks\.sqlite"
    for _ in range(2):
        with pytest.raises(StorageError, match=wrong):
            async with opened(settings, clock):
                raise AssertionError("nothing was opened")
    (tmp_path / FILE_NAME).rename(tmp_path / "away")  # as the sentence says
    async with opened(settings, clock) as kept:
        assert kept.hooks is not None
        kept.hooks.add((), {HookKey("acme", "crm"): 0})
    async with opened(settings, clock):
        pass


async def test_nobody_waits_for_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    with receiver() as crm:
        settings, clock = hooking(folder_settings(tmp_path), hook(crm.url)), Clock()
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                assert kept.hooks is not None
                kept.hooks._connection.execute("PRAGMA query_only = ON")
                await serve_one(node)
                kept.hooks._connection.execute("PRAGMA query_only = OFF")
                await until_kind(crm, "conversation.ended")
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        (count,) = connection.execute("SELECT count(*) FROM deliveries").fetchone()
    connection.close()
    assert count == len({posted.headers["webhook-id"] for posted in crm.posted})


async def test_a_replay_waits_for_room_but_not_for_a_disk_that_takes_nothing(
    autojump_clock: object,
) -> None:
    store = HookStore(None)
    store._connection.execute("PRAGMA query_only = ON")
    tenants = Tenants(["acme"])
    with pytest.raises(StorageError):
        store.add((), {HookKey("acme", "crm"): 0})
    store._connection.execute("PRAGMA query_only = OFF")
    webhooks = Webhooks(
        {"acme": (hook("http://127.0.0.1:9/"),)},
        store,
        tenants,
        ends={},
        wall_ms=Clock().wall_ms,
    )
    router = tenants.routers["acme"]
    events = router.apply(SetPolicy(policy=POLICY), 1)
    for position in range(1, LINE_MAX // 2 + 2):
        webhooks.take(Record("acme", position, 1, b""), events)
    with trio.move_on_after(1) as patience:
        await webhooks.keep_up()
    assert patience.cancelled_caught, "there was no room"
    store._connection.execute("PRAGMA query_only = ON")
    await webhooks.end()
    with trio.fail_after(1):
        await webhooks.keep_up()
    store._connection.execute("PRAGMA query_only = OFF")
    await webhooks.end()
    assert not webhooks.is_failing
    assert store.standing(HookKey("acme", "crm")).waiting == LINE_MAX // 2 + 1


async def test_what_is_delivered_once_more_crowds_out_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.server.webhooks.WAITING_MAX", 3)
    store, tenants, key = HookStore(None), Tenants(["acme"]), HookKey("acme", "crm")
    over = [Delivery(key, number, 0, 1, "policy.changed", "", b"{}") for number in (1, 2, 3, 4)]
    store.add(over, {key: 4})
    store.settle([(one, "delivered") for one in over], 2)
    assert store.replay(key, 0, 3) == 4
    hooks = {"acme": (hook("http://127.0.0.1:9/"),)}
    wall_ms = Clock().wall_ms
    webhooks = Webhooks(hooks, store, tenants, ends={}, wall_ms=wall_ms)
    events = tenants.routers["acme"].apply(SetPolicy(policy=POLICY), 1)
    webhooks.take(Record("acme", 5, 1, b""), events)
    await webhooks.end()
    assert dropped(webhooks) == 0
    assert store.standing(key).waiting == 5


async def test_an_event_without_room_is_counted_in_a_series_that_was_there_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.server.webhooks.WAITING_MAX", 0)
    store, tenants = HookStore(None), Tenants(["acme"])
    hooks = {"acme": (hook("http://127.0.0.1:9/"),)}
    wall_ms = Clock().wall_ms
    webhooks = Webhooks(hooks, store, tenants, ends={}, wall_ms=wall_ms)
    assert dropped(webhooks) == 0
    events = tenants.routers["acme"].apply(SetPolicy(policy=POLICY), 1)
    webhooks.take(Record("acme", 1, 1, b""), events)
    assert dropped(webhooks) == 1


async def test_what_waits_is_shown_while_nobody_asks_a_hook_that_is_down() -> None:
    """For up to five minutes; the figure is what the bound is held by."""
    with receiver() as crm:
        crm.answer = lambda _: (503, {"retry-after": "300"})
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            await until_kind(crm, "policy.changed")
            webhooks = node.node.webhooks
            with trio.fail_after(PATIENCE_S):
                while not next(iter(webhooks.all())).failures:  # noqa: ASYNC110 - a thread's answer
                    await trio.sleep(0.01)
            await serve_one(node)
            await webhooks.end()
            waits = webhooks.store.standing(HookKey("acme", "crm")).waiting
            assert waits >= 6
            assert figure(webhooks, "fairline_webhook_waiting") == waits
            assert crm.kinds() == ["policy.changed"], "nobody asked it meanwhile"


def dropped(webhooks: Webhooks) -> float:
    return figure(webhooks, "fairline_webhook_dropped_total")


def figure(webhooks: Webhooks, name: str) -> float:
    """What Prometheus is told, of the only hook."""
    registry = CollectorRegistry()
    registry.register(HookFigures(webhooks, Clock().wall_ms))
    told = registry.get_sample_value(name, {"tenant": "acme", "hook": "crm"})
    assert told is not None
    return told


async def test_an_erased_customer_is_told_and_then_forgotten(tmp_path: Path) -> None:
    with receiver() as crm:
        settings, clock = hooking(folder_settings(tmp_path), hook(crm.url)), Clock()
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                await serve_one(node)
                await until_kind(crm, "conversation.ended")
                status, _, _ = await erase(node, "carl")
                assert status in (202, 204)
                await until_kind(crm, "customer.erased")
                assert kept.hooks is not None
                key = HookKey("acme", "crm")
                with trio.fail_after(PATIENCE_S):
                    while kept.hooks.standing(key).waiting:  # noqa: ASYNC110 - a thread settles
                        await trio.sleep(0.01)
                kept.hooks.replay(key, 0, 0)
                left = [one.customer for one in kept.hooks.due(key, 1, 100)]
                assert "carl" not in left
                assert left


async def erase(node: RunningNode, customer: str) -> tuple[int, dict[str, str], bytes]:
    from tests.helpers.nodes import token

    head = f"DELETE /v1/customers/{customer} HTTP/1.1\nHost: 127.0.0.1:{node.port}"
    return await node.http(f"{head}\nAuthorization: Bearer {token('service', 'x')}\n\n")


async def test_without_hooks_there_is_no_file_and_nothing_to_keep(tmp_path: Path) -> None:
    settings, clock = folder_settings(tmp_path), Clock()
    async with opened(settings, clock) as kept:
        parts = {"archive": kept.archive, "kept": kept}
        async with open_node(settings, kept.journal, clock, **parts) as node:
            await node.join("agent", "alice")
            assert 'hook="' not in (await node.node.render_metrics()).decode()
            assert await node.node.webhooks._write_line()
    assert not (tmp_path / FILE_NAME).exists()


# -- other hooks while it runs -----------------------------------------------------------------


async def test_hooks_come_change_and_go_while_the_node_runs(tmp_path: Path) -> None:
    with receiver() as crm, receiver() as bi:
        first = hook(crm.url, events=("agent.presence",))
        settings, clock = hooking(folder_settings(tmp_path), first), Clock()
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                alice = await node.join("agent", "alice")
                await until_kind(crm, "agent.presence")
                ended = ("conversation.ended",)
                both = [hook(crm.url, events=ended), hook(bi.url, "bi")]
                await node.node.change_hooks({"acme": both, "browsers": []})
                await alice.ok("presence.set", show="available")
                carl = await node.join("customer", "carl")
                await _ask_and_cancel(carl, "o1")
                await until_kind(crm, "conversation.ended")
                await until_kind(bi, "conversation.ended")
                assert crm.kinds() == ["agent.presence", "conversation.ended"]
                assert bi.posted[0].event["position"] > crm.posted[0].event["position"]
                await node.node.change_hooks({"acme": [hook(bi.url, "bi")]})
                before = len(crm.posted)
                await _ask_and_cancel(carl, "o2")
                with trio.fail_after(PATIENCE_S):
                    while bi.kinds().count("conversation.ended") < 2:  # noqa: ASYNC110 - a thread
                        await trio.sleep(0.01)
                assert len(crm.posted) == before
                assert kept.hooks is not None
                webhooks = node.node.webhooks
                await webhooks.end()
                position = node.node.routers["acme"].position
                held = [done.get("acme", 0) for done in kept.journal.holds.done()]  # type: ignore[attr-defined]
                assert position in held, "the journal waits for no hook that is gone"
                assert 'hook="bi"' in (await node.node.render_metrics()).decode()


async def _ask_and_cancel(carl: Client, op: str) -> None:
    asked = await carl.ok("conversation.request", op=op, channel="chat", queue="billing")
    await carl.ok("conversation.cancel", conversation=asked["conversation"])


async def test_a_hook_that_was_down_is_asked_at_once_at_its_new_address() -> None:
    with receiver() as crm:
        settings = hooking(node_settings(), hook("http://127.0.0.1:9/"))
        async with open_node(settings) as node:
            await node.join("agent", "alice")
            webhooks = node.node.webhooks
            hooked = webhooks.of("acme", "crm")
            assert hooked is not None
            with trio.fail_after(PATIENCE_S):
                while not hooked.failures:  # noqa: ASYNC110 - a thread
                    await trio.sleep(0.01)
            await node.node.change_hooks({"acme": [hook(crm.url)]})
            assert (hooked.failures, hooked.paused_until_ms) == (0, 0)
            service = await node.join("service", "shop")
            await service.ok("conversation.request", op="x", channel="chat", customer="ada")
            await until_kind(crm, "conversation.queued")


async def test_a_tenant_that_newer_settings_leave_out_keeps_its_hooks_as_it_is_served_on() -> None:
    with receiver() as crm:
        settings = hooking(node_settings(), hook(crm.url))
        async with open_node(settings) as node:
            webhooks = node.node.webhooks
            await node.node.change_hooks({"browsers": []})
            assert webhooks.store.listening == {"acme": ["crm"], "browsers": []}
            await node.join("agent", "alice")
            await until_kind(crm, "agent.presence")
            await node.node.change_hooks({"acme": [], "browsers": []})
            assert list(webhooks.all()) == []


async def test_the_first_hook_of_all_comes_while_the_node_runs_and_lasts(tmp_path: Path) -> None:
    settings, clock = folder_settings(tmp_path), Clock()
    with receiver() as crm:
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                alice = await node.join("agent", "alice")
                assert await asked(node, "GET", "") == (200, {"webhooks": []})
                await node.node.change_hooks({"acme": [hook(crm.url)], "browsers": []})
                assert (await asked(node, "POST", "/crm/test"))[1]["status"] == 204
                begun = node.node.routers["acme"].position
                await alice.ok("presence.set", show="available")
                await until_kind(crm, "agent.presence")
                told = [one.event for one in crm.posted if one.event["type"] != "webhook.test"]
                assert min(event["position"] for event in told) > begun
                assert "agent.presence" in [event["type"] for event in told]
                assert 'hook="crm"' in (await node.node.render_metrics()).decode()
                await node.node.webhooks.end()
                place = node.node.routers["acme"].position
                held = [done.get("acme") for done in kept.journal.holds.done()]  # type: ignore[attr-defined]
                assert place in held, "the journal is kept for it"
        # What it had heard of by then, a start with it in the settings knows.
        async with opened(hooking(settings, hook(crm.url)), clock) as kept:
            assert kept.hooks is not None
            assert (kept.hooks.place(HookKey("acme", "crm")) or 0) >= place


async def test_a_first_hook_whose_file_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    settings, clock = folder_settings(tmp_path), Clock()
    (tmp_path / FILE_NAME).write_bytes(b"rubbish " * 1_000)
    async with opened(settings, clock) as kept:
        parts = {"archive": kept.archive, "kept": kept}
        async with open_node(settings, kept.journal, clock, **parts) as node:
            with pytest.raises(StorageError, match=f"{FILE_NAME} cannot be used"):
                await node.node.change_hooks({"acme": [hook("http://127.0.0.1:9/")]})
            assert list(node.node.webhooks.all()) == []
            (tmp_path / FILE_NAME).unlink()
            await node.node.change_hooks({"acme": [hook("http://127.0.0.1:9/")]})
            assert [one.key.hook for one in node.node.webhooks.all()] == ["crm"]


async def test_a_first_hook_over_the_file_of_another_journal_changes_nothing(
    tmp_path: Path,
) -> None:
    """Its events would have the ids of others, which receivers drop as repeats."""
    settings, clock = folder_settings(tmp_path), Clock()
    store = HookStore(tmp_path / FILE_NAME)
    store.add((), {HookKey("acme", "crm"): 10_000})
    store.close()
    async with opened(settings, clock) as kept:
        parts = {"archive": kept.archive, "kept": kept}
        async with open_node(settings, kept.journal, clock, **parts) as node:
            for _ in range(2):
                with pytest.raises(StorageError, match="do not belong together"):
                    await node.node.change_hooks({"acme": [hook("http://127.0.0.1:9/")]})
            assert list(node.node.webhooks.all()) == []


async def asked(node: RunningNode, method: str, path: str) -> tuple[int, Any]:
    from tests.helpers.nodes import token

    head = f"{method} /v1/webhooks{path} HTTP/1.1\nHost: 127.0.0.1:{node.port}"
    status, _, body = await node.http(f"{head}\nAuthorization: Bearer {token('service', 'x')}\n\n")
    return status, msgspec.json.decode(body)
