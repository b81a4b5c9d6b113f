"""The command ``fairline doctor``: what it prints and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from router.server.findings import Report
from tests.helpers.real_server import RealServer

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "router", "doctor", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60
    )


@pytest.mark.process
def test_it_examines_a_server_by_its_settings_or_its_address(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.start()
    try:
        told = run("--config", str(server.config))
        assert told.returncode == 0, told.stdout + told.stderr
        assert "FAIL" not in told.stdout
        assert told.stdout.endswith(f"{server.address}: nothing failed, 0 skipped\n")
        token = server.token("service", "watch")
        told = run("--url", server.address, "--json", FAIRLINE_TOKEN=token)
        report = msgspec.json.decode(told.stdout, type=Report)
        assert (told.returncode, report.ok, told.stderr) == (0, True, "")
    finally:
        server.kill()
    told = run("--config", str(server.config), "--json")
    report = msgspec.json.decode(told.stdout, type=Report)
    assert (told.returncode, report.ok) == (1, False)
    assert report.findings[1].step == "port"


def test_without_settings_or_address_it_says_what_to_name() -> None:
    told = run()
    assert told.returncode == 1
    assert "--config FILE, or --url" in told.stderr
    told = run("--url", "chat.example")
    assert told.returncode == 1
    assert "--url: write http://" in told.stderr
