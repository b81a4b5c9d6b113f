"""Acceptance cases of a hardened front, by name: A07 to A09 and A18 to A25.

"ok" means that a second, healthy client notices nothing: what it says is answered and it stays.
"""

import json
import socket as std_socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Fields, Line, claims, sign
from tests.helpers.outsider_raw import CLOSE, TEXT, RawSocket
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

MIB = 1_048_576
MESSAGES = 1_000
FEWER = 500
NOTHING = 0


@pytest.fixture(scope="module")
def silent(process: Server) -> Iterator[tuple[float, RawSocket]]:
    """A socket that says nothing, opened before the other tests use the time."""
    with RawSocket(process.port) as socket:
        yield time.monotonic(), socket


@pytest.fixture(scope="module")
def stalled(process: Server) -> Iterator[std_socket.socket]:
    """A request that stops in the middle of its head."""
    with std_socket.create_connection(("127.0.0.1", process.port), timeout=12) as link:
        link.sendall(b"GET /v1/socket HTTP/1.1\r\nHost: x\r\n")
        yield link


@pytest.fixture(autouse=True)
def healthy(silent: object, stalled: object, server: Server, tenant_once: str) -> Iterator[Line]:
    """The second client: there before, answered quickly after."""
    line = server.person(tenant_once, "supervisor", "healthy")
    line.do("policy.get")
    yield line
    begin = time.monotonic()
    line.do("policy.get")
    assert time.monotonic() - begin < 1


def hello(tenant: str, role: str, subject: str) -> Fields:
    token = sign(claims(tenant, role, subject))
    return {"t": "hello", "id": 1, "token": token, "role": role}


def request(server: Server, tenant: str) -> tuple[Line, str]:
    """A customer in line, and the conversation."""
    line = server.person(tenant, "customer", "carl")
    told = line.do("conversation.request", op="r1", channel="chat")
    return line, told["conversation"]


def flood(service: Line, conversation: str, size: int, count: int) -> Iterator[int]:
    """Sends messages into a conversation, each as soon as it may."""
    for number in range(1, count + 1):
        fields = {"conversation": conversation, "op": f"f{number}", "body": "x" * size}
        while (reply := service.ask("message.send", **fields))["ok"] is False:
            assert reply["err"]["code"] == 107, reply
            service.idle(reply["err"]["retry_ms"] / 1000)
        assert reply["seq"] == number
        yield number


def whole_history(line: Line, conversation: str) -> list[int]:
    """Every number of a transcript, paged back from its end."""
    found: list[int] = []
    more, before = True, dict[str, int]()
    while more:
        page = line.do("history", conversation=conversation, limit=500, **before)
        found = [each["seq"] for each in page["messages"]] + found
        more, before = page["more"], {"before_seq": found[0]}
    return found


def test_a07_a_peer_that_ignores_the_close_is_cut(server: Server) -> None:
    """A07; section 1: after 2 s it cuts."""
    with RawSocket(server.port) as socket:
        socket.send({"t": "hello", "id": 1, "token": "a.b.c", "role": "agent"})
        begin = time.monotonic()
        code = socket.closing()
        assert code == 4500
        assert time.monotonic() - begin <= 3


def test_a18_who_never_reads_is_closed_and_loses_nothing(server: Server, tenant: str) -> None:
    """A18; section 4: 4201 or 4103 within 15 s, and little memory."""
    size = 1_800
    line, conversation = request(server, tenant)
    service = server.person(tenant, "service", "robot")
    base = server.memory_bytes()
    with RawSocket(server.port, receive_bytes=4_096) as stuck:
        stuck.send(hello(tenant, "customer", "carl"))
        for _ in flood(service, conversation, size, MESSAGES):
            pass
        begin = time.monotonic()
        grown = server.memory_bytes() - base - 2 * MESSAGES * size
        assert grown < 6 * MIB, "more than the transcript and what two outboxes may hold"
        stuck.link.settimeout(15)
        assert stuck.closing() in {4201, 4103, 1006}
        assert time.monotonic() - begin <= 15
    assert [each["seq"] for each in line_messages(line)] == list(range(1, MESSAGES + 1))
    again = server.person(tenant, "customer", "carl", seen={conversation: 0})
    (state,) = again.welcome["state"]["conversations"]
    assert (state["seq"], state["more"]) == (MESSAGES, True)
    assert whole_history(again, conversation) == list(range(1, MESSAGES + 1))


def line_messages(line: Line) -> list[Fields]:
    """All messages that a healthy reader got."""
    line.next(lambda each: each["t"] == "message" and each["seq"] == MESSAGES, 15)
    return [*line.taken("message"), {"seq": MESSAGES}]


def test_a19_a_slow_reader_never_gets_a_malformed_frame(server: Server, tenant: str) -> None:
    """A19: kept with correct frames, or closed."""
    _, conversation = request(server, tenant)
    service = server.person(tenant, "service", "robot")
    seqs: list[int] = []
    code = NOTHING
    with RawSocket(server.port, receive_bytes=4_096) as slow:
        slow.send(hello(tenant, "customer", "carl"))
        taken = 0
        for number in flood(service, conversation, 2_000, FEWER):
            if number % 10 == 0:
                taken += slow.take(1_024)
        assert taken > 40_000
        slow.link.settimeout(3)
        try:
            while frame := slow.next_frame():
                if frame.opcode == CLOSE:
                    code = frame.code
                elif frame.opcode == TEXT:
                    seqs += [each["seq"] for each in frame.messages if each["t"] == "message"]
        except TimeoutError:
            assert seqs[-1] == FEWER, "it was kept and got everything"
    assert code in {NOTHING, 4103, 4201}
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_a20_a_thousand_commands_at_once_get_a_thousand_replies(
    server: Server, tenant: str
) -> None:
    """A20; sections 4 and 5: at most 40 served, the rest 107; pings answered meanwhile."""
    line = server.person(tenant, "agent", "alice")
    assert line.welcome["limits"]["burst"] == 40
    begin = time.monotonic()
    numbers = [line.send("presence.set", show="busy") for _ in range(MESSAGES)]
    pong = line.socket.ping()
    replies = [line.reply(number) for number in numbers]
    assert pong.wait(3)
    served = sum(1 for reply in replies if reply["ok"])
    assert served <= 40 + 10 * (time.monotonic() - begin) + 1
    for reply in replies:
        error = reply.get("err")
        assert error is None or (error["code"] == 107 and error["retry_ms"] > 0)


@pytest.mark.parametrize("field", ['"show":', '"show":"busy","colour":', '"client":', '"t":'])
def test_a22_deep_nesting_in_json_is_a_bad_request(server: Server, tenant: str, field: str) -> None:
    """A22: 105; after 20 -> 4508."""
    line = server.person(tenant, "agent", "alice")
    for number in range(20):
        deep = "[" * 2_000 + "]" * 2_000
        line.socket.send(f'{{"t":"presence.set","id":{number + 2},{field}{deep}}}')
        reply = line.next(lambda each: each["t"] == "reply")
        assert reply["err"]["code"] == 105
    assert line.closing() == 4508


def test_a22_deep_nesting_in_msgpack_is_a_bad_request(server: Server, tenant: str) -> None:
    """A22: ``91`` two thousand times."""
    line = server.person(tenant, "agent", "alice", encoding=MSGPACK)
    prefix = b"\x83\xa1t\xacpresence.set\xa2id\x07\xa4show"
    for index in range(20):
        line.socket.send((b"" if index % 2 else prefix) + b"\x91" * 2_000 + b"\xc0")
        reply = line.next(lambda each: each["t"] == "reply")
        assert reply["err"]["code"] == 105
    assert line.closing() == 4508


ODD_JSON = [
    b'{"t":"presence.set","id":7,"show":"bu\xff\xfesy"}',
    b'{"t":"presence.set","id":NaN,"show":"busy"}',
    b'{"t":"presence.set","id":1e999,"show":"busy"}',
    b'{"t":"presence.set","id":' + b"9" * 5_000 + b',"show":"busy"}',
    b'{"t":"presence.set","id":true,"show":"busy"}',
    b'{"t":"presence.set","id":-1,"id":"x","show":"busy"}',
    b'{"t":"presence.set","id":7,"show":"busy","reason":"\\ud800"}',
    b'{"t":"presence.set","id":7,"show":"busy","until_ms":1e999}',
    b'{"t":"presence.set","id":7,"show":"busy","until_ms":99999999999999999999}',
    b'{"t":"presence.set","id":7,"show":"busy"',
    b'{"t":"presence.set","id":7,"show":"busy"} x',
    b"",
    b"\x00",
]
ODD_MSGPACK = [
    b"\x83\xa1t\xacpresence.set\xa2id\x07\xa4show\xa4bu\xff\xfe",
    b"\x83\xa1t\xacpresence.set\xa2id\xcb\x7f\xf8\0\0\0\0\0\0\xa4show\xa4busy",
    b"\x83\xa1t\xacpresence.set\xa2id\xc3\xa4show\xa4busy",
    b"\x83\xa1t\xacpresence.set\xa2id\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa4show\xa4busy",
    b"\x84\xa1t\xacpresence.set\xa2id\x07\xa4show\xa4busy\xa6reason\xa3\xed\xa0\x80",
    b"\x83\xa1t\xacpresence.set\xa2id\x07\xa4show\xd4\x05x",
    b"\x83\xa1t\xacpresence.set\xa2id\xd6\xff\0\0\0\0\xa4show\xa4busy",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc1",
    b"",
]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [(JSON, content) for content in ODD_JSON] + [(MSGPACK, content) for content in ODD_MSGPACK],
)
def test_a23_odd_values_are_bad_requests(
    server: Server, tenant_once: str, encoding: str, content: bytes
) -> None:
    """A23: 105 or 4502 (bad UTF-8 in text ends the connection below that), never 100."""

    def sent(line: Line) -> Line:
        if encoding == JSON:
            line.socket.send(content, text=True)
        else:
            line.socket.send(content)
        return line

    for line in (
        sent(server.line(encoding)),
        sent(server.person(tenant_once, "agent", "alice", encoding=encoding)),
    ):
        answer = line.last_words()
        assert answer in {105, 4502, 1007}


def test_a24_a_frame_of_the_other_kind_ends_the_connection(server: Server, tenant: str) -> None:
    """A24; section 1: 4507, before and after hello."""
    for encoding, wrong in ((JSON, b'{"t":"bye","id":9}'), (MSGPACK, "hello")):
        for line in (
            server.line(encoding),
            server.person(tenant, "agent", "alice", encoding=encoding),
        ):
            line.socket.send(wrong)
            assert line.closing() == 4507


@pytest.mark.parametrize("encoding", [JSON, MSGPACK])
def test_a25_a_frame_holds_at_most_16_messages(server: Server, tenant: str, encoding: str) -> None:
    """A25; section 1: one bad message takes no other with it."""
    line = server.person(tenant, "agent", "alice", encoding=encoding)
    commands: list[Fields] = [
        {"t": "presence.set", "id": number, "show": "busy"} for number in range(101, 118)
    ]
    line.put(commands)
    assert line.reply(0)["err"]["code"] in {105, 106}
    commands = commands[:16]
    commands[7]["show"] = "asleep"
    line.put(commands)
    said = [line.reply(number) for number in range(101, 117)]
    assert [reply["ok"] for reply in said] == [True] * 7 + [False] + [True] * 8
    assert said[7]["err"]["code"] == 105
    assert "show" in said[7]["err"]["msg"]


def test_a21_hello_comes_first_once_and_soon(
    server: Server, tenant: str, silent: tuple[float, RawSocket]
) -> None:
    """A21; sections 1 to 3: 4202 after 10 s; a second hello 105; before it 101."""
    line = server.line()
    assert line.fail("presence.set", show="available") == 101
    assert line.hello(sign(claims(tenant, "agent", "alice")), "agent")["t"] == "welcome"
    assert line.welcome["state"]["presence"]["show"] == "away", "refused without effect"
    assert line.hello(sign(claims(tenant, "agent", "alice")), "agent")["err"]["code"] == 105
    since, socket = silent
    socket.link.settimeout(max(0.1, 11.5 - (time.monotonic() - since)))
    said = []
    while (frame := socket.next_frame()) and frame.opcode != CLOSE:
        said.append(frame)
    assert frame is not None
    assert frame.code == 4202
    assert json.loads(said[-1].payload)["action"] == "resume"


def test_a08_a_head_that_does_not_end_is_refused(stalled: std_socket.socket) -> None:
    """A08; section 1: 408 after 10 s."""
    assert stalled.recv(4_096).startswith(b"HTTP/1.1 408 ")


def test_a09_beyond_the_cap_connections_are_refused(tmp_path: Path) -> None:
    """A09; section 1: 503 with ``Retry-After``; who is in stays in."""
    with Server(tmp_path, {"acme": {}}, {"connections_max": 4}).running() as server:
        lines = [server.person("acme", "customer", f"c{number}") for number in range(4)]
        status, headers, _ = server.get("/healthz")
        assert status == 503
        assert int(headers["retry-after"]) > 0
        for line in lines:
            line.sync()
