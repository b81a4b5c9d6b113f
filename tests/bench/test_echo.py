import pytest
import trio
from trio_websocket import open_websocket_url

from router.bench.processes import HOST, child

pytestmark = pytest.mark.process


async def test_the_reference_echoes() -> None:
    with child(["router.bench.echo"], r"port=(\d+)") as server, trio.fail_after(10):
        async with open_websocket_url(f"ws://{HOST}:{server.port}/") as socket:
            await socket.send_message("one")
            assert await socket.get_message() == "one"
