"""What ``fairline serve`` and ``demo`` take; that they serve is in ``test_running`` and others."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.server.cli import main

ROOT = Path(__file__).parents[2]


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_a_missing_file_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, "serve", "--config", "nowhere.toml")
    assert said.startswith("fairline: nowhere.toml: cannot be read")


def test_a_port_beyond_the_last_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "65535" in _refused(capsys, "demo", "--port", "70000")


@pytest.mark.process
def test_every_line_of_a_server_is_a_line_of_its_log(tmp_path: Path) -> None:
    """What the settings lead to, too: who reads the log reads one JSON object a line."""
    file = tmp_path / "fairline.toml"
    file.write_text(
        '[server]\nbind = "127.0.0.1:0"\njournal = "memory"\n'
        '[tenants.shop]\nkeys = [{kid = "a", secret = "long enough for every test of this file"}]\n'
        '[[tenants.shop.policy.queues]]\nid = "support"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "router", "serve", "--config", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(json.loads(line))
            if said[-1]["event"] == "server.listening":
                server.send_signal(signal.SIGTERM)
    assert server.returncode == 0
    assert said[-1]["event"] == "server.stopped"
    doubts = [line["error"] for line in said if line["event"] == "settings.doubtful"]
    assert doubts == ['server.journal: "memory" keeps nothing over a restart']
