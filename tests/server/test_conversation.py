"""The whole life of a conversation through two real sockets, in both encodings."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from router.core import CORE_VERSION
from router.journal.file import FileJournal
from router.server.clock import Clock
from tests.helpers.nodes import Client, RunningNode, folder_settings, open_node, token

ENCODINGS = ["json", "msgpack"]


async def served(node: RunningNode, agent: Client, customer: Client) -> str:
    """Plays a request up to its acceptance; the conversation's id."""
    await agent.ok("presence.set", show="available")
    reply = await customer.ok("conversation.request", op="r1", channel="chat", body="My lamp!")
    offer = await agent.until("offer.new", conversation=reply["conversation"])
    await agent.ok("offer.seen", offer=offer["offer"])
    await agent.ok("offer.accept", offer=offer["offer"])
    await customer.until("conversation.assigned", conversation=reply["conversation"])
    return str(reply["conversation"])


@pytest.mark.parametrize("agents", ENCODINGS)
@pytest.mark.parametrize("customers", ENCODINGS)
async def test_a_conversation_is_offered_served_and_ended(agents: str, customers: str) -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice", agents)
        carl = await node.join("customer", "carl", customers)
        chat = await served(node, alice, carl)
        sent = await alice.ok("message.send", conversation=chat, op="m1", body="Which one?")
        assert sent["seq"] == 2
        got = await carl.until("message", conversation=chat)
        assert (got["seq"], got["body"], got["from"]["name"]) == (2, "Which one?", "Alice")
        await carl.ok("message.read", conversation=chat, seq=2)
        read = await alice.until("message.read", conversation=chat)
        assert (read["by"]["id"], read["seq"]) == ("carl", 2)
        await carl.ok("typing", conversation=chat, on=True)
        typing = await alice.until("typing", conversation=chat)
        assert (typing["by"]["id"], typing["on"]) == ("carl", True)
        page = await carl.ok("history", conversation=chat)
        assert [message["body"] for message in page["messages"]] == ["My lamp!", "Which one?"]
        await alice.ok("conversation.end", conversation=chat, reason="solved")
        ended = await carl.until("conversation.ended", conversation=chat)
        assert ended["reason"] == "agent"


async def test_events_come_in_the_order_of_their_positions_and_behind_the_reply() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        carl = await node.join("customer", "carl", "msgpack")
        chat = await served(node, alice, carl)
        for number in range(8):
            await carl.send("message.send", conversation=chat, op=f"m{number}", body=str(number))
        for number in range(8):
            await alice.until("message", body=str(number))
        positions = [
            message["pos"]
            for message in alice.seen
            if "pos" in message and message["t"] != "welcome"
        ]
        assert positions == sorted(positions)
        accepted = next(m for m in alice.seen if m["t"] == "offer.ended")
        reply = next(m for m in alice.seen if m["t"] == "reply" and m["id"] == 4)
        assert alice.seen.index(reply) < alice.seen.index(accepted)


async def test_the_same_op_gives_the_first_answer_and_does_nothing_twice() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        carl = await node.join("customer", "carl")
        chat = await served(node, alice, carl)
        first = await carl.ok("message.send", conversation=chat, op="m1", body="once")
        again = await carl.ok("message.send", conversation=chat, op="m1", body="once")
        assert again["seq"] == first["seq"]
        assert await carl.refused("message.send", conversation=chat, op="m1", body="other") == 111


async def test_a_message_of_one_device_reaches_the_senders_other_one() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice", client={"device": "desk"})
        carl = await node.join("customer", "carl", client={"device": "phone"})
        laptop = await node.join("customer", "carl", client={"device": "laptop"})
        chat = await served(node, alice, carl)
        asked = await laptop.until("conversation.requested")
        assert (asked["conversation"], asked["state"]["messages"]) == (chat, [])
        await carl.ok("message.send", conversation=chat, op="m1", body="from the phone")
        said = [(await laptop.until("message"))["body"] for _ in range(2)]
        assert said == ["My lamp!", "from the phone"]
        await carl.ok("history", conversation=chat)
        assert not any(m["t"] == "message" for m in carl.seen)


async def test_a_reconnect_brings_the_whole_state_and_the_messages_missed() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        carl = await node.join("customer", "carl")
        chat = await served(node, alice, carl)
        await carl.drop()
        await alice.ok("message.send", conversation=chat, op="m1", body="still there?")
        again = await node.join("customer", "carl", "msgpack", seen={chat: 1})
        (known,) = again.welcome["state"]["conversations"]
        assert (known["conversation"], known["status"]) == (chat, "active")
        assert [message["body"] for message in known["messages"]] == ["still there?"]


async def test_waiting_customers_hear_their_place_when_it_changes() -> None:
    async with open_node() as node:
        alice = await node.join("agent", "alice")
        first = await node.join("customer", "c1")
        second = await node.join("customer", "c2")
        await first.ok("conversation.request", op="r", channel="chat")
        reply = await second.ok("conversation.request", op="r", channel="chat")
        assert (reply["status"], reply["position"], reply["ahead"]) == ("waiting", 2, 1)
        await alice.ok("presence.set", show="available")
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        moved = await second.until("queue.position", conversation=reply["conversation"])
        assert (moved["position"], moved["ahead"], "why" in moved) == (1, 0, False)


async def test_a_wallboard_follows_its_topics() -> None:
    async with open_node() as node:
        sofia = await node.join("supervisor", "sofia", "msgpack", subs=["agents"])
        snapshot = await sofia.until("presence", topic="agents")
        assert snapshot["set"] == []
        board = await sofia.ok("sub", topic="board")
        assert {figures["queue"] for figures in board["queues"]} == {"support", "billing"}
        assert await sofia.refused("sub", topic="board") == 116
        assert await sofia.refused("sub", topic="queue:none") == 103
        alice = await node.join("agent", "alice")
        shown = await sofia.until("presence")
        assert [(entry["id"], entry["show"]) for entry in shown["set"]] == [("alice", "away")]
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="r", channel="chat", queue="support")
        figures = await sofia.until("board")
        while not any(queue["waiting"] for queue in figures["queues"]):
            figures = await sofia.until("board")
        await alice.ok("bye", leave=True)
        gone = await sofia.until("presence")
        while not gone["gone"]:
            gone = await sofia.until("presence")
        assert [entry["id"] for entry in gone["gone"]] == ["alice"]
        await sofia.ok("unsub", topic="board")


async def test_a_restart_keeps_the_chat_going(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)

    async def journal() -> FileJournal:
        return await FileJournal.open(
            tmp_path / "journal", wall_ms=Clock().wall_ms, core_version=CORE_VERSION
        )

    first = await journal()
    async with open_node(settings, first) as node:
        alice = await node.join("agent", "alice")
        carl = await node.join("customer", "carl")
        chat = await served(node, alice, carl)
        await carl.ok("message.send", conversation=chat, op="m1", body="before")
        digest = node.node.tenants.routers["acme"].digest()
        position = node.node.tenants.routers["acme"].position
    await first.aclose()
    second = await journal()
    async with open_node(settings, second) as node:
        router = node.node.tenants.routers["acme"]
        assert router.position > position
        assert digest != router.digest()
        alice = await node.join("agent", "alice", seen={chat: 2})
        (known,) = alice.welcome["state"]["conversations"]
        assert (known["conversation"], known["status"], known["messages"]) == (chat, "active", [])
        carl = await node.join("customer", "carl", "msgpack", seen={chat: 0})
        await alice.ok("message.send", conversation=chat, op="m2", body="after")
        await carl.until("message", body="after")
        again = await carl.ok("message.send", conversation=chat, op="m1", body="before")
        assert again["seq"] == 2
    await second.aclose()


async def test_leaving_ends_the_session_without_grace() -> None:
    async with open_node() as node:
        carl = await node.join("customer", "carl")
        asked = await carl.ok("conversation.request", op="r", channel="chat")
        await carl.ok("bye", leave=True)
        assert await carl.ends() == (1000, None)
        again = await node.join("customer", "carl", seen={asked["conversation"]: 0})
        (known,) = again.welcome["state"]["conversations"]
        assert (known["status"], known["reason"]) == ("ended", "abandoned")


async def test_a_bare_close_keeps_the_place_in_line() -> None:
    async with open_node() as node:
        carl = await node.join("customer", "carl")
        asked = await carl.ok("conversation.request", op="r", channel="chat")
        await carl.close()
        again = await node.join("customer", "carl")
        (known,) = again.welcome["state"]["conversations"]
        assert (known["conversation"], known["status"], known["position"]) == (
            asked["conversation"],
            "waiting",
            1,
        )


async def test_the_second_socket_of_a_device_replaces_the_first() -> None:
    async with open_node() as node:
        first = await node.join("agent", "alice", client={"device": "desk"})
        second = await node.join("agent", "alice", client={"device": "desk"})
        code, last = await first.ends()
        assert (code, last and last["action"]) == (4504, "stop")
        await second.ok("presence.set", show="available")
        shown = await second.until("presence.self")
        assert shown["effective"] == "available"


async def test_tenants_never_meet() -> None:
    async with open_node() as node:
        sofia = await node.join("supervisor", "sofia", subs=["agents"])
        stranger = await node.socket()
        await stranger.hello("agent", "alice", token=token("agent", "alice", tenant="browsers"))
        await stranger.ok("presence.set", show="available")
        alice = await node.join("agent", "bob")
        await alice.ok("presence.set", show="available")
        shown: list[Any] = []
        while not shown:
            shown = (await sofia.until("presence"))["set"]
        assert [entry["id"] for entry in shown] == ["bob"]


@pytest.mark.process
async def test_a_client_of_another_library_and_loop_has_the_same_conversation() -> None:
    script = Path(__file__).parent.parent / "helpers" / "asyncio_chat.py"
    async with open_node() as node:
        people = [token("agent", "alice"), token("customer", "carl")]
        with trio.fail_after(20):
            done = await trio.run_process(
                [sys.executable, str(script), str(node.port), *people], capture_stdout=True
            )
        assert json.loads(done.stdout) == ["Grüß Gott ✓", "agent", "1000"]
