import os
import socket as std_socket
from contextlib import suppress
from dataclasses import replace

import pytest
import trio
import trio.testing

from router.server.counters import Tally
from router.server.gate import Gate
from router.server.head import Head, parse_head, upgrade_request
from router.server.meter import FrameLimits, Verdict
from tests.helpers.echo_server import EchoApp, running_echo
from tests.helpers.raw import (
    PONG,
    RawSocket,
    connected,
    frame,
    head,
    pieces_of,
    upgraded,
    wait_until,
)

LIMITS = FrameLimits()
Memory = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]


def gate_pair(
    limits: FrameLimits = LIMITS, **options: object
) -> tuple[
    Gate, trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]
]:
    near, far = trio.testing.memory_stream_pair()
    return Gate(near, limits=limits, **options), far  # type: ignore[arg-type]


async def read_all(gate: Gate) -> bytes:
    data = b""
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while piece := await gate.receive_some():
            data += piece
    return data


def test_head_is_written_anew_without_host_and_extensions() -> None:
    """A16."""
    judged = parse_head(
        head(b"Sec-WebSocket-Extensions: permessage-deflate", b"Host: A", b"X-Other: b")
    )
    assert isinstance(judged, Head)
    written = upgrade_request(judged)
    again = parse_head(written)
    assert isinstance(again, Head)
    assert (again.target, again.key, again.subprotocols, again.host) == (
        judged.target,
        judged.key,
        judged.subprotocols,
        "localhost",
    )
    assert b"deflate" not in written
    assert b"x-other" not in written


async def test_head_is_read_first_and_is_not_metered() -> None:
    gate, far = gate_pair(replace(LIMITS, byte_burst=20.0), replay=b"h" * 100)
    assert await gate.receive_some() == b"h" * 100
    await far.send_all(frame(b"hello"))
    assert await gate.receive_some() == frame(b"hello")
    assert gate.verdict is None


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
async def test_pieces_on_the_way_do_not_change_what_is_read(
    seed: int | None, autojump_clock: trio.testing.MockClock
) -> None:
    tally = Tally()
    gate, far = gate_pair(replace(LIMITS, data_burst=20.0), count=tally)
    data = frame(b"x" * 200) * 20
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            for piece in pieces_of(data + frame(b"one too many"), seed):
                await far.send_all(piece)
                await trio.testing.wait_all_tasks_blocked()

        nursery.start_soon(send)
        assert await read_all(gate) == data
        nursery.cancel_scope.cancel()
    assert gate.verdict == Verdict(4203, "too many frames")
    assert tally.labelled("gate_verdicts", code="4203", reason="too many frames") == 1


async def test_violation_is_told_once_and_ends_the_stream(
    autojump_clock: trio.testing.MockClock,
) -> None:
    gate, far = gate_pair()
    await far.send_all(frame(b"before") + frame(b"", PONG) * 11)
    assert await gate.receive_some() == frame(b"before") + frame(b"", PONG) * 10
    started = trio.current_time()
    assert await gate.receive_some() == b""
    assert trio.current_time() - started == 1.0  # lingered, so that the peer can read why
    assert gate.has_ended
    last_words = b"".join([bytes(piece) async for piece in far])
    assert last_words == b"\x88\x19\x10\x6btoo many control frames"
    with pytest.raises(trio.BrokenResourceError):
        await gate.send_all(b"more")


@pytest.mark.parametrize(("is_telling", "expected"), [(True, b"\x88\x11\x11\x96"), (False, b"")])
async def test_malformed_frame_is_told_or_dropped(
    is_telling: bool, expected: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    """A15."""
    gate, far = gate_pair(is_telling=is_telling)
    await far.send_all(b"\x81\x00")
    assert await gate.receive_some() == b""
    assert b"".join([bytes(piece) async for piece in far])[:4] == expected


async def test_fault_that_only_the_library_saw_is_told_when_it_closes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    gate, far = gate_pair()
    await gate.aclose()
    assert gate.verdict == Verdict(4502, "malformed message")
    assert b"".join([bytes(piece) async for piece in far])[:4] == b"\x88\x13\x11\x96"


async def test_close_frame_of_the_library_is_the_only_one() -> None:
    gate, far = gate_pair()
    await gate.send_all(b"\x88\x02\x03\xe8")
    await gate.aclose()
    assert b"".join([bytes(piece) async for piece in far]) == b"\x88\x02\x03\xe8"
    assert gate.verdict is None


async def test_write_that_takes_too_long_is_the_last_one(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A19."""
    near, _far = trio.testing.lockstep_stream_pair()
    tally = Tally()
    gate = Gate(near, limits=LIMITS, write_s=5.0, count=tally)
    started = trio.current_time()
    with pytest.raises(trio.BrokenResourceError):
        await gate.send_all(b"x" * 100)
    assert trio.current_time() - started == 5.0
    with pytest.raises(trio.BrokenResourceError):
        await gate.send_all(b"next")
    assert gate.has_ended
    assert tally["gate_write_timeouts"] == 1


async def test_cancelled_write_is_the_last_one(autojump_clock: trio.testing.MockClock) -> None:
    """A19: a frame sent now would land inside the cut one."""
    near, far = trio.testing.lockstep_stream_pair()
    gate = Gate(near, limits=LIMITS)
    with trio.move_on_after(1):
        await gate.send_all(b"half of this")
    with pytest.raises(trio.BrokenResourceError):
        await gate.send_all(b"next")
    await gate.aclose()
    assert b"next" not in b"".join([bytes(piece) async for piece in far])


async def test_last_words_wait_for_the_write_in_progress(
    autojump_clock: trio.testing.MockClock,
) -> None:
    near, far = trio.testing.lockstep_stream_pair()
    gate = Gate(near, limits=LIMITS)
    received = bytearray()

    async def read_later() -> None:
        await trio.testing.wait_all_tasks_blocked()
        async for piece in far:
            received.extend(piece)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gate.send_all, b"whole")
        nursery.start_soon(far.send_all, b"\x81\x00")
        nursery.start_soon(read_later)
        assert await gate.receive_some() == b""
    assert received[:9] == b"whole\x88\x11\x11\x96"


async def test_full_socket_gets_the_rest_when_there_is_room() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with connected(listeners[0].socket.getsockname()[1]) as client:
        near = await listeners[0].accept()
        gate = Gate(near, limits=LIMITS)
        data = bytes(range(256)) * 40_000
        received = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gate.send_all, data)
            await trio.testing.wait_all_tasks_blocked()
            while len(received) < len(data):
                received += await client.stream.receive_some()
        assert received == data
        await gate.abort()
        with pytest.raises(trio.BrokenResourceError):
            await gate.send_all(b"x")
        await listeners[0].aclose()


async def test_peer_that_is_gone_breaks_the_write() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with connected(listeners[0].socket.getsockname()[1]) as client:
        near = await listeners[0].accept()
        gate = Gate(near, limits=LIMITS)
        client.reset()
        with pytest.raises(trio.BrokenResourceError), trio.fail_after(2):
            await send_for_ever(gate)
        await gate.abort()
        await listeners[0].aclose()


async def send_for_ever(gate: Gate) -> None:
    while True:
        await gate.send_all(b"x")
        await trio.testing.wait_all_tasks_blocked()


async def test_half_close_and_waiting_for_room_reach_the_stream() -> None:
    gate, far = gate_pair()
    await gate.wait_send_all_might_not_block()
    await gate.send_eof()
    assert await far.receive_some() == b""
    with pytest.raises(trio.BrokenResourceError):
        await gate.send_all(b"x")


async def test_slow_reader_never_gets_a_frame_inside_another() -> None:
    """A19: pushed at faster than it reads, then cut; what it has read is whole frames."""

    async def push(socket: object) -> None:
        with trio.move_on_after(10):
            while True:
                await socket.send("y" * 60_000)  # type: ignore[attr-defined]

    async with (
        running_echo(EchoApp(write_s=0.3, serve_socket=push)) as server,
        upgraded(server.port) as client,
    ):
        with trio.fail_after(5):
            frames = [await client.read_frame() for _ in range(3)]
            await wait_until(lambda: server.tally["gate_write_timeouts"] == 1)
            frames += await whole_frames(client)
    assert set(frames) == {(1, b"y" * 60_000)}
    assert server.tally["gate_write_timeouts"] == 1


async def whole_frames(client: RawSocket) -> list[tuple[int, bytes]]:
    frames = []
    with suppress(EOFError, trio.BrokenResourceError):
        while True:
            frames.append(await client.read_frame())
    return frames


async def test_half_a_ping_ends_its_connection_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kernel may have room for one byte of it; whatever followed could not be understood."""
    near, far = std_socket.socketpair()
    near.setblocking(False)
    gate = Gate(trio.SocketStream(trio.socket.from_stdlib_socket(near)), limits=LIMITS)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1]))
    assert gate.try_write(b"\x89\x00")
    monkeypatch.undo()
    assert not gate.try_write(b"\x89\x00")
    with pytest.raises(trio.BrokenResourceError):
        gate.write(b"more")
    assert far.recv(10) == b"\x89"
    await gate.aclose()
    far.close()
