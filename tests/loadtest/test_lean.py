import ssl
import struct
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from loadtest.lean import RefusedError, dial
from loadtest.wire import SUBPROTOCOL
from tests.helpers.certificates import certificate

SIZES = (0, 1, 125, 126, 65_535, 65_536, 200_000)


async def test_frames_of_every_size_come_back_and_pings_are_answered() -> None:
    pongs = trio.Event()

    async def echo(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol=SUBPROTOCOL)
        await socket.ping(b"who")
        pongs.set()  # the library's ping returns once it was answered
        for _ in SIZES:
            await socket.send_message(await socket.get_message())
        await socket.aclose(4103, "slow")

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, echo, "127.0.0.1", 0, None)
        with trio.fail_after(10):
            socket = await dial(f"ws://127.0.0.1:{server.port}/v1/socket")
            nursery.start_soon(_send_all, socket)
            for size in SIZES:
                assert await socket.get_message() == b"x" * size
            await pongs.wait()
            with pytest.raises(ConnectionClosed) as closed:
                await socket.get_message()
            await socket.aclose()
        nursery.cancel_scope.cancel()
    assert closed.value.reason is not None
    assert closed.value.reason.code == 4103


async def _send_all(socket: object) -> None:
    for size in SIZES:
        await socket.send_message(b"x" * size)  # type: ignore[attr-defined]  # a LeanSocket


async def test_a_certified_server_is_spoken_to_over_tls_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)

    async def echo(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol=SUBPROTOCOL)
        await socket.send_message(await socket.get_message())
        await socket.aclose()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, echo, "127.0.0.1", 0, context)
        url = f"wss://localhost:{server.port}/v1/socket"
        with trio.fail_after(10):
            monkeypatch.setattr(
                "loadtest.lean._tls", lambda: ssl.create_default_context(cafile=cert)
            )
            socket = await dial(url)
            await socket.send_message(b"hello")
            assert await socket.get_message() == b"hello"
            await socket.aclose()
            monkeypatch.undo()
            with pytest.raises(RefusedError):
                await dial(url)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("cuts", [1, 3, 1_000])
async def test_however_frames_are_cut_they_arrive_whole(cuts: int) -> None:
    payloads = [b"a", b"b" * 200, b"c" * 70_000]
    frames = b"".join(_frame(payload) for payload in payloads)
    head = f"HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        said = head + frames
        for start in range(0, len(said), max(1, len(said) // cuts)):
            await stream.send_all(said[start : start + max(1, len(said) // cuts)])

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        with trio.fail_after(10):
            port = listener.socket.getsockname()[1]
            socket = await dial(f"ws://127.0.0.1:{port}/v1/socket")
            assert [await socket.get_message() for _ in payloads] == payloads
            await socket.aclose()
        nursery.cancel_scope.cancel()


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([0x82, size]) + payload
    short = size < 65_536
    return (
        bytes([0x82, 126 if short else 127]) + struct.pack("!H" if short else "!Q", size) + payload
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 no\r\n\r\n", "503"),
        (b"HTTP/1.1 101 x\r\n\r\n", "subprotocol"),
        (b"", "closed"),
    ],
)
async def test_who_is_not_let_in_learns_why(answer: bytes, why: str) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(answer)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        port = listener.socket.getsockname()[1]
        with trio.fail_after(5), pytest.raises(RefusedError) as refused:
            await dial(f"ws://127.0.0.1:{port}/v1/socket")
        nursery.cancel_scope.cancel()
    assert refused.value.why == why
    with pytest.raises(RefusedError, match="ConnectionRefusedError"):
        await dial(f"ws://127.0.0.1:{port}/v1/socket")
