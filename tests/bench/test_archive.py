"""The benchmark of the archive measures what it says."""

import json
from pathlib import Path

import pytest

from router.bench.archive import MESSAGES, bench_archive, run


def test_it_measures_writing_and_reading_beside_the_core(tmp_path: Path) -> None:
    figures = bench_archive(tmp_path, conversations=60)
    assert figures["conversations"] == 60
    # Of each: the conversation, its assignment and its rating, and what was said.
    assert figures["rows"] == 60 * (3 + MESSAGES)
    assert 0 < figures["take_share_of_core"] < figures["write_cpu_share_of_core"]
    assert figures["rows_per_second"] > 0
    assert figures["reads_per_second"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_json", [True, False])
def test_it_prints_for_people_and_machines(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,
) -> None:
    monkeypatch.setattr(
        "router.bench.archive.bench_archive",
        lambda folder: bench_archive(folder, conversations=20),
    )
    run(tmp_path, json=as_json)
    printed = capsys.readouterr().out
    if as_json:
        assert json.loads(printed)["archive"]["conversations"] == 20
    else:
        assert "rows/s" in printed
