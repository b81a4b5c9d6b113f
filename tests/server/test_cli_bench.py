"""What ``fairline bench`` takes; the benchmarks have tests of their own."""

import pytest

from router.errors import SettingsError
from router.server.cli import main
from router.server.cli_bench import bench


def test_a_size_that_a_benchmark_does_not_have_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingsError, match="core has no such size") as caught:
        bench("core", minutes=5.0)
    assert caught.value.key == "--minutes"


def test_a_benchmark_that_is_not_there_is_a_wrong_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", "everything"])
    assert left.value.code == 2
    assert "core" in capsys.readouterr().err
