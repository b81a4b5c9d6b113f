from pathlib import Path

import pytest

from router.bench.crowd import run_held
from router.bench.people import enter
from router.bench.servers import fairline, settings_text
from router.server.settings import load


def test_the_settings_are_sound(tmp_path: Path) -> None:
    config = tmp_path / "fairline.toml"
    config.write_text(settings_text(tmp_path), encoding="utf-8")
    settings = load([config], {})
    assert list(settings.tenants) == ["bench"]
    assert settings.server.journal == "memory"


@pytest.mark.process
def test_a_server_runs_as_long_as_the_block_and_leaves_nothing(tmp_path: Path) -> None:
    with fairline(tmp_path, "file") as server:
        member = run_held(enter, server.port, "customer", "c")
        assert member.welcome["you"]["id"] == "c"
        assert server.resident_bytes() > 0
        server.stop()
    assert list(tmp_path.iterdir()) == []
