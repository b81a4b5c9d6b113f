"""The addresses of a node; TLS and trusted proxies are in test_app and test_proxies."""

import pytest
import trio

from router.errors import SettingsError
from router.server.counters import Tally
from router.server.doorways import open_door
from router.server.settings import ServerSettings
from router.server.visit import Visit


async def test_an_address_is_opened_and_every_visitor_is_served() -> None:
    async def handle(visit: Visit) -> None:
        await visit.refuse(418, visit.head.path)

    tally = Tally()
    server = ServerSettings(bind="127.0.0.1:0", ops_bind="nowhere.invalid:1")
    async with trio.open_nursery() as doors:
        host, port = await open_door(server, "bind", handle, doors, tally)
        assert (host, port > 0) == ("127.0.0.1", True)
        async with await trio.open_tcp_stream(host, port) as stream:
            await stream.send_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 418")
        assert tally["front_accepts"] == 1
        with pytest.raises(SettingsError) as caught:
            await open_door(server, "ops_bind", handle, doors, tally)
        assert caught.value.key == "server.ops_bind"
        doors.cancel_scope.cancel()
