"""What ``fairline bench`` takes; the benchmarks have tests of their own."""

import json as json_codec
from pathlib import Path

import pytest
import structlog

from router.bench import core
from router.errors import SettingsError
from router.server.cli import main
from router.server.cli_bench import bench


def test_a_size_that_a_benchmark_does_not_have_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingsError, match="core has no such option") as caught:
        bench("core", minutes=5.0)
    assert caught.value.key == "--minutes"


def test_a_benchmark_that_is_not_there_is_a_wrong_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", "everything"])
    assert left.value.code == 2
    assert "core" in capsys.readouterr().err


def test_what_is_measured_may_log_and_the_figures_are_json_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(folder: Path, *, json: bool = False) -> None:
        structlog.get_logger("fairline.journal").info("journal.claimed")
        print(json_codec.dumps({"is_json": json}))  # noqa: T201 - a command's output

    monkeypatch.setattr(core, "run", run)
    try:
        bench("core", json=True)
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr()
    assert json_codec.loads(said.out) == {"is_json": True}
    assert "journal.claimed" in said.err
