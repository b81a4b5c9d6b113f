"""Hello and bad input: each row of the protocol's tables, on a real node on loopback."""

import json
import time

import msgpack
import pytest
import trio

from router.server import gateway as gateway_module
from router.server.settings import KeyEntry
from tests.helpers import raw
from tests.helpers.nodes import open_node, token

OTHER_KEY = KeyEntry(kid="main", alg="HS256", secret="another secret that nobody has set up")


# -- hello -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "code", "close"),
    [
        ("nonsense", 101, 4500),
        (token("agent", "alice", key=OTHER_KEY), 101, 4500),
        (token("agent", "alice", tenant="none"), 101, 4500),
        (token("agent", "alice", ttl_s=60, ago_s=3_000), 109, 4303),
        (token("customer", "carl"), 102, 4501),
    ],
)
async def test_a_hello_that_fails_gets_its_reply_then_the_close(
    bad: str, code: int, close: int
) -> None:
    async with open_node() as node:
        client = await node.socket("msgpack")
        await client.send("hello", token=bad, role="agent")
        reply = await client.until("reply", id=1)
        assert (reply["ok"], reply["err"]["code"]) == (False, code)
        ended, last = await client.ends()
        assert ended == close
        assert last is not None
        assert last["code"] == close
        assert last["action"] == ("reconnect" if close == 4303 else "stop")


async def test_a_peer_that_ignores_the_close_is_cut_off() -> None:
    async with open_node() as node, raw.upgraded(node.port) as client:
        text = json.dumps({"t": "hello", "id": 1, "token": "bad", "role": "agent"})
        await client.send(raw.frame(text.encode()))
        began = trio.current_time()
        with trio.fail_after(5):
            assert await client.read_close() == 4500
            await client.wait_end()
        assert trio.current_time() - began < 3


async def test_nobody_waits_for_a_hello_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.pulse.HELLO_S", 0.2)
    async with open_node() as node:
        client = await node.socket()
        began = time.monotonic()
        code, last = await client.ends()
        assert (code, last and last["action"]) == (4202, "resume")
        assert time.monotonic() - began >= 0.2


async def test_a_command_before_hello_is_refused_without_effect() -> None:
    async with open_node() as node:
        client = await node.socket()
        assert await client.refused("presence.set", show="available") == 101
        await client.hello("agent", "alice")
        assert client.welcome["state"]["presence"]["show"] == "away"
        assert await client.refused("hello", token=token("agent", "alice"), role="agent") == 105


async def test_welcome_says_the_limits_and_who_answers() -> None:
    async with open_node() as node:
        welcome = (await node.join("agent", "alice", "msgpack")).welcome
        assert welcome["ok"] is True
        assert welcome["limits"] == {"frame_bytes": 65536, "rate": 10, "burst": 40, "subs": 128}
        assert (welcome["beat_ms"], welcome["grace_ms"]) == (25_000, 120_000)
        assert welcome["you"]["name"] == "Alice"
        assert len(welcome["session"]) >= 22
        assert welcome["state"]["conversations"] == []


async def test_what_follows_hello_in_one_frame_comes_after_it() -> None:
    async with open_node() as node:
        client = await node.socket()
        hello = {"t": "hello", "id": 1, "token": token("agent", "alice"), "role": "agent"}
        await client.send_frame([hello, {"t": "presence.set", "id": 2, "show": "available"}])
        assert (await client.next())["t"] == "welcome"
        assert (await client.until("reply", id=2))["ok"]


async def test_one_person_has_so_many_connections_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "PERSON_CONNECTIONS_MAX", 2)
    async with open_node() as node:
        for _ in range(2):
            await node.join("service", "crm")
        third = await node.socket()
        await third.send("hello", token=token("service", "crm"), role="service")
        assert (await third.until("reply"))["err"]["code"] == 106
        assert (await third.ends())[0] == 4506


# -- bad input ---------------------------------------------------------------------------------

NESTED = "[" * 2_000


@pytest.mark.parametrize(
    ("frame", "number", "code"),
    [
        ("{", 0, 105),
        (NESTED, 0, 105),
        ('{"t":"typing","id":2,"conversation":' + NESTED, 0, 105),
        ('{"t":"bye","id":2,"unknown":' + NESTED + "]" * 2_000 + "}", 0, 105),
        ('{"t":"explode","id":2}', 2, 104),
        ('{"t":"offer.seen","id":2}', 2, 105),
        ('{"t":"offer.seen","id":true,"offer":"o"}', 0, 105),
        ('{"t":"offer.seen","id":NaN,"offer":"o"}', 0, 105),
        ('{"t":"offer.seen","id":1e999,"offer":"o"}', 0, 105),
        ('{"t":"offer.seen","id":' + "7" * 5_000 + ',"offer":"o"}', 0, 105),
        ('{"t":"offer.seen","id":2,"offer":"\\ud800"}', 0, 105),
        ('{"t":"offer.seen","id":1,"offer":"o"}', 1, 105),
        ('{"t":"offer.seen","id":2,"offer":"none"}', 2, 103),
        ('{"t":"policy.get","id":2}', 2, 102),
        ('{"t":"sub","id":2,"topic":"team:other"}', 2, 102),
        ('{"t":"unsub","id":2,"topic":"team:floor"}', 2, 116),
        ('{"t":"history","id":2,"conversation":"none"}', 2, 103),
        ('{"t":"message.send","id":2,"conversation":"none","op":"1","body":"x"}', 2, 103),
    ],
)
async def test_each_bad_text_has_its_code_and_hurts_nobody(
    frame: str, number: int, code: int
) -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice")
        await client.send_raw(frame)
        reply = await client.until("reply")
        assert (reply["id"], reply["ok"], reply["err"]["code"]) == (number, False, code)
        client._number = 5
        await client.ok("presence.set", show="busy")


@pytest.mark.parametrize(
    ("frame", "number", "code"),
    [
        (b"\xc1", 0, 105),
        (b"\x91" * 2_000, 0, 105),
        (b"\xdd\xff\xff\xff\xff", 0, 105),
        (msgpack.packb({1: 2}), 0, 105),
        (msgpack.packb({"t": "offer.seen", "id": 2, "offer": msgpack.ExtType(4, b"")}), 2, 105),
        (msgpack.packb({"t": "offer.seen", "id": 2, "offer": b"o"}), 2, 105),
        (b"\x83\xa1t\xaaoffer.seen\xa2id\x02\xa5offer\xa2\xff\xff", 2, 105),
        (msgpack.packb({"t": "explode", "id": 2}), 2, 104),
    ],
)
async def test_each_bad_binary_has_its_code_and_hurts_nobody(
    frame: bytes, number: int, code: int
) -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice", "msgpack")
        await client.send_raw(frame)
        reply = await client.until("reply")
        assert (reply["id"], reply["ok"], reply["err"]["code"]) == (number, False, code)
        client._number = 5
        await client.ok("presence.set", show="busy")


async def test_a_frame_that_cannot_be_read_before_hello_ends_the_connection() -> None:
    async with open_node() as node:
        client = await node.socket()
        await client.send_raw(NESTED)
        assert (await client.ends())[0] == 4502


async def test_twenty_errors_in_a_minute_end_the_connection() -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice")
        for _ in range(20):
            await client.send_raw(NESTED)
        for _ in range(20):
            assert (await client.until("reply"))["err"]["code"] == 105
        assert (await client.ends())[0] == 4508


@pytest.mark.parametrize(("encoding", "frame"), [("json", b"\x80"), ("msgpack", "{}")])
async def test_a_frame_of_the_other_kind_ends_the_connection(
    encoding: str, frame: str | bytes
) -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice", encoding)
        await client.send_raw(frame)
        code, last = await client.ends()
        assert (code, last and last["reason"]) == (4507, "wrong_encoding")


async def test_an_array_of_seventeen_is_refused_and_one_of_sixteen_served() -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice")
        many = [{"t": "presence.set", "id": n, "show": "busy"} for n in range(2, 19)]
        await client.send_frame(many)
        assert (await client.until("reply"))["err"]["code"] == 106
        many[3]["show"] = "asleep"
        await client.send_frame(many[:16])
        replies = {reply["id"]: reply for reply in [await client.until("reply") for _ in many[:16]]}
        assert [n for n, reply in replies.items() if not reply["ok"]] == [5]
        assert replies[5]["err"]["code"] == 105


async def test_a_burst_is_served_up_to_the_limit_and_pings_are_answered_meanwhile() -> None:
    async with open_node() as node:
        client = await node.join("agent", "alice")
        frames = [
            [{"t": "presence.set", "id": n, "show": "busy"} for n in range(first, first + 16)]
            for first in range(2, 1_000, 16)
        ]
        async with trio.open_nursery() as nursery:

            async def pour() -> None:
                for frame in frames:
                    await client.send_frame(frame)
                with trio.fail_after(5):
                    await client.socket.ping()

            nursery.start_soon(pour)
            replies = [await client.until("reply") for _ in range(16 * len(frames))]
        served = [reply for reply in replies if reply["ok"]]
        assert 35 <= len(served) <= 45
        refused = [reply["err"] for reply in replies if not reply["ok"]]
        assert {error["code"] for error in refused} == {107}
        assert all(error["retry_ms"] > 0 for error in refused)
        assert len({reply["id"] for reply in replies}) == len(replies)
