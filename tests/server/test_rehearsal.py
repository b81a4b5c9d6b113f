"""The hidden tenant: it plays for real, and nobody of a real tenant hears of it."""

import secrets
from pathlib import Path

import msgspec
import pytest
import trio

from router.core import Router
from router.errors import Refusal, Refused
from router.journal.memory import MemoryJournal
from router.server.auth import Authenticator, TokenRefused
from router.server.clock import Clock
from router.server.hidden import HIDDEN
from router.server.rehearsal import SLOTS, TOKEN_TTL_S, Lent, Rehearsals
from router.server.storing import opened
from tests.helpers.nodes import (
    PATIENCE_S,
    Client,
    RunningNode,
    folder_settings,
    node_settings,
    open_node,
    token,
)


def cores() -> dict[str, Router]:
    return {HIDDEN: Router(HIDDEN)}


async def lend(node: RunningNode, role: str = "service") -> Lent:
    bearer = f"Authorization: Bearer {token(role, 'probe')}"
    status, _, body = await node.post("/v1/rehearsals", {}, bearer)
    assert status == 201, body
    return msgspec.json.decode(body, type=Lent)


async def enter(node: RunningNode, lent: Lent, role: str) -> Client:
    client = await node.socket()
    player = lent.agent if role == "agent" else lent.customer
    await client.hello(role, player.id, token=player.token)
    return client


async def ask_for(customer: Client, lent: Lent) -> str:
    reply = await customer.ok(
        "conversation.request",
        op=secrets.token_hex(8),
        channel="chat",
        queue=lent.queue,
        needs=[{"skill": lent.skill, "level": 100}],
    )
    return str(reply["conversation"])


async def offer_of(node: RunningNode, lent: Lent) -> tuple[Client, Client, str]:
    agent = await enter(node, lent, "agent")
    await agent.ok("presence.set", show="available")
    customer = await enter(node, lent, "customer")
    conversation = await ask_for(customer, lent)
    await agent.until("offer.new", conversation=conversation)
    return agent, customer, conversation


async def gone(node: RunningNode) -> None:
    """Waits until the hidden core holds nothing of a rehearsal but what it remembers."""
    world = node.node.routers[HIDDEN].world
    with trio.fail_after(PATIENCE_S):
        while (  # noqa: ASYNC110 - a core has no event to wait for
            world.offers.pending
            or any(not one.ended_reason for one in world.conversations)
            or any(person.devices for person in world.people.everybody())
            or any(agent.is_signed_in for agent in world.people.agents.values())
        ):
            await trio.sleep(0.02)


async def test_it_is_for_services_and_supervisors_with_a_good_token() -> None:
    async with open_node() as node:
        for role, expected in (("agent", 403), ("customer", 403), ("supervisor", 201)):
            bearer = f"Authorization: Bearer {token(role, 'x')}"
            assert (await node.post("/v1/rehearsals", {}, bearer))[0] == expected
        assert (await node.post("/v1/rehearsals", {}))[0] == 401


async def test_no_figure_board_or_agent_of_a_tenant_hears_of_a_rehearsal() -> None:
    async with open_node() as node:
        sofia = await node.join("supervisor", "sofia", subs=["board", "agents"])
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available")
        before = await _page(node)
        lent = await lend(node)
        agent, customer, conversation = await offer_of(node, lent)
        during = await _page(node)
        offer = agent.seen[-1]["offer"]
        await agent.ok("offer.accept", offer=offer)
        await customer.ok("message.send", conversation=conversation, op="m", body="x")
        await agent.ok("conversation.end", conversation=conversation)
        for client in (agent, customer):
            await client.ok("bye", leave=True)
        await gone(node)
        after = await _page(node)
        assert before == during == after
        assert node.node.routers["acme"].world.conversations.by_id == {}
        # What is coalesced comes with the next real thing that happens.
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="real", channel="chat")
        await alice.until("offer.new")
        await sofia.until("board")
        for client in (sofia, alice):
            assert conversation not in str(client.seen)
            assert lent.skill not in str(client.seen)


async def _page(node: RunningNode) -> dict[str, str]:
    """The figures that are a tenant's, a queue's, an agent's, a connection's, or a command's."""
    node.node.metrics._pages.clear()  # no second look at a page that was kept
    text = (await node.node.render_metrics()).decode()
    assert HIDDEN not in text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    # What a door counts before it knows who comes, and what the process is busy with.
    doors = (
        "fairline_front", "fairline_http", "fairline_socket", "fairline_frame",
        "fairline_send_queue_depth",
    )  # fmt: skip
    process = ("fairline_journal", "fairline_loop_lag", "fairline_tasks", "process_", "python_")
    return {name: value for name, _, value in lines if not name.startswith(doors + process)}


async def test_a_killed_player_leaves_nothing_behind() -> None:
    async with open_node() as node:
        lent = await lend(node)
        agent, customer, _ = await offer_of(node, lent)
        await agent.drop()
        await customer.drop()
        await gone(node)


async def test_two_rehearsals_at_once_never_get_each_other_s_offer() -> None:
    async with open_node() as node:
        first, second = await lend(node), await lend(node)
        assert first.skill != second.skill
        idle = await enter(node, second, "agent")
        await idle.ok("presence.set", show="available")
        customer = await enter(node, first, "customer")
        waiting = await ask_for(customer, first)
        assert all(message["t"] != "offer.new" for message in idle.seen)
        agent = await enter(node, first, "agent")
        await agent.ok("presence.set", show="available")
        await agent.until("offer.new", conversation=waiting)
        await idle.ok("presence.set", show="busy")
        assert all(message["t"] != "offer.new" for message in idle.seen)


async def test_a_player_may_play_and_nothing_else() -> None:
    async with open_node() as node:
        lent = await lend(node)
        for player in (lent.agent, lent.customer):
            bearer = f"Authorization: Bearer {player.token}"
            assert (await node.get("/v1/queues", bearer))[0] == 403
            assert (await node.post("/v1/rehearsals", {}, bearer))[0] == 403
        other = await node.socket()
        assert await other.refused(
            "hello", token=lent.agent.token, role="supervisor", client={"name": "x", "version": "1"}
        )
        stranger = Rehearsals(cores(), wall_ms=Clock().wall_ms, node="n")
        with pytest.raises(TokenRefused):
            stranger.verify(lent.agent.token, Clock().wall_ms())
        with pytest.raises(TokenRefused):
            Authenticator(node_settings()).verify(lent.agent.token, Clock().wall_ms())


async def test_a_server_that_nobody_examined_has_nothing_of_it_in_its_journal() -> None:
    clock = Clock()
    journal = MemoryJournal(clock.wall_ms)
    async with open_node(journal=journal, clock=clock) as node:
        await node.node.engine.end()
        assert node.node.routers[HIDDEN].position == 0
        await lend(node)
        assert node.node.routers[HIDDEN].position > 0


async def test_the_next_start_goes_on_behind_a_rehearsal(tmp_path: Path) -> None:
    settings, clock = folder_settings(tmp_path), Clock()
    positions = {HIDDEN: 0}
    for _ in range(2):
        async with opened(settings, clock) as kept:
            parts = {"archive": kept.archive, "kept": kept}
            async with open_node(settings, kept.journal, clock, **parts) as node:
                lent = await lend(node)
                await offer_of(node, lent)
                positions = {name: one.position for name, one in node.node.routers.items()}
    assert positions[HIDDEN] > 10


def test_those_lent_are_a_few_for_ever_and_never_two_at_once() -> None:
    now_ms = Clock().wall_ms()
    rehearsals = Rehearsals(cores(), wall_ms=lambda: now_ms, node="n")
    first = {rehearsals.lend().agent.id for _ in range(SLOTS)}
    assert len(first) == SLOTS
    now_ms += TOKEN_TTL_S * 1_000 - 1
    with pytest.raises(Refused) as caught:
        rehearsals.lend()
    assert caught.value.code is Refusal.LIMIT_EXCEEDED
    now_ms += 2_000
    assert {rehearsals.lend().agent.id for _ in range(SLOTS)} == first


def test_those_of_whom_one_came_in_wait_for_the_other() -> None:
    now_ms = Clock().wall_ms()
    rehearsals = Rehearsals(cores(), wall_ms=lambda: now_ms, node="n")
    lent = [rehearsals.lend() for _ in range(SLOTS)][3]
    rehearsals.verify(lent.agent.token, now_ms)
    with pytest.raises(Refused):
        rehearsals.lend()
    rehearsals.verify(lent.customer.token, now_ms)
    assert rehearsals.lend().agent.id == lent.agent.id


async def test_who_is_still_there_or_within_the_grace_is_not_lent_again() -> None:
    async with open_node() as node:
        lent = [await lend(node) for _ in range(SLOTS)]
        players = [await enter(node, one, "agent") for one in lent]
        customer = await enter(node, lent[3], "customer")
        bearer = f"Authorization: Bearer {token('service', 'probe')}"
        status, _, body = await node.post("/v1/rehearsals", {}, bearer)
        assert (status, b"try again" in body) == (429, True)
        await customer.ok("bye", leave=True)
        await players[3].ok("bye", leave=True)
        assert (await lend(node)).agent.id == lent[3].agent.id
