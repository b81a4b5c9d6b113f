"""Nobody can make a node hold or do more than its share; nobody who keeps to the rules is cut."""

import json
import socket as std_socket
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
import trio_websocket

from router.ids import person_key
from router.limits import ALLOWANCES
from router.server import gateway as gateway_module
from router.server import pulse
from router.server.fetching import FETCHES_MAX
from router.server.socket import accept_socket
from tests.helpers import raw
from tests.helpers.nodes import Client, RunningNode, node_settings, open_node, token

BODY_BYTES = 8_192
WINDOW_BYTES = 32_768


async def chat(node: RunningNode) -> tuple[Client, Client, str]:
    """Alice and Carl, in a conversation."""
    alice = await node.join("agent", "alice")
    carl = await node.join("customer", "carl")
    await alice.ok("presence.set", show="available")
    asked = await carl.ok("conversation.request", op="r", channel="chat")
    offer = await alice.until("offer.new")
    await alice.ok("offer.accept", offer=offer["offer"])
    await carl.until("conversation.assigned")
    return alice, carl, asked["conversation"]


async def raw_hello(client: raw.RawSocket, role: str, name: str) -> None:
    """Says hello on a socket that a test reads byte by byte, and reads the welcome."""
    facts = {"t": "hello", "id": 1, "token": token(role, name), "role": role}
    await client.send(raw.frame(json.dumps(facts).encode()))
    _, payload = await client.read_frame()
    assert json.loads(payload)["t"] == "welcome"


async def texts(client: raw.RawSocket, count: int, kind: str) -> list[dict[str, Any]]:
    """So many messages of a type, out of whatever frames."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        opcode, payload = await client.read_frame()
        assert opcode == raw.TEXT, payload
        value = json.loads(payload)
        heard = value if isinstance(value, list) else [value]
        found += [each for each in heard if each["t"] == kind]
    return found


# -- what is allowed is never punished -----------------------------------------------------------


async def test_a_reader_who_looks_away_during_a_legal_burst_gets_all_of_it() -> None:
    """40 messages of 8 KiB, each twice as long in JSON, and a small window."""
    burst = ALLOWANCES["agent"].talk_burst
    async with open_node() as node:
        alice, _, conversation = await chat(node)
        async with raw.upgraded(node.port) as away:
            away.stream.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_RCVBUF, WINDOW_BYTES)
            await raw_hello(away, "customer", "carl")
            for number in range(burst):
                await alice.send(
                    "message.send",
                    conversation=conversation,
                    op=f"m{number}",
                    body='"' * BODY_BYTES,
                )
            for _ in range(burst):
                assert (await alice.until("reply"))["ok"]
            with trio.fail_after(10):
                heard = await texts(away, burst, "message")
        assert [each["seq"] for each in heard] == list(range(1, burst + 1))


async def test_a_service_may_send_what_welcome_announces_however_large() -> None:
    """Its whole burst at once, in commands that fill half a frame each."""
    burst = ALLOWANCES["service"].burst
    async with open_node() as node:
        robot = await node.join("service", "robot")
        limits = robot.welcome["limits"]
        assert (limits["burst"], limits["frame_bytes"]) == (burst, 65_536)
        note = "é" * 1_000
        filler = {"unknown": "x" * (limits["frame_bytes"] // 2)}

        async def pour() -> None:
            for number in range(burst - 10):
                await robot.send(
                    "conversation.request",
                    op=f"r{number}",
                    channel="chat",
                    customer=f"c{number}",
                    body=note,
                    **filler,
                )

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pour)
            for _ in range(burst - 10):
                assert (await robot.until("reply"))["ok"]


async def test_whoever_asks_for_much_is_answered_as_fast_as_they_read() -> None:
    """Forty looks at a long history owe more than an outbox holds; they come one by one."""
    async with open_node() as node:
        alice, carl, conversation = await chat(node)
        for number in range(ALLOWANCES["agent"].talk_burst):
            await alice.send(
                "message.send", conversation=conversation, op=f"m{number}", body="x" * BODY_BYTES
            )
        await carl.until("message", seq=ALLOWANCES["agent"].talk_burst)
        async with raw.upgraded(node.port) as greedy:
            greedy.stream.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_RCVBUF, WINDOW_BYTES)
            await raw_hello(greedy, "agent", "alice")
            looks = [
                {"t": "history", "id": number, "conversation": conversation, "limit": 500}
                for number in range(2, 40)
            ]
            for look in looks:
                await greedy.send(raw.frame(json.dumps(look).encode()))
            links = node.node.hub.links.of("acme", person_key("agent", "alice"))
            (link,) = [each for each in links if each.connection != alice.welcome["session"]]
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert len(link.outbox) <= 4 + FETCHES_MAX
            assert not link.outbox.overrun
            with trio.fail_after(20):
                heard = await texts(greedy, len(looks), "reply")
        assert sorted(each["id"] for each in heard) == [look["id"] for look in looks]
        assert all(each["ok"] and len(json.dumps(each)) < 1_048_576 for each in heard)


# -- what is not is ended, and harms nobody ------------------------------------------------------


async def test_one_byte_a_second_of_a_frame_is_no_sign_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse, "_STRICT", pulse.Liveness(0.2, 0.3))
    async with open_node() as node, raw.upgraded(node.port) as trickle:
        await raw_hello(trickle, "agent", "alice")
        frame = raw.frame(b"x" * 60_000)
        code = 0

        async def drip() -> None:
            try:
                for byte in frame:
                    await trickle.send(bytes([byte]))
                    await trio.sleep(0.02)
            except trio.BrokenResourceError:
                return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip)
            with trio.fail_after(5):
                code = await trickle.read_close()
                await trickle.wait_end()
        assert code == 4102


async def test_a_peer_that_takes_nothing_is_ended_as_4103(monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = partial(accept_socket, write_s=0.3)
    monkeypatch.setattr(gateway_module, "accept_socket", hasty)
    async with open_node() as node:

        def ended() -> dict[tuple[str, ...], int]:
            ends = node.node.metrics.traffic._ends
            return {key: count for key, count in ends.items() if count}

        alice, carl, conversation = await chat(node)
        last = ALLOWANCES["agent"].talk_burst
        async with trio.open_nursery() as readers, raw.upgraded(node.port) as stuck:
            readers.start_soon(partial(carl.until, "message", seq=last))
            stuck.stream.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_RCVBUF, 4_096)
            await raw_hello(stuck, "customer", "carl")
            for number in range(last):
                await alice.ok(
                    "message.send", conversation=conversation, op=f"m{number}", body="x" * 8_000
                )
            with trio.fail_after(5):
                await raw.wait_until(lambda: bool(ended()))
            assert ended() == {("customer", "4103", "network"): 1}
        assert node.node.gateway.pool.held == 0


async def test_a_connection_too_many_for_the_node_hears_503_and_when_to_come_again() -> None:
    async with open_node(node_settings(connections_max=2)) as node:
        for name in ("alice", "bob"):
            await node.join("agent", name)
        status, headers, _ = await node.get("/healthz")
        assert status == 503
        assert 5 <= int(headers["retry-after"]) <= 30


async def test_a_service_that_goes_far_beyond_its_limits_is_told_and_then_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "PERSON_CONNECTIONS_MAX", 8)
    async with open_node() as node:
        carl = await node.join("customer", "carl")

        async def pour() -> None:
            for _ in range(3_000):
                try:
                    await carl.send("policy.get")
                except trio_websocket.ConnectionClosed:
                    return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pour)
            code, _ = await carl.ends()
        assert code == 4203
        refused = [each for each in carl.seen if each["t"] == "reply" and not each["ok"]]
        assert {each["err"]["code"] for each in refused} == {102, 107}
