"""The reference of the gateway's benchmark: a bare trio-websocket server that echoes.

``python -m router.bench.echo`` prints its port and echoes until it is ended. It is the library's
own ``serve_websocket`` with the smallest handler there is: no tokens, no rights, no journal.
"""

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from router.bench.processes import HOST

__all__ = ["main"]


async def _echo(request: WebSocketRequest) -> None:
    socket = await request.accept()
    try:
        while True:
            await socket.send_message(await socket.get_message())
    except ConnectionClosed:
        pass


async def _serve() -> None:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, _echo, HOST, 0, None)
        print(f"echo port={server.port}", flush=True)  # noqa: T201 - the parent reads it


def main() -> None:
    """Echoes until ended."""
    trio.run(_serve)


if __name__ == "__main__":
    main()
