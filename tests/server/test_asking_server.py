"""One request to the server of some settings."""

import pytest
import trio

from router.errors import SettingsError
from router.server.asking_server import ask_server, own_address
from router.server.sections import KeyEntry, ServerSettings, Settings, Tenant
from tests.helpers.nodes import KEY, open_node


def settings(port: int, key: KeyEntry = KEY) -> Settings:
    server = ServerSettings(bind=f"0.0.0.0:{port}")
    return Settings(server=server, tenants={"acme": Tenant(keys=(key,))})


async def test_it_asks_the_server_of_this_machine_as_a_service_of_the_tenant() -> None:
    async with open_node() as node:
        ask = settings(node.port)
        asked = await trio.to_thread.run_sync(ask_server, ask, "", "GET", "/v1/queues")
        assert (asked.status, '"queue":"support"' in asked.text) == (200, True)
        body = b'{"show": "away", "reason": "x"}'
        await node.join("agent", "alice")
        path = "/v1/agents/alice/presence"
        asked = await trio.to_thread.run_sync(ask_server, ask, "acme", "PUT", path, body)
        assert asked.status == 204, asked


def test_where_nobody_answers_or_nothing_can_sign_it_says_so() -> None:
    with pytest.raises(SettingsError, match="start the server first"):
        ask_server(settings(9), "", "GET", "/")
    key = KeyEntry(kid="k", alg="EdDSA", public_key_file="x")
    with pytest.raises(SettingsError, match="send GET /path with a service's token"):
        ask_server(settings(9, key), "", "GET", "/path")


def test_what_listens_everywhere_is_asked_here() -> None:
    assert own_address("0.0.0.0:80") == ("127.0.0.1", 80)
    assert own_address("[::]:80") == ("::1", 80)
    assert own_address("chat.example:80") == ("chat.example", 80)
