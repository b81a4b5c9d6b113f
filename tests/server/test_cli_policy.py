"""The commands on policies, against a real server process; a restart is in test_engine."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from router.server.settings import KeyEntry
from tests.helpers.commands import Ended
from tests.helpers.nodes import token
from tests.helpers.real_server import SECRET, RealServer

KEY = KeyEntry(kid="main", alg="HS256", secret=SECRET)


def put(server: RealServer, **values: object) -> None:
    """Sets a policy by hand, as a back end does."""
    headers = {"Authorization": f"Bearer {token('service', 'shop', key=KEY)}"}
    address = f"{server.address}/v1/policy"
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        policy = json.load(answer)
        headers["If-Match"] = answer.headers["ETag"]
    body = json.dumps({**policy, **values}).encode()
    wanted = urllib.request.Request(address, body, headers, method="PUT")
    with urllib.request.urlopen(wanted) as answer:
        assert answer.status == 200


def hang_up(server: RealServer) -> None:
    """SIGHUP; returns once it was carried out."""
    assert server.process is not None
    assert server.process.stdout is not None
    server.process.send_signal(signal.SIGHUP)
    for line in server.process.stdout:
        if "settings.reloaded" in line:
            return
    raise AssertionError("the server ended")


@pytest.mark.process
def test_what_was_set_by_hand_is_shown_outlives_sighup_and_yields_to_a_new_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RealServer(tmp_path)
    config = ("--config", str(server.config))
    down = Ended(capsys, "policy", "diff", *config)
    assert (down.code, "start the server first" in down.err) == (1, True)
    server.start()
    try:
        same = Ended(capsys, "policy", "diff", *config)
        assert (same.code, same.out) == (0, "")
        put(server, score_band=7)
        hang_up(server)
        found = Ended(capsys, "policy", "diff", *config)
        assert (found.code, found.out) == (1, "score_band: 100 -> 7\n")
        told = json.loads(Ended(capsys, "policy", "diff", *config, "--json").out)
        assert told == {"changes": [{"path": "score_band", "old": 100, "new": 7}]}
        _pull(server, tmp_path, capsys)
        text = server.config.read_text("utf-8")
        server.config.write_text(
            text.replace("[tenants.acme.policy]", "[tenants.acme.policy]\nscore_band = 9")
        )
        found = Ended(capsys, "policy", "diff", *config)
        assert (found.code, found.out) == (1, "score_band: 9 -> 7\n")
        hang_up(server)
        assert Ended(capsys, "policy", "diff", *config).code == 0
    finally:
        server.kill()


def _pull(server: RealServer, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is pulled is a settings' file's, by key and by token."""
    config = ("--config", str(server.config))
    pulled = Ended(capsys, "policy", "pull", *config)
    assert (pulled.code, pulled.out.splitlines()[:2]) == (
        0, ["[tenants.acme.policy]", "score_band = 7"],
    )  # fmt: skip
    more = folder / "more.toml"
    more.write_text(pulled.out, "utf-8")
    assert Ended(capsys, "policy", "diff", *config, "--config", str(more)).code == 0
    file = folder / "token"
    file.write_text(token("supervisor", "sofia", key=KEY), "utf-8")
    by_token = ("--url", server.address, "--token-file", str(file))
    assert Ended(capsys, "policy", "pull", *by_token).out.splitlines()[0] == "score_band = 7"
    whole = json.loads(Ended(capsys, "policy", "pull", *by_token, "--json").out)
    assert (whole["score_band"], whole["grace_ms"]) == (7, 120_000)
    assert Ended(capsys, "policy", "diff", *config, *by_token).code == 1
    file.write_text("rubbish", "utf-8")
    wrong = Ended(capsys, "policy", "pull", *by_token)
    assert (wrong.code, "the server answered 401" in wrong.err) == (1, True)


def test_whom_to_ask_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Ended(capsys, "policy", "pull")
    assert (asked.code, "--config FILE, or --url and --token-file" in asked.err) == (1, True)
    asked = Ended(capsys, "policy", "pull", "--url", "nowhere")
    assert (asked.code, "write http://host:port" in asked.err) == (1, True)
