"""One request to the server of some settings."""

from pathlib import Path

import pytest
import trio

from router.errors import SettingsError
from router.server.asking_server import (
    TOKEN_VARIABLE,
    ask_server,
    own_address,
    token_given,
)
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


@pytest.mark.parametrize(
    "wrong",
    [b"word\nanother", b"word\n\n# a note\n", b"two words", b"w\xc3\xb6rd", b"w\xff", b"wo\0rd"],
)
def test_what_is_no_token_is_refused_before_anything_can_print_it(
    wrong: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_bytes(wrong)
    with pytest.raises(SettingsError, match="is no token: write one alone") as caught:
        token_given(file)
    assert caught.value.file == str(file)
    if b"\0" in wrong:
        return  # no variable can have it
    monkeypatch.setenv(TOKEN_VARIABLE, wrong.decode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError, match="is no token: write one alone") as caught:
        token_given(None)
    assert caught.value.key == TOKEN_VARIABLE


def test_a_token_is_taken_without_the_end_of_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("a.b-c_d\r\n", "utf-8")
    assert token_given(file) == "a.b-c_d"
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert token_given(None) == ""
