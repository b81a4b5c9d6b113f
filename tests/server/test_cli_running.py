"""The commands on a running server, against a real one."""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import Ended
from tests.helpers.real_server import RealServer


@pytest.mark.process
def test_a_server_is_told_to_read_its_settings_and_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RealServer(tmp_path)
    config = ("--config", str(server.config))
    for command in ("reload", "drain"):
        nobody = Ended(capsys, command, *config)
        assert (nobody.code, "no server runs in" in nobody.err) == (1, True)
    server.start()
    try:
        assert server.process is not None
        pid = server.process.pid
        text = server.config.read_text("utf-8")
        server.config.write_text(text.replace("wrap_up_ms = 0", "wrap_up_ms = 5000"))
        done = Ended(capsys, "reload", *config)
        assert (done.code, f"Process {pid} has them" in done.out) == (0, True), done.err
        assert "start reads" not in done.out
        assert Ended(capsys, "policy", "diff", *config).code == 0
        server.config.write_text(text.replace("[server]", "[server]\nconnections_max = 4321"))
        waiting = Ended(capsys, "reload", *config)
        assert waiting.code == 0
        assert waiting.out.splitlines()[2:] == ["  server.connections_max"]
        told = json.loads(Ended(capsys, "reload", *config, "--json").out)
        assert told == {"process": pid, "left_to_start": ["server.connections_max"]}
        server.config.write_text(text.replace("wrap_up_ms = 0", "wrap_up_ms = -1"))
        wrong = Ended(capsys, "reload", *config)
        assert (wrong.code, "wrap_up_ms" in wrong.err) == (1, True)
        server.config.write_text(text.replace("[server]", '[server]\nops_bind = "127.0.0.1:9"'))
        unknown = Ended(capsys, "reload", *config)
        assert (unknown.code, unknown.out) == (1, "")
        assert f"process {pid} was told, but whether it took them is not known" in unknown.err
        assert "cannot be read at http://127.0.0.1:9" in unknown.err
        server.config.write_text(text)
        told = json.loads(Ended(capsys, "upgrade", *config, "--json").out)
        assert told["problems"] == []
        assert f"process {pid} serves these data" in told["notes"][0]
        drained = Ended(capsys, "drain", *config)
        assert (drained.code, drained.out) == (0, f"Process {pid} drained and ended.\n")
        assert server.process.wait(10) == 0
    finally:
        server.kill()
    after = Ended(capsys, "upgrade", *config)
    assert (after.code, after.out.splitlines()[-1]) == (0, "It would start; nothing was changed.")


def test_an_upgrade_that_would_fail_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RealServer(tmp_path)
    folder = tmp_path / "data" / "journal"
    folder.mkdir(parents=True)
    (folder / "journal-00000000000000000001.segment").write_bytes(b"no journal" * 100)
    found = Ended(capsys, "upgrade", "--config", str(server.config))
    assert (found.code, found.out.splitlines()[-1]) == (1, "It would not start.")
