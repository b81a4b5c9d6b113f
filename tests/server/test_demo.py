from pathlib import Path

import pytest
import trio
import trio.testing

from router.errors import SettingsError
from router.server.demo import run
from router.server.demo_desk import DemoDesk
from router.server.settings import Settings, address


class Door:
    """A stand-in for the whole server: opens the port, waits until somebody knocks and leaves."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.desk: DemoDesk | None = None
        self.folder_was_there = False

    async def serve(self, settings: Settings, *, desk: DemoDesk) -> None:
        self.settings, self.desk = settings, desk
        self.folder_was_there = Path(settings.server.data).parent.is_dir()
        host, port = address(settings.server.bind)
        knocked = trio.Event()

        refused = False

        async def answer(stream: trio.SocketStream) -> None:
            nonlocal refused
            asked = await stream.receive_some()
            if knocked.is_set():  # the people of the demo, once it is ready
                await stream.aclose()
                return
            assert asked.startswith(b"GET /readyz "), "it is to wait until people are let in"
            await stream.send_all(b"HTTP/1.1 %d \r\n\r\n" % (200 if refused else 503))
            await stream.aclose()
            if refused:
                knocked.set()
            refused = True

        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(port, host=host)
            nursery.start_soon(trio.serve_listeners, answer, listeners)
            await knocked.wait()
            await trio.testing.wait_all_tasks_blocked(0.1)
            nursery.cancel_scope.cancel()


async def test_it_prints_the_links_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    door = Door()
    with trio.fail_after(10):
        await run(0, door.serve)
    assert door.settings is not None
    bind = door.settings.server.bind
    printed = capsys.readouterr().out
    for page in ("demo", "desktop", "board"):
        assert f"http://{bind}/{page}\n" in printed
    assert door.folder_was_there
    assert not Path(door.settings.server.data).parent.exists()
    assert door.desk is not None
    assert door.desk.people()[0].name == "Alice"


async def test_a_port_that_is_taken_is_a_sentence() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    door = Door()
    with pytest.raises(SettingsError, match=f"port {port} is taken"):
        await run(port, door.serve)
    await listener.aclose()
    assert door.settings is None
