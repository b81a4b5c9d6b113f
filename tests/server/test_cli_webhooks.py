"""The commands on webhooks, against a real server process."""

from pathlib import Path

import pytest

from tests.helpers.commands import Ended
from tests.helpers.real_server import RealServer
from tests.helpers.receivers import receiver
from tests.server.test_hook_signing import SECRET

HOOK = f'[[tenants.acme.webhooks]]\nid = "crm"\nurl = "http://127.0.0.1:9/"\nsecret = "{SECRET}"\n'


@pytest.mark.process
def test_hooks_are_shown_and_replayed_by_the_running_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RealServer(tmp_path)
    config = ("--config", str(server.config))
    with server.config.open("a", encoding="utf-8") as file:
        file.write(HOOK)
    down = Ended(capsys, "webhooks", "show", *config)
    assert (down.code, "start the server first" in down.err) == (1, True)
    server.start()
    try:
        shown = Ended(capsys, "webhooks", "show", *config)
        assert (shown.code, shown.out.split()[:1]) == (0, ["crm"])
        assert '"webhooks":[{"id":"crm"' in Ended(capsys, "webhooks", "show", *config, "--json").out
        tried = Ended(capsys, "webhooks", "test", "crm", *config)
        assert (tried.code, "crm did not take it: ConnectError" in tried.err) == (1, True)
        with receiver() as crm:
            text = server.config.read_text("utf-8")
            server.config.write_text(text.replace("http://127.0.0.1:9/", crm.url), "utf-8")
            assert Ended(capsys, "reload", *config).code == 0
            tried = Ended(capsys, "webhooks", "test", "crm", *config)
            assert (tried.code, "crm answered 204 in" in tried.out) == (0, True)
        listed = Ended(capsys, "webhooks", "deliveries", "crm", *config, "--status", "delivered")
        assert (listed.code, listed.err) == (0, "")
        again = Ended(capsys, "webhooks", "replay", "crm", *config, "--from", "2026-01-01")
        assert (again.code, "delivered to crm once more" in again.out) == (0, True)
        wrong = Ended(capsys, "webhooks", "replay", "cmr", *config, "--from", "2026-01-01")
        assert (wrong.code, "there is no such webhook" in wrong.err) == (1, True)
        wrong = Ended(capsys, "webhooks", "replay", "crm", *config, "--from", "yesterday")
        assert (wrong.code, "is no time" in wrong.err) == (1, True)
        text = server.config.read_text("utf-8")
        server.config.write_text(text.partition("[[tenants.acme.webhooks]]")[0], "utf-8")
        assert Ended(capsys, "reload", *config).code == 0
        none = Ended(capsys, "webhooks", "show", *config)
        assert (none.code, none.out, "has no webhooks" in none.err) == (0, "", True)
    finally:
        server.kill()
