"""Who may come in, and how all connections end, on a real node on loopback."""

import json
import os
import signal
from pathlib import Path

import pytest
import trio
import trio_websocket

from router.commands import Actor, SendMessage
from router.core import CORE_VERSION
from router.ids import ConnectionId
from router.journal.file import FileJournal
from router.journal.memory import MemoryStore
from router.server import gateway as gateway_module
from router.server import pulse
from router.server.clock import Clock
from router.server.running import Addresses, serve
from tests.helpers import raw
from tests.helpers.machines import CutJournal
from tests.helpers.nodes import Client, RunningNode, folder_settings, open_node, token

# -- before the upgrade ------------------------------------------------------------------------


async def status_of(node: RunningNode, *fields: bytes, target: bytes = b"/v1/socket") -> int:
    """The status of the answer to an upgrade."""
    line = b"GET " + target + b" HTTP/1.1"
    host = b"Host: 127.0.0.1:%d" % node.port
    async with raw.connected(node.port) as client:
        await client.send(raw.head(host, *fields, line=line))
        return int((await client.read_head()).split()[1])


@pytest.mark.parametrize(
    ("origin", "query", "status"),
    [
        (b"https://evil.example", b"", 403),
        (b"null", b"", 403),
        (b"https://shop.example.evil.example", b"", 403),
        (b"https://other.example", b"?tenant=acme", 403),
        (b"https://other.example", b"?tenant=none", 403),
        (b"https://other.example", b"", 101),
        (b"https://shop.example", b"?tenant=acme", 101),
    ],
)
async def test_an_origin_is_judged_before_the_upgrade(
    origin: bytes, query: bytes, status: int
) -> None:
    async with open_node() as node:
        target = b"/v1/socket" + query
        assert await status_of(node, b"Origin: " + origin, target=target) == status


async def test_the_servers_own_origin_may_always_upgrade() -> None:
    async with open_node() as node:
        assert await status_of(node, b"Origin: http://127.0.0.1:%d" % node.port) == 101


async def test_hello_checks_the_origin_against_the_tokens_tenant() -> None:
    async with open_node() as node:
        client = await node.socket(origin="https://other.example")
        await client.send("hello", token=token("agent", "alice"), role="agent")
        reply = await client.until("reply", id=1)
        assert reply["err"]["code"] == 102
        assert (await client.ends())[0] == 4501


async def test_without_an_origin_customers_need_a_tenant_with_native_apps() -> None:
    async with open_node() as node:
        strict = token("customer", "carl", tenant="browsers")
        client = await node.socket()
        await client.send("hello", token=strict, role="customer")
        assert (await client.until("reply"))["err"]["code"] == 102
        assert (await client.ends())[0] == 4501
        staff = await node.socket()
        await staff.hello("agent", "alice", token=token("agent", "alice", tenant="browsers"))
        browser = await node.socket(origin="https://other.example")
        await browser.hello("customer", "carl", token=strict)


async def test_the_first_known_subprotocol_is_chosen_and_none_is_refused() -> None:
    async with open_node() as node:
        offered = ["chat", "fairline.v1.msgpack", "fairline.v1.json"]
        client = await node.socket("msgpack", subprotocols=offered)
        assert client.socket.subprotocol == "fairline.v1.msgpack"
        await client.hello("agent", "alice")
        assert await status_of(node, b"Sec-WebSocket-Protocol: chat") == 400


async def test_a_token_in_the_url_is_refused_even_if_it_is_good() -> None:
    async with open_node() as node:
        good = token("agent", "alice").encode()
        assert await status_of(node, target=b"/v1/socket?token=" + good) == 400


async def test_sockets_and_pages_have_their_own_paths() -> None:
    async with open_node() as node:
        status, headers, _ = await node.get("/v1/socket")
        assert (status, headers["upgrade"]) == (426, "websocket")
        assert await status_of(node, target=b"/desktop") == 404


# -- the end -----------------------------------------------------------------------------------


async def test_a_token_can_be_refreshed_by_its_person_alone() -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice")
        await client.ok("token.refresh", token=token("agent", "alice", ttl_s=900))
        assert await client.refused("token.refresh", token="bad") == 101
        assert await client.refused("token.refresh", token=token("agent", "bob")) == 102
        await client.ok("presence.set", show="busy")


async def test_a_token_that_ends_is_announced_and_ends_the_connection() -> None:
    async with open_node() as node:
        client = await node.socket()
        await client.hello("agent", "alice", token=token("agent", "alice", ttl_s=60, ago_s=58))
        expiring = await client.until("token.expiring")
        assert 0 < expiring["expires_ms"] <= 2_000
        code, last = await client.ends()
        assert (code, last and last["action"]) == (4303, "reconnect")


async def test_a_silent_peer_is_found_out_and_a_lively_one_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse, "_STRICT", pulse.Liveness(0.1, 0.2))
    async with open_node() as node, raw.upgraded(node.port) as silent:
        lively = await node.join("agent", "bob")
        facts = {"t": "hello", "id": 1, "token": token("agent", "alice"), "role": "agent"}
        await silent.send(raw.frame(json.dumps(facts).encode()))
        with trio.fail_after(5):
            assert await silent.read_close() == 4102
        await lively.ok("presence.set", show="busy")


async def test_a_silent_server_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT_S", 0.1)
    async with open_node() as node:
        client = await node.join("customer", "carl", "msgpack")
        first = await client.until("beat")
        second = await client.until("beat")
        assert second["at"] - first["at"] >= 90


async def test_a_reader_that_never_reads_is_cut_off_and_misses_nothing() -> None:
    async with open_node() as node, raw.upgraded(node.port) as slow:
        facts = {"t": "hello", "id": 1, "token": token("customer", "carl"), "role": "customer"}
        await slow.send(raw.frame(json.dumps(facts).encode()))
        alice = await node.join("agent", "alice")
        carl = await node.join("customer", "carl")
        await alice.ok("presence.set", show="available")
        asked = await carl.ok("conversation.request", op="r", channel="chat")
        chat = asked["conversation"]
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        assert len(node.node.hub.links) == 3
        # Nobody types that fast, so the messages go into the engine from behind.
        actor = Actor("agent", "alice", ConnectionId(alice.welcome["session"]))
        for number in range(3_000):
            body = f"{number} " + "x" * 8_000
            command = SendMessage(by=actor, conversation=chat, op=f"m{number}", body=body)
            node.node.engine.submit("acme", command)
            if number % 20 == 0:
                await carl.until("message", seq=number + 1)
        with trio.fail_after(15):
            await raw.wait_until(lambda: len(node.node.hub.links) == 2)
        await carl.until("message", seq=3_000)
        again = await node.join("customer", "carl", "msgpack", seen={chat: 2_995})
        (known,) = again.welcome["state"]["conversations"]
        assert [message["seq"] for message in known["messages"]] == list(range(2_996, 3_001))


async def test_a_command_whose_fate_stays_unknown_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "FATE_S", 0.2)
    monkeypatch.setattr(gateway_module, "FATE_CHECK_S", 0.05)
    clock = Clock()
    journal = CutJournal(clock, MemoryStore())
    async with open_node(journal=journal, clock=clock) as node:
        alice = await node.join("agent", "alice")
        idle = await node.join("agent", "bob")
        journal.is_cut = True
        await alice.send("presence.set", show="available")
        code, last = await alice.ends()
        assert (code, last and last["action"]) == (4104, "resume")
        assert not any(message["t"] == "reply" for message in alice.seen)
        journal.mend()
        await idle.ok("presence.set", show="busy")
        again = await node.join("agent", "alice")
        assert again.welcome["state"]["presence"]["show"] == "available"


async def test_a_full_journal_refuses_and_heals() -> None:
    clock = Clock()
    journal = CutJournal(clock, MemoryStore())
    async with open_node(journal=journal, clock=clock) as node:
        alice = await node.join("agent", "alice")
        journal.is_full = True
        reply = await alice.ask("presence.set", show="available")
        assert (reply["err"]["code"], reply["err"]["retry"]) == (108, "after")
        newcomer = await node.socket()
        await newcomer.send("hello", token=token("agent", "bob"), role="agent")
        assert (await newcomer.until("reply"))["err"]["code"] == 108
        assert (await newcomer.ends())[0] == 4200
        journal.is_full = False
        await alice.ok("presence.set", show="available")


# -- drain -------------------------------------------------------------------------------------


async def test_sigterm_sends_everybody_away_and_ends_in_order(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    addresses: list[Addresses] = []
    async with trio.open_nursery() as nursery:
        ended = trio.Event()

        async def serve_to_the_end(task_status: trio.TaskStatus[Addresses]) -> None:
            await serve(settings, task_status=task_status)
            ended.set()

        addresses.append(await nursery.start(serve_to_the_end))
        port = addresses[0].public[1]
        clients = []
        for number in range(20):
            socket = await trio_websocket.connect_websocket(
                nursery,
                "127.0.0.1",
                port,
                "/v1/socket",
                use_ssl=False,
                subprotocols=["fairline.v1.json"],
            )
            clients.append(Client(socket, "json"))
            await clients[-1].hello("customer", f"c{number}")
        asked = await clients[0].ok("conversation.request", op="r", channel="chat")
        os.kill(os.getpid(), signal.SIGTERM)
        delays = set()
        for client in clients:
            code, last = await client.ends()
            assert code == 4100
            assert last is not None
            assert last["action"] == "resume"
            assert 0 <= last["delay_ms"] <= 5_000
            delays.add(last["delay_ms"])
            await client.drop()
        assert len(delays) > 10
        with trio.fail_after(10):
            await ended.wait()
    clock = Clock()
    journal = await FileJournal.open(
        tmp_path / "journal", wall_ms=clock.wall_ms, core_version=CORE_VERSION
    )
    async with open_node(settings, journal) as node:
        carl = await node.join("customer", "c0")
        (known,) = carl.welcome["state"]["conversations"]
        assert (known["conversation"], known["status"]) == (asked["conversation"], "waiting")
    await journal.aclose()


async def test_nobody_is_let_in_while_draining() -> None:
    async with open_node() as node:
        client = await node.socket()
        node.node.gateway.is_draining = True
        assert (await node.get("/readyz"))[0] == 503
        await client.send("hello", token=token("agent", "alice"), role="agent")
        reply = await client.until("reply")
        assert (reply["err"]["code"], reply["err"]["retry"]) == (118, "after")
        assert (await client.ends())[0] == 4100
