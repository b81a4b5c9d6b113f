"""Newer settings for a running node."""

import io
import json
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from router.errors import Refusal, Refused, SettingsError
from router.policy import Policy
from router.server import appending, logs
from router.server.clock import Clock
from router.server.reloading import unchangeable, wait_to_stop
from router.server.settings import KeyEntry, Settings, load
from tests.helpers.nodes import PATIENCE_S, POLICY, node_settings, open_node

OTHER = msgspec.structs.replace(POLICY, grace_ms=5_000)


class Node:
    """Keeps what it is told; the real one is in test_app."""

    def __init__(self, settings: Settings, **refusals: Refused) -> None:
        self.settings = settings
        self.taken: list[str] = []
        self.told: list[bool] = []
        self.is_stuck = False
        self.heard = trio.Event()
        self._refusals = refusals

    def policies(self) -> dict[str, Policy]:
        return {name: tenant.policy for name, tenant in self.settings.tenants.items()}

    async def put_in_force(self, tenant: str, policy: Policy) -> None:
        self.taken.append(tenant)
        if self.is_stuck:
            self.heard.set()
            await trio.sleep_forever()
        if tenant in self._refusals:
            raise self._refusals[tenant]

    def reloaded(self, *, is_right: bool) -> None:
        self.told.append(is_right)
        self.heard.set()


async def hangup(node: Node) -> AsyncGenerator[int, None]:
    """A hangup, and once it was heard of, the end."""
    yield signal.SIGHUP
    await node.heard.wait()
    yield signal.SIGTERM


async def reloaded(node: Node, reload: Callable[[], Settings]) -> None:
    with trio.fail_after(PATIENCE_S):
        async with aclosing(hangup(node)) as signals:
            await wait_to_stop(signals, node, reload)


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    return stream


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def changed(settings: Settings, **fields: object) -> Settings:
    acme = msgspec.structs.replace(settings.tenants["acme"], **fields)
    return msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme})


def test_what_only_a_restart_reads_is_named_key_by_key() -> None:
    kept = node_settings()
    assert list(unchangeable(kept, kept)) == []
    other = msgspec.structs.replace(
        changed(kept, origins=(), keys=(KeyEntry(kid="other", secret="another secret"),)),
        server=msgspec.structs.replace(kept.server, drain_ms=1, bind="127.0.0.1:1"),
    )
    assert list(unchangeable(kept, other)) == [
        "server.bind", "server.drain_ms", "tenants.acme.origins", "tenants.acme.keys",
    ]  # fmt: skip
    fewer = msgspec.structs.replace(kept, tenants={"acme": kept.tenants["acme"]})
    assert list(unchangeable(kept, fewer)) == ["tenants.browsers"]
    assert list(unchangeable(fewer, kept)) == ["tenants.browsers"]
    assert list(unchangeable(kept, changed(kept, policy=msgspec.UNSET))) == []


async def test_settings_that_are_right_are_taken_and_what_waits_is_one_line(
    lines: io.StringIO,
) -> None:
    node = Node(node_settings())
    newer = changed(
        node_settings(OTHER, bind="127.0.0.1:1"),
        keys=(KeyEntry(kid="other", secret="another secret"),),
        policy=node.settings.tenants["acme"].policy,
    )
    await reloaded(node, lambda: newer)
    assert (node.taken, node.told) == (["browsers"], [True])
    waiting, done = read(lines)
    assert (waiting["event"], waiting["setting"]) == (
        "settings.need_restart", "server.bind, tenants.acme.keys",
    )  # fmt: skip
    assert done["event"] == "settings.reloaded"


async def test_settings_with_mistakes_change_nothing_and_each_is_logged_with_its_line(
    lines: io.StringIO, tmp_path: Path
) -> None:
    file = tmp_path / "fairline.toml"
    file.write_text('[server]\nlgo = "json"\nbind = 1\n[tenants.acme]\n', encoding="utf-8")
    node = Node(node_settings())
    await reloaded(node, lambda: load([file], {}))
    assert (node.taken, node.told) == ([], [False])
    found = {line["key"]: line for line in read(lines)}
    assert {line["event"] for line in found.values()} == {"settings.refused"}
    assert (found["server.lgo"]["file"], found["server.lgo"]["line"]) == (str(file), 2)
    assert 'did you mean "log"' in found["server.lgo"]["error"]
    assert found["server.bind"]["line"] == 3
    assert "withheld" not in found["server.bind"]


async def test_without_files_a_hangup_is_nothing_and_a_single_error_is_told_too(
    lines: io.StringIO,
) -> None:
    node = Node(node_settings())
    node.heard.set()
    async with aclosing(hangup(node)) as signals:
        await wait_to_stop(signals, node, None)
    assert (node.told, read(lines)) == ([], [])

    def unreadable() -> Settings:
        raise SettingsError("a mistake", file="f", key="k")

    node = Node(node_settings())
    await reloaded(node, unreadable)
    assert node.told == [False]
    assert [(line["key"], line["error"]) for line in read(lines)] == [("k", "a mistake")]


async def test_the_loop_turns_while_settings_are_read() -> None:
    node = Node(node_settings())
    turned = threading.Event()
    began = trio.lowlevel.current_trio_token()

    def slow() -> Settings:
        trio.from_thread.run_sync(turned.set, trio_token=began)
        assert turned.wait(PATIENCE_S), "the loop stood still"
        return node_settings()

    await reloaded(node, slow)
    assert node.told == [True]


async def test_a_policy_that_did_not_take_effect_is_told_and_the_settings_are_not_right(
    lines: io.StringIO,
) -> None:
    full = Refused(Refusal.OVERLOADED, "too many commands are waiting")
    node = Node(node_settings(), acme=full)
    await reloaded(node, lambda: node_settings(OTHER))
    assert (node.taken, node.told) == (["acme", "browsers"], [False])
    (line,) = read(lines)
    assert (line["event"], line["tenant"]) == ("settings.not_in_force", "acme")
    assert "too many" in line["error"]


async def test_a_stop_does_not_wait_for_a_policy_whose_fate_nobody_knows() -> None:
    node = Node(node_settings())
    node.is_stuck = True
    await reloaded(node, lambda: node_settings(OTHER))
    assert (node.taken, node.told) == (["acme"], [])


async def test_hangups_that_come_while_one_is_served_are_one() -> None:
    node = Node(node_settings())
    reads: list[int] = []
    sent = threading.Event()

    async def many() -> AsyncGenerator[int, None]:
        yield signal.SIGHUP
        while not reads:  # noqa: ASYNC110 - the thread has no event of ours
            await trio.sleep(0.01)
        for _ in range(5):
            yield signal.SIGHUP
        sent.set()
        while len(node.told) < 2:  # noqa: ASYNC110
            await trio.sleep(0.01)
        yield signal.SIGTERM

    def reload() -> Settings:
        reads.append(1)
        assert sent.wait(PATIENCE_S)
        return node.settings

    with trio.fail_after(PATIENCE_S):
        async with aclosing(many()) as signals:
            await wait_to_stop(signals, node, reload)
    assert len(reads) == len(node.told) == 2


async def test_a_full_backlog_refuses_a_newer_policy_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_node() as running:
        with monkeypatch.context() as patched:
            patched.setattr(appending, "BACKLOG_MAX", 0)
            with pytest.raises(Refused) as caught:
                await running.node.put_in_force("acme", OTHER)
        assert caught.value.code is Refusal.OVERLOADED
        await running.node.put_in_force("acme", OTHER)
        assert running.node.policies()["acme"] == OTHER
