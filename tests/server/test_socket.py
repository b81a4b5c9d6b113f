import statistics
from contextlib import suppress

import pytest
import trio
import trio.testing
import trio_websocket

from router.server.meter import FrameLimits
from router.server.socket import Socket, SocketClosedError
from tests.helpers.echo_server import Echo, EchoApp, running_echo
from tests.helpers.raw import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    RawSocket,
    connected,
    frame,
    head,
    healthy,
    memory_bytes,
    task_count,
    upgraded,
    wait_until,
)


async def test_text_and_binary_come_back_as_what_they_were() -> None:
    """A24: which of the two it was reaches the gateway as the type."""
    async with running_echo() as server, upgraded(server.port) as client:
        await client.send(frame("grüß".encode()) + frame(b"\xff\x00", BINARY))
        with trio.fail_after(2):
            assert await client.read_frame() == (TEXT, "grüß".encode())
            assert await client.read_frame() == (BINARY, b"\xff\x00")


async def test_first_subprotocol_in_common_is_picked_and_none_may_be() -> None:
    async with running_echo() as server:
        for path, offered, picked in [
            ("/v1/socket", ["other", "fairline.v1.msgpack"], "fairline.v1.msgpack"),
            ("/autobahn", [], None),
        ]:
            async with trio_websocket.open_websocket(
                "127.0.0.1", server.port, path, use_ssl=False, subprotocols=offered
            ) as client:
                await client.send_message("hello")
                assert await client.get_message() == "hello"
                assert client.subprotocol == picked


@pytest.mark.parametrize(
    "offer", [b"permessage-deflate", b"permessage-deflate; client_max_window_bits=abc"]
)
async def test_no_extension_is_ever_negotiated(offer: bytes) -> None:
    """A16."""
    async with running_echo() as server, healthy(server.port), connected(server.port) as client:
        await client.send(head(b"Sec-WebSocket-Extensions: " + offer))
        answer = await client.read_head()
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"extensions" not in answer.lower()


async def test_close_frame_that_is_ignored_holds_nothing_up() -> None:
    """A07."""
    async with running_echo() as server, healthy(server.port), upgraded(server.port) as client:
        await client.send(frame(b"close 4500"))
        with trio.fail_after(3):
            assert await client.read_close() == 4500
            await client.wait_end()
            await wait_until(lambda: bool(server.app.ends))
    assert server.app.ends[0] == (4500, "as ordered")


async def test_ping_that_crosses_the_close_frame_fails_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Found by noise from outside: the library's reader broke, and the visit with it."""
    async with running_echo() as server, upgraded(server.port) as client:
        await client.send(frame(b"close 4508") + frame(b"", PING) + frame(b"more") * 3)
        with trio.fail_after(3):
            assert await client.read_close() == 4508
            await client.send(frame(b"", PING) + frame(b"\x11\x9c", CLOSE))
            await client.wait_end()
            await wait_until(lambda: bool(server.app.ends))
    assert server.app.ends == [(4508, "as ordered")]
    assert caplog.messages == []


async def test_close_frame_that_is_answered_ends_it_at_once() -> None:
    async with running_echo() as server, upgraded(server.port) as client:
        await client.send(frame(b"close 4100"))
        with trio.fail_after(0.5):
            assert await client.read_close() == 4100
            await client.send(frame(b"\x10\x04", CLOSE))
            await client.wait_end()


@pytest.mark.parametrize(
    ("data", "expected"),
    [(frame(b"\x03\xe9bye", CLOSE), (1001, "bye")), (frame(b"", CLOSE), (1005, ""))],
)
async def test_close_of_the_peer_is_answered_and_told(
    data: bytes, expected: tuple[int, str]
) -> None:
    async with running_echo() as server, upgraded(server.port) as client:
        await client.send(data)
        with trio.fail_after(1):
            opcode, _ = await client.read_frame()
            await client.wait_end()
            await wait_until(lambda: bool(server.app.ends))
    assert opcode == CLOSE
    assert server.app.ends == [expected]


async def test_peer_that_vanishes_ends_it_as_1006() -> None:
    async with running_echo() as server:
        async with upgraded(server.port) as client:
            client.reset()
        with trio.fail_after(1):
            await wait_until(lambda: bool(server.app.ends))
    assert server.app.ends == [(1006, "")]
    assert server.tally.labelled("socket_ends", code="1006", fault="none") == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\x81\x05hello", 4502, id="unmasked"),
        pytest.param(b"\xc1\x80abcd", 4502, id="reserved bit"),
        pytest.param(b"\x83\x80abcd", 4502, id="opcode 3"),
        pytest.param(b"\x81\xff\x40" + bytes(7) + b"abcd", 1009, id="length 2^62"),
        pytest.param(b"\x89\xfe\x00\x7e" + bytes(130), 4502, id="ping of 126"),
        pytest.param(frame(b"x", CLOSE), 4502, id="close of 1"),
        pytest.param(frame(b"\xff\xfe"), 4502, id="bad UTF-8"),
        pytest.param(frame(b"\x03\xe8\xff", CLOSE), 4502, id="close reason of bad UTF-8"),
        pytest.param(frame(b"\x00\x01", CLOSE), 4502, id="close code 1"),
    ],
)
async def test_malformed_frame_ends_the_connection_and_is_counted(
    data: bytes, expected: int
) -> None:
    """A15."""
    async with running_echo() as server, healthy(server.port), upgraded(server.port) as client:
        await client.send(frame(b"before"))
        assert await client.read_frame() == (TEXT, b"before")
        await client.send(data)
        with trio.fail_after(1):
            assert await client.read_close() == expected
            await client.wait_end()
        await client.stream.aclose()
        with trio.fail_after(2):
            await wait_until(lambda: bool(server.app.ends))
    assert server.app.ends[0][0] == expected
    assert server.tally["gate_verdicts"] == 1


async def test_clients_that_send_too_much_and_stay_are_closed() -> None:
    """A05."""
    async with running_echo() as server, healthy(server.port):
        tasks = task_count()

        async def overdo() -> None:
            async with upgraded(server.port) as client:
                await client.send(frame(b"x" * 65_537))
                assert await client.read_close() == 1009
                await client.wait_end()
                ended.append(trio.current_time())

        ended: list[float] = []
        started = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(overdo)
        assert len(ended) == 50
        assert max(ended) - started <= 2.0
        with trio.fail_after(2):
            await wait_until(lambda: task_count() <= tasks)


async def test_message_is_measured_in_bytes_not_in_characters() -> None:
    """A12."""
    async with running_echo() as server, healthy(server.port), upgraded(server.port) as client:
        await client.send(frame("😀".encode() * 30_000))
        with trio.fail_after(2):
            assert await client.read_close() == 1009


async def test_endless_empty_fragments_are_refused() -> None:
    """A10."""
    async with running_echo() as server, healthy(server.port):
        before = memory_bytes()
        async with upgraded(server.port) as client:
            await client.send(frame(b"", fin=False))
            assert await flood(client, frame(b"", 0, fin=False) * 100_000) == 4203
        assert memory_bytes() - before < 5 * 1024 * 1024
    assert fragments_refused(server) == 1


async def test_message_in_tiny_fragments_is_refused() -> None:
    """A11."""
    data = frame(b"ab", fin=False) + frame(b"ab", 0, fin=False) * 32_767
    async with running_echo() as server, healthy(server.port), upgraded(server.port) as client:
        assert await flood(client, data) == 4203
    assert fragments_refused(server) == 1


def fragments_refused(server: Echo) -> int:
    return server.tally.labelled("gate_verdicts", code="4203", reason="too many fragments")


async def test_client_that_looks_late_still_learns_why() -> None:
    """Closing over unread bytes would reset the connection, and the close frame be lost."""
    async with running_echo() as server, upgraded(server.port) as client:
        await client.send(frame(b"", PONG) * 10_000)
        with trio.fail_after(1):
            await wait_until(lambda: server.tally["gate_verdicts"] == 1)
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert await client.read_close() == 4203


async def flood(client: RawSocket, data: bytes) -> int:
    """Send while reading; the close code."""

    async def send() -> None:
        with suppress(trio.BrokenResourceError):
            await client.send(data)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        with trio.fail_after(2):
            code = await client.read_close()
        nursery.cancel_scope.cancel()
    return code


@pytest.mark.parametrize("opcode", [PONG, PING])
async def test_floods_of_control_frames_are_cut_and_harm_nobody(opcode: int) -> None:
    """A13, A14."""
    codes: list[int] = []

    async def drown(port: int) -> None:
        async with upgraded(port) as client:
            codes.append(await flood(client, frame(b"", opcode) * 100_000))

    async with running_echo() as server, healthy(server.port) as witness:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(drown, server.port)
    assert codes == [4203] * 20
    assert statistics.median(witness.echo_times) <= 0.05


async def test_burst_of_a_thousand_frames_is_served_and_pings_are_answered() -> None:
    """A20: soft limits are the session's; the gate lets a burst of this size in."""
    burst = frame(b"{}") * 500 + frame(b"now", PING) + frame(b"{}") * 500
    async with running_echo() as server, upgraded(server.port) as client:
        frames: list[tuple[int, bytes]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, burst)
            with trio.fail_after(5):
                while len(frames) < 1_001:
                    frames.append(await client.read_frame())
    assert frames.count((TEXT, b"{}")) == 1_000
    assert frames.count((PONG, b"now")) == 1


async def test_one_ping_is_outstanding_and_any_frame_is_a_sign_of_life() -> None:
    """W13."""
    sockets: list[Socket] = []
    rtts: list[float | None] = []

    async def hold(socket: Socket) -> None:
        sockets.append(socket)
        while True:
            await socket.receive()

    async with running_echo(EchoApp(serve_socket=hold)) as server, upgraded(server.port) as client:
        with trio.fail_after(2):
            await wait_until(lambda: bool(sockets))
            (socket,) = sockets
            assert socket.ping()
            assert await client.read_frame() == (PING, b"")
            assert socket.is_pinging
            assert not socket.ping()
            await client.send(frame(b"no answer, but alive"))
            await wait_until(lambda: not socket.is_pinging)
            rtts.append(socket.ping_rtt_s)
            assert socket.ping()
            rtts.append(socket.ping_rtt_s)
            pinged_at = trio.current_time()
            assert await client.read_frame() == (PING, b"")
            await client.send(frame(b"", PONG))
            await wait_until(lambda: not socket.is_pinging)
            *none, took_s = (*rtts, socket.ping_rtt_s)
            assert none == [None, None]
            assert took_s is not None
            assert 0 < took_s <= trio.current_time() - pinged_at + 0.1
        await client.stream.aclose()
        with trio.fail_after(2):
            await wait_until(lambda: bool(server.app.ends))
        assert not socket.ping()


async def test_limits_of_a_role_come_into_force_on_a_live_socket() -> None:
    async def tighten(socket: Socket) -> None:
        assert await socket.receive() == "hello"
        socket.adjust(FrameLimits(frame_bytes=10))
        await socket.send("tightened")
        await socket.receive()

    app = EchoApp(serve_socket=tighten)
    async with running_echo(app) as server, upgraded(server.port) as client:
        await client.send(frame(b"hello"))
        with trio.fail_after(2):
            assert await client.read_frame() == (TEXT, b"tightened")
            await client.send(frame(b"x" * 11))
            assert await client.read_close() == 1009


async def test_every_call_after_the_end_tells_the_same_end() -> None:
    ends: list[tuple[int, str]] = []

    async def insist(socket: Socket) -> None:
        for call in (socket.receive, socket.receive, lambda: socket.send("x")):
            try:
                await call()
            except SocketClosedError as end:
                ends.append((end.code, end.reason))
        await socket.close(4100)

    app = EchoApp(serve_socket=insist)
    async with running_echo(app) as server, upgraded(server.port) as client:
        await client.send(frame(b"\x03\xe8done", CLOSE))
        with trio.fail_after(1):
            await client.wait_end()
            await wait_until(lambda: len(ends) == 3)
    assert ends == [(1000, "done")] * 3


async def test_long_reason_is_shortened_to_what_a_frame_holds() -> None:
    async def leave(socket: Socket) -> None:
        await socket.close(4100, "ü" * 100)

    app = EchoApp(serve_socket=leave)
    async with running_echo(app) as server, upgraded(server.port) as client:
        with trio.fail_after(1):
            assert await client.read_frame() == (CLOSE, b"\x10\x04" + "ü".encode() * 61)


async def test_many_messages_leave_as_frames_of_their_own_in_one_write() -> None:
    messages = [b"x" * size for size in (0, 1, 125, 126, 65_535, 65_536, 300_000)]

    async def say(socket: Socket) -> None:
        assert not socket.write(messages, is_text=True), "more than a kernel takes at once"
        assert socket.ping()
        await socket.finish()
        while not socket.write([b"then"], is_text=False):
            await socket.finish()
        await socket.receive()

    app = EchoApp(serve_socket=say)
    async with running_echo(app) as server, upgraded(server.port) as client:
        with trio.fail_after(5):
            assert [await client.read_frame() for _ in messages] == [(1, each) for each in messages]
            rest = [await client.read_frame() for _ in range(2)]
        assert sorted(rest) == [(2, b"then"), (PING, b"")]


async def test_a_reader_too_slow_for_the_deadline_ends_as_4103() -> None:
    ends: list[int] = []

    async def pour(socket: Socket) -> None:
        try:
            while True:
                if not socket.write([b"y" * 60_000], is_text=True):
                    await socket.finish()
        except SocketClosedError:
            with pytest.raises(SocketClosedError) as end:
                await socket.receive()
            ends.append(end.value.code)

    app = EchoApp(serve_socket=pour, write_s=0.3)
    async with running_echo(app) as server, upgraded(server.port):
        with trio.fail_after(5):
            await wait_until(lambda: bool(ends))
        assert server.tally["gate_write_timeouts"] == 1
    assert ends == [4103]
