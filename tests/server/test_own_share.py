"""An agent's own share of the work, over HTTP."""

import json

from tests.helpers.nodes import open_node, token

PATH = "/v1/me/share"


async def test_an_agent_who_is_here_learns_their_own_share_and_nobody_elses() -> None:
    async with open_node() as node:
        bearer = f"Authorization: Bearer {token('agent', 'alice')}"
        assert (await node.get(PATH, bearer))[0] == 404
        alice = await node.join("agent", "alice")
        await alice.ask("presence.set", show="available")
        status, headers, body = await node.get(PATH, bearer)
        told = json.loads(body)
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert (told["mine"]["agent"], told["mine"]["state"]) == ("alice", "free")
        assert told["equals"] is None


async def test_it_is_for_agents() -> None:
    async with open_node() as node:
        for role in ("customer", "supervisor", "service"):
            bearer = f"Authorization: Bearer {token(role, 'sofia')}"
            assert (await node.get(PATH, bearer))[0] == 403
        assert (await node.get(PATH))[0] == 401
