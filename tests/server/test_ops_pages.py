"""What those who run the server see, and where."""

import trio

from tests.helpers.nodes import node_settings, open_node
from tests.server.test_detailed import shown


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
