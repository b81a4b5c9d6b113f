"""A node that waits: what its doors say, what ends the wait, with which settings it goes on."""

import io
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from msgspec.structs import replace

from router.errors import SettingsError
from router.journal.redis_address import RedisAddress
from router.server import logs
from router.server.clock import Clock
from router.server.redis_watch import RedisWatch
from router.server.settings import Settings
from router.server.standby import Told, Turn, wait_for_turn
from tests.helpers import raw
from tests.helpers.nodes import node_settings
from tests.helpers.real_server import free_port

PATIENCE_S = 10.0


class Waiting:
    """A node that stands by until a test lets it serve."""

    def __init__(self, *, has_ops: bool = True) -> None:
        self.port, self.ops_port = free_port(), free_port()
        ops = f"127.0.0.1:{self.ops_port}" if has_ops else ""
        self.settings = node_settings(bind=f"127.0.0.1:{self.port}", ops_bind=ops)
        self.watch = RedisWatch(RedisAddress((("127.0.0.1", 1),)), self.settings.server)
        self.told: Told = print
        self.may = trio.Event()
        self.turn: Turn[str] | None = None
        self.ended = trio.Event()

    async def _claim(self, told: Told) -> str:
        self.told = told
        told("")
        told("n1")
        await self.may.wait()
        return "claimed"

    def reload(self) -> Settings:
        return replace(node_settings(bind="127.0.0.1:1"), tenants={})

    async def run(self) -> None:
        self.turn = await wait_for_turn(self.settings, self.watch, self._claim, self.reload)
        self.ended.set()

    async def get(self, path: str, *, is_ops: bool = True) -> httpx.Response:
        port = self.ops_port if is_ops else self.port
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{port}{path}")

    async def wait_end(self) -> None:
        with trio.fail_after(PATIENCE_S):
            await self.ended.wait()


async def _answers(port: int) -> None:
    while True:
        try:
            await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
        except OSError:
            await trio.lowlevel.checkpoint()
        else:
            return


@asynccontextmanager
async def waiting() -> AsyncIterator[Waiting]:
    async with trio.open_nursery() as nursery:
        node = Waiting()
        nursery.start_soon(node.run)
        with trio.fail_after(PATIENCE_S):
            await _answers(node.ops_port)
        yield node
        nursery.cancel_scope.cancel()


async def test_a_node_that_waits_is_alive_and_says_for_whom() -> None:
    async with waiting() as node:
        assert (await node.get("/livez")).status_code == 200
        said = await node.get("/readyz")
        assert (said.status_code, said.text) == (503, "standby: n1 serves\n")
        told = (await node.get("/readyz?json")).json()
        assert told["checks"] == {"standby": {"ok": False, "detail": "n1 serves", "counts": True}}
        node.told("")
        assert (await node.get("/readyz")).text == "standby: making sure that nobody serves\n"


async def test_a_node_that_waits_lets_nobody_in() -> None:
    async with waiting() as node:
        host = b"Host: 127.0.0.1:%d" % node.port
        async with raw.connected(node.port) as client:
            await client.send(raw.head(host))
            answer = (await client.read_head()).lower()
        assert answer.startswith(b"http/1.1 503")
        assert b"retry-after: 1" in answer
        said = await node.get("/v1/queues", is_ops=False)
        assert (said.status_code, "overloaded" in said.text) == (503, True)


async def test_its_figures_tell_one_that_stands_by_from_one_that_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.server.metrics.PAGE_S", 0.0)
    async with waiting() as node:
        page = (await node.get("/metrics")).text
        assert "fairline_ready 0.0" in page
        assert "fairline_standby 1.0" in page
        assert "fairline_redis_owner 0.0" in page
        assert "fairline_redis_up 0.0" in page
        assert "fairline_queue_waiting{" not in page
        node.told("")
        assert "fairline_standby 0.0" in (await node.get("/metrics")).text


async def test_when_its_turn_comes_the_doors_are_free_and_the_settings_new() -> None:
    async with waiting() as node:
        os.kill(os.getpid(), signal.SIGHUP)
        node.may.set()
        await node.wait_end()
        assert node.turn is not None
        assert node.turn.claimed == "claimed"
        assert node.turn.settings == replace(node.settings, tenants={})
        listener = (await trio.open_tcp_listeners(node.port, host="127.0.0.1"))[0]
        await listener.aclose()


async def test_settings_that_are_wrong_by_then_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)

    def broken(_: Waiting) -> Settings:
        raise SettingsError("no", key="server.bind")

    monkeypatch.setattr(Waiting, "reload", broken)
    async with waiting() as node:
        node.may.set()
        await node.wait_end()
        assert node.turn is not None
        assert node.turn.settings is node.settings
    assert '"settings.refused"' in stream.getvalue()


async def test_a_signal_to_stop_ends_the_wait() -> None:
    async with waiting() as node:
        os.kill(os.getpid(), signal.SIGTERM)
        await node.wait_end()
        assert node.turn is None


async def test_who_need_not_wait_opens_nothing_and_reads_nothing_again() -> None:
    node = Waiting()

    async def claim(_: Told) -> str:
        await trio.lowlevel.checkpoint()
        return "at once"

    def reload() -> Settings:
        raise AssertionError("the settings are new")

    with socket.create_server(("127.0.0.1", node.port)):  # an address that is not to be had
        turn = await wait_for_turn(node.settings, node.watch, claim, reload)
    assert turn == Turn("at once", node.settings)
