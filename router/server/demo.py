"""``fairline demo``: one process with a shop, its staff's pages and scripted people.

Owns: putting the demo together and taking it apart. Does not know: what anybody in it does.

Invariants: it listens on 127.0.0.1 alone; its folder is gone when it ends.
"""

import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import trio

from router.errors import SettingsError
from router.server.clock import Clock
from router.server.demo_desk import DemoDesk, demo_settings
from router.server.demo_people import play

__all__ = ["run"]

HOST = "127.0.0.1"
READY_S = 15.0
SEED = 7

_LINKS = """\
Fairline demo
  Shop with the widget   http://{host}:{port}/demo
  Agent desktop          http://{host}:{port}/desktop
  Wallboard              http://{host}:{port}/board
  Calls for back ends    http://{host}:{port}/docs
    curl -H "Authorization: Bearer $(curl -sX POST http://{host}:{port}/demo/service)" http://{host}:{port}/v1/queues
Sign in as Alice on the desktop and set her available. Ctrl-C ends it; nothing is kept.
"""


async def run(port: int, serve: Callable[..., Awaitable[None]] | None = None) -> None:
    """Runs the demo until it is stopped; port 0 picks a free one.

    Raises:
        SettingsError: where the port is taken.
    """
    if serve is None:
        from router.server.running import serve as serve_app  # loads the whole server

        serve = serve_app
    port = await _free(port)
    with tempfile.TemporaryDirectory(prefix="fairline-demo-") as folder:
        settings = demo_settings(Path(folder), port)
        desk = DemoDesk(settings, Clock())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_open_shop, port, desk)
            await partial(serve, settings, desk=desk)()
            nursery.cancel_scope.cancel()


async def _open_shop(port: int, desk: DemoDesk) -> None:
    with trio.fail_after(READY_S):
        await _answers(port)
    print(_LINKS.format(host=HOST, port=port), end="", flush=True)  # noqa: T201 - the whole point
    await play(port, desk, SEED)


async def _free(port: int) -> int:
    """The port, or a free one for 0, as long as nobody takes it in between."""
    try:
        (listener,) = await trio.open_tcp_listeners(port, host=HOST)
    except OSError:
        sentence = f"port {port} is taken; choose another, or --port 0 for any free one"
        raise SettingsError(sentence, key="--port") from None
    chosen: int = listener.socket.getsockname()[1]
    await listener.aclose()
    return chosen


async def _answers(port: int) -> None:
    """Waits until the server lets people in."""
    while True:
        if await _is_ready(port):
            return
        await trio.sleep(0.05)


async def _is_ready(port: int) -> bool:
    try:
        stream = await trio.open_tcp_stream(HOST, port)
    except OSError:
        return False
    async with stream:
        try:
            await stream.send_all(
                b"GET /readyz HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (HOST.encode(), port)
            )
            return (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        except trio.BrokenResourceError:
            return False
