import errno
import socket

import pytest
import trio
import trio.testing

from router.server.visit import (
    answer,
    bound_send_buffer,
    close_for_sure,
    cut,
    discard,
    linger,
    send_within,
)


class Stubborn(trio.abc.Stream):
    """A stream whose every call waits for ever, and whose close then fails."""

    def __init__(self) -> None:
        self.is_closed = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.sleep_forever()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.sleep_forever()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        with trio.move_on_after(3_600):
            await trio.sleep_forever()
        return b""

    async def aclose(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.is_closed = True


class Faulty(Stubborn):
    async def aclose(self) -> None:
        if self.is_closed:
            await trio.lowlevel.checkpoint()
            return
        self.is_closed = True
        raise OSError(errno.EIO, "faulty")


async def test_answer_is_one_whole_plain_response() -> None:
    near, far = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, near, 503, "server full", (("retry-after", "7"),))
        head, _, body = b"".join([bytes(piece) async for piece in far]).partition(b"\r\n\r\n")
        await far.aclose()
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 503 Service Unavailable"
    assert set(lines[1:]) >= {
        "retry-after: 7",
        "connection: close",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        f"content-length: {len(body)}",
    }
    assert body == b"server full\n"


async def test_upgrade_required_says_so_in_connection() -> None:
    near, far = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, near, 426, "version", (("upgrade", "websocket"),))
        data = b"".join([bytes(piece) async for piece in far])
        await far.aclose()
    assert b"connection: close, upgrade\r\n" in data


async def test_answer_gives_up_on_a_peer_that_takes_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    started = trio.current_time()
    await answer(Stubborn(), 400, "no")
    assert trio.current_time() - started == 2.0


async def test_lingering_is_bounded_in_time_and_in_bytes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    started = trio.current_time()
    await linger(Stubborn())
    assert trio.current_time() - started == 1.0
    near, far = trio.testing.memory_stream_pair()
    await far.send_all(b"x" * 3_000_000)
    await discard(near)
    assert trio.current_time() - started == 1.0


async def test_sending_to_a_peer_that_is_gone_is_told_not_raised() -> None:
    near, far = trio.testing.memory_stream_pair()
    await trio.aclose_forcefully(far)
    assert not await send_within(near, b"x", 1.0)


@pytest.mark.parametrize("kind", [Stubborn, Faulty])
async def test_closing_for_sure_survives_a_stream_that_will_not(
    kind: type[Stubborn], autojump_clock: trio.testing.MockClock
) -> None:
    stream = kind()
    started = trio.current_time()
    await close_for_sure(stream)
    assert stream.is_closed
    assert trio.current_time() - started <= 2.0


async def test_closing_for_sure_goes_on_when_cancelled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stream = Stubborn()
    started = trio.current_time()
    with trio.CancelScope() as scope:
        scope.cancel()
        await close_for_sure(stream)
    assert stream.is_closed
    assert trio.current_time() - started == 2.0  # as polite as ever: TLS has a word to send


async def test_kernel_may_hold_only_little_for_a_slow_reader() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    client = await trio.open_tcp_stream("127.0.0.1", listeners[0].socket.getsockname()[1])
    bound_send_buffer(client)
    # Linux doubles what is asked for, and counts its own bookkeeping against it.
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 65_536
    await client.aclose()
    bound_send_buffer(client)
    await listeners[0].aclose()


async def test_cut_resets_a_socket() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    client = await trio.open_tcp_stream("127.0.0.1", listeners[0].socket.getsockname()[1])
    near = await listeners[0].accept()
    await cut(near)
    with pytest.raises(trio.BrokenResourceError):
        await client.receive_some()
    await client.aclose()
    await listeners[0].aclose()
