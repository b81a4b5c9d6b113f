"""Which certificates count for whoever asks, against a server with one."""

from pathlib import Path

import msgspec
import pytest
import trio

from router.errors import SettingsError
from router.server.asking_server import Server, ask, ask_server
from router.server.trusting import trusting
from tests.helpers.certificates import certificate, issued
from tests.helpers.nodes import node_settings, open_node
from tests.server.test_asking_server import settings


async def test_a_certificate_of_an_authority_counts_though_the_file_has_no_root(
    tmp_path: Path,
) -> None:
    cert, key = issued(tmp_path)
    async with open_node(node_settings(tls_cert=cert, tls_key=key)) as node:
        own = settings(node.port)
        own = msgspec.structs.replace(
            own, server=msgspec.structs.replace(own.server, tls_cert=cert, tls_key=key)
        )
        asked = await trio.to_thread.run_sync(ask_server, own, "", "GET", "/v1/queues")
        assert asked.status == 200
        (tmp_path / "other").mkdir()
        foreign = Server(f"https://localhost:{node.port}", "", Path(issued(tmp_path / "other")[0]))
        with pytest.raises(SettingsError, match="CERTIFICATE_VERIFY_FAILED"):
            await trio.to_thread.run_sync(ask, foreign, "GET", "/v1/queues")


def test_whether_the_host_is_checked_is_the_asker_s_choice(tmp_path: Path) -> None:
    cert = Path(certificate(tmp_path)[0])
    assert [trusting(cert, checks_host=is_so).check_hostname for is_so in (True, False)] == [
        True, False,
    ]  # fmt: skip


def test_a_file_that_has_no_certificate_to_trust_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    for said in ("cannot be read: No such file", "has no certificate"):
        with pytest.raises(SettingsError, match=said) as caught:
            ask(Server("https://127.0.0.1:9", "", file), "GET", "/")
        assert caught.value.file == str(file)
        file.write_text("nothing of the kind", "utf-8")
