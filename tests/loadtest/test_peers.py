"""Each relay in turn: what one side says the other hears."""

from pathlib import Path

import pytest
import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    serve_websocket,
)

from loadtest.peers.__main__ import _median, _table, contenders, measure
from loadtest.peers.speaking import SocketIoPair

INSTALLED = Path(__file__).parents[2] / "artifacts" / "peers"


def test_what_is_not_installed_is_left_out(tmp_path: Path) -> None:
    names = [each.name for each in contenders(tmp_path)]
    assert names == [
        "bare trio-websocket relay",
        "Fairline, journal in memory",
        "Fairline, file journal",
        "websockets, asyncio",
    ]


@pytest.mark.process
@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_relay_is_measured(number: int) -> None:
    chosen = contenders(INSTALLED)[number]
    figures = measure(chosen, pairs=2, seconds=1.0)
    assert figures["messages"] > 4
    assert figures["p50_ms"] > 0


async def test_the_words_of_socket_io_are_those_of_its_protocol() -> None:
    """Against packets written from its protocol page."""
    heard: list[str | bytes] = []
    ponged = trio.Event()

    async def serve(request: WebSocketRequest) -> None:
        assert request.path.startswith("/socket.io/?EIO=4&transport=websocket&room=7")
        socket = await request.accept()
        try:
            await socket.send_message('0{"sid":"x","pingInterval":25000}')
            assert await socket.get_message() == "40"
            await socket.send_message('40{"sid":"y"}')
            if len(sockets) == 1:
                await socket.send_message("2")
            sockets.append(socket)
            while True:
                text = await socket.get_message()
                heard.append(text)
                if text == "3":
                    ponged.set()
                if str(text).startswith("42"):
                    await socket.send_message('431["ok"]')
                    await sockets[1].send_message('42["said","..."]')
        except ConnectionClosed:
            pass

    sockets: list[WebSocketConnection] = []
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
        with trio.fail_after(5):
            pair = SocketIoPair()
            await pair.open(server.port, 7)
            await pair.say()
            await ponged.wait()
            await pair.close()
        nursery.cancel_scope.cancel()
    assert any(str(text).startswith('421["say","I have looked') for text in heard)


def test_the_table_has_the_median_of_each_and_the_ratio_to_the_first() -> None:
    taken = [
        {"messages": 9, "cpu_us_per_message": us, "p50_ms": 1.0, "kib_per_connection": 20.0}
        for us in (100.0, 300.0, 120.0)
    ]
    row = _median("x", taken)
    middle = {"cpu_us_per_message": 120.0, "p50_ms": 1.0, "kib_per_connection": 20.0}
    assert row == {"name": "x", **middle}
    assert "1.5x" in _table([{**row, "to_bare": 1.5}])
