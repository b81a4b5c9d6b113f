"""What the server listens on, and the sentences for what goes wrong."""

import pytest

from router.errors import SettingsError
from router.server.listening import listen


async def test_a_free_address_is_opened_and_a_taken_one_is_said_to_be() -> None:
    (listener,) = await listen("127.0.0.1:0", "server.bind")
    port = listener.socket.getsockname()[1]
    with pytest.raises(SettingsError, match="is taken by another process") as caught:
        await listen(f"127.0.0.1:{port}", "server.bind")
    assert caught.value.key == "server.bind"
    await listener.aclose()


async def test_an_address_of_another_machine_is_said_to_be() -> None:
    with pytest.raises(SettingsError, match="is no address of this machine"):
        await listen("192.0.2.1:8080", "server.ops_bind")
