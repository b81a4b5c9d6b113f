"""A bare trio-websocket server that relays: a reply to who said it, the text to the other side.

The path ``/ROOM/SIDE`` says who is who. No tokens, no rights, no order, nothing is kept.
"""

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

__all__ = ["main"]

_ROOMS: dict[str, dict[str, WebSocketConnection]] = {}


async def _relay(request: WebSocketRequest) -> None:
    _, room, side = request.path.split("/")
    socket = await request.accept()
    members = _ROOMS.setdefault(room, {})
    members[side] = socket
    try:
        while True:
            text = await socket.get_message()
            await socket.send_message("ok")
            for other, member in members.items():
                if other != side:
                    await member.send_message(text)
    except ConnectionClosed:
        members.pop(side, None)


async def _serve() -> None:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, _relay, "127.0.0.1", 0, None)
        print(f"relay port={server.port}", flush=True)


def main() -> None:
    """Relays until ended."""
    trio.run(_serve)


if __name__ == "__main__":
    main()
