"""The commands about settings."""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import Ended


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert Ended(capsys, "init", str(tmp_path)).code == 0
    return str(tmp_path / "fairline.toml")


def test_what_is_in_force_is_shown_with_its_sources_and_without_secrets(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Ended(capsys, "config", "show", "--config", config)
    assert 'server.bind = "127.0.0.1:8080"\n' in plain.out
    assert 'tenants.main.keys[0].secret = "(secret)"\n' in plain.out
    told = Ended(capsys, "config", "show", "--config", config, "--sources")
    assert f"  # {config}:7\n" in told.out
    assert "  # default\n" in told.out
    lines = Ended(capsys, "config", "show", "--config", config, "--json").out.splitlines()
    assert {"key": "server.log", "value": "json", "source": "default"} in map(json.loads, lines)


def test_the_schemas_are_json_and_a_mistake_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("settings", "policy"):
        assert "$defs" in json.loads(Ended(capsys, "config", "schema", part).out)
    assert Ended(capsys, "config", "reference").out.startswith("# Every setting\n")
    missing = Ended(capsys, "config", "show", "--config", str(tmp_path / "none.toml"))
    assert (missing.code, "cannot be read" in missing.err) == (1, True)
