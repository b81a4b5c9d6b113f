"""The same relay on asyncio with the library ``websockets``.

Compression is off, as it is in Fairline: it is the library's default and costs most of its memory.
"""

import asyncio

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

__all__ = ["main"]

_ROOMS: dict[str, dict[str, ServerConnection]] = {}


async def _relay(socket: ServerConnection) -> None:
    assert socket.request is not None, "a handler has a request"
    _, room, side = socket.request.path.split("/")
    members = _ROOMS.setdefault(room, {})
    members[side] = socket
    try:
        async for text in socket:
            await socket.send("ok")
            for other, member in members.items():
                if other != side:
                    await member.send(text)
    except ConnectionClosed:
        pass
    finally:
        members.pop(side, None)


async def _serve() -> None:
    async with serve(_relay, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"relay port={port}", flush=True)
        await server.wait_closed()


def main() -> None:
    """Relays until ended."""
    asyncio.run(_serve())


if __name__ == "__main__":
    main()
