"""What those who run the server see, and where."""

import errno
import json
from pathlib import Path

import pytest
import trio
import trio.testing

from router.core import CORE_VERSION
from router.journal.file import FileJournal
from router.server.clock import Clock
from tests.helpers.faults import MemoryDisk, fail_on
from tests.helpers.nodes import node_settings, open_node
from tests.server.test_detailed import shown

CHECKS = ("archive", "draining", "journal", "loop", "settings", "starting")


async def test_it_is_on_the_second_address_alone() -> None:
    async with open_node(node_settings(ops_bind="127.0.0.1:0")) as node:
        await node.join("agent", "alice")
        assert node.ops_port is not None
        status, _, page = await node.at(node.ops_port).get("/metrics/detailed")
        assert status == 200
        assert shown(page)["agent_connections", "acme", "alice"] == 1
        assert (await node.get("/metrics/detailed"))[0] == 404
    async with open_node() as node:
        status, _, said = await node.get("/metrics/detailed")
        assert status == 404
        assert b"ops_bind" in said


async def test_a_node_is_alive_while_it_drains_but_takes_nobody() -> None:
    async with open_node() as node:
        assert (await node.get("/readyz"))[0] == 200
        alice = await node.join("agent", "alice")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.node.gateway.drain)
            await alice.until("disconnect")
            assert (await node.get("/livez"))[0] == 200
            status, _, said = await node.get("/readyz")
            assert status == 503
            assert b"draining" in said
            await alice.drop()


async def test_a_full_disk_is_a_reason_and_is_over_though_nobody_comes() -> None:
    disk = MemoryDisk()
    journal = await FileJournal.open(
        Path("journal"),
        wall_ms=Clock().wall_ms,
        core_version=CORE_VERSION,
        segment_bytes=2**20,
        ops=disk,
    )
    async with open_node(journal=journal) as node:
        carl = await node.join("customer", "carl")
        assert (await node.get("/readyz?json"))[0] == 200
        disk.plan = fail_on("pwrite", error=errno.ENOSPC)
        wish = {"op": "r1", "queue": "support", "channel": "chat"}
        assert await carl.refused("conversation.request", **wish) == 108
        status, _, said = await node.get("/readyz")
        assert status == 503
        assert said.startswith(b"journal: takes nothing: ")
        assert b"the disk is full" in said
        assert (await node.get("/livez"))[0] == 200
        disk.plan = None
        with trio.fail_after(10):
            while (await node.get("/readyz"))[0] != 200:
                await trio.testing.wait_all_tasks_blocked(0.05)
        assert await carl.ok("conversation.request", **wish)
    await journal.aclose()


@pytest.mark.parametrize(
    ("path", "header"), [("/readyz?json", ""), ("/readyz", "Accept: application/json")]
)
async def test_machines_get_every_check(path: str, header: str) -> None:
    async with open_node() as node:
        asked = [header] if header else []
        status, headers, said = await node.get(path, *asked)
        assert (status, headers["content-type"]) == (200, "application/json")
        told = json.loads(said)
        assert told["ready"] is True
        assert sorted(told["checks"]) == list(CHECKS)
        assert told["checks"]["journal"] == {"ok": True, "detail": "", "counts": True}
        assert told["checks"]["archive"]["counts"] is False
        node.node.leave_to_start(["server.bind", "tenants.acme.keys"])
        told = json.loads((await node.get(path, *asked))[2])["checks"]["settings"]
        assert told["detail"] == "only a start reads server.bind, tenants.acme.keys"
        node.node.gateway.is_draining = True
        status, _, said = await node.get(path, *asked)
        told = json.loads(said)
        assert (status, told["ready"]) == (503, False)
        assert told["checks"]["draining"]["detail"] == "about to stop"
