"""The standard set: its rows, its folder, what it says beside an earlier one."""

import json
import os
import select
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from loadtest.__main__ import main
from loadtest.bench_page import Row
from loadtest.comparing import EarlierUnreadableError
from loadtest.standard import (
    PARTS,
    Part,
    _scenario,
    changed,
    read_earlier,
    run_part,
    run_parts,
    table,
)
from tests.loadtest.test_comparing import _figures


def _part(tmp_path: Path, text: str, name: str) -> Part:
    """A module of its own that stands in for a benchmark."""
    (tmp_path / f"{name}.py").write_text(text, "utf-8")
    return Part(name, (name,), lambda figures: f"{figures['answer']} found", 5)


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("text", "said", "has_passed"),
    [
        ("print('{\"answer\": 42}')", "42 found", True),
        ("print('{\"answer\": 42}'); raise SystemExit(1)", "42 found", False),
        ("raise RuntimeError('no such disk')", "broke: RuntimeError: no such disk", False),
        ("print('{}')", "broke: 'answer'", False),
    ],
)
def test_a_part_is_a_row_whatever_comes_of_it(
    tmp_path: Path, text: str, said: str, has_passed: bool
) -> None:
    row, figures = run_part(_part(tmp_path, text, "stand_in"), tmp_path)
    assert (row.text, row.has_passed) == (said, has_passed)
    assert (figures is None) == said.startswith("broke")


SLEEPER = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(__file__).with_name("child").write_text(str(child.pid))
time.sleep(60)
"""


@pytest.mark.usefixtures("_here")
def test_a_part_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    part = _part(tmp_path, SLEEPER, "sleeper")._replace(takes_s=1)
    assert run_part(part, tmp_path)[0].text == "not over within 1 s"
    child = int((tmp_path / "child").read_text())
    with suppress(ProcessLookupError):  # gone and forgotten already
        descriptor = os.pidfd_open(child)
        assert select.select([descriptor], [], [], 5)[0], "it lives on"
        os.close(descriptor)


REPORTER = """
import json, pathlib, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
earlier = json.loads(pathlib.Path(words["--compare"]).read_text()) if "--compare" in words else None
pathlib.Path(words["--out"]).write_text("the report")
figures = json.loads(pathlib.Path(__file__).with_suffix(".json").read_text())
pathlib.Path(words["--json"]).write_text(json.dumps({**figures, "seen": earlier, "answer": 7}))
"""


@pytest.mark.usefixtures("_here")
def test_a_set_leaves_a_page_with_each_report_and_a_later_one_stands_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reporter.json").write_text(json.dumps(_figures(2, 10.0)), "utf-8")
    run = _part(tmp_path, REPORTER, "reporter")._replace(has_report=True)
    plain = _part(tmp_path, "print('{\"answer\": 42}')", "plain")
    folder = tmp_path / "artifacts" / "bench"
    before = {"reporter": _figures(1, 5.0), "plain": {"answer": 40}}
    rows, whole = run_parts([plain, run], folder, before, earlier_name="old.json")

    assert [(row.text, row.report) for row in rows] == [
        ("42 found", ""),
        ("7 found", "reporter.html"),
    ]
    assert whole["reporter"]["seen"] == before["reporter"]
    assert rows[0].changes == ("before: 40 found",)
    assert any(line.startswith("offer p50: ") for line in rows[1].changes)
    assert not any("may be chance" in line for line in rows[1].changes)
    assert json.loads((folder / "figures.json").read_text("utf-8")) == whole
    page = (folder / "index.html").read_text("utf-8")
    assert '<a href="reporter.html">reporter</a>' in page
    assert (folder / "reporter.html").read_text("utf-8") == "the report"
    assert rows[1].changes[0].split(":")[0] in page
    said = capsys.readouterr().err.splitlines()  # no terminal, and yet one sees where it is
    assert [line.split("]")[0] for line in said[::2]] == ["[1/2", "[2/2"]
    assert said[1].startswith("    pass after ")

    again, _ = run_parts([run], folder, read_earlier(folder / "figures.json", ["reporter"]))
    assert again[0].changes == ("nothing differs by more than chance explains",)


def test_figures_of_another_kind_are_told() -> None:
    part = PARTS[4]
    assert changed(part, {"odd": 1}, _figures(1, 5.0)) == (
        "the earlier figures are of another kind",
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"other": {}}'])
def test_a_file_that_is_no_set_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "f.json"
    file.write_text(text, "utf-8")
    with pytest.raises(EarlierUnreadableError):
        read_earlier(file, ["steady"])
    assert main(["standard", "--compare", str(file), "--folder", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


def test_the_set_names_what_there_is_and_fits_into_its_time() -> None:
    for part in PARTS:
        if part.words[0] == "loadtest":
            assert Path(part.words[2]).is_file()
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(PARTS)
    assert {file.stem for file in Path("loadtest/scenarios").glob("*.toml")} <= set(names)


def test_the_table_counts_what_passed() -> None:
    text = table([Row("a", 1.2, "fine", True), Row("longer", 3.0, "slow", False)])
    assert text.splitlines() == [
        "pass  a          1 s  fine",
        "FAIL  longer     3 s  slow",
        "1 of 2 passed, 4 s",
    ]
    beside = table([Row("a", 1.2, "fine", True, changes=("before: better",))])
    assert beside.splitlines()[1] == f"{'':15}before: better"


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standard", "--only", "bench cor"]) == 2
    assert "there is no part 'bench cor'" in capsys.readouterr().err


def test_a_missed_target_stands_beside_what_others_took_of_the_machine() -> None:
    names = ("offer_p99_ms", "conversations_per_s", "connections", "violations")
    figures: dict[str, Any] = {
        "measures": dict.fromkeys(names, 0),
        "knee": None,
        "targets": [{"sentence": "too slow: FAIL", "passed": False}],
        "generator": {"others_cpu": 1.8, "late_p99_ms": 55.0},
    }
    told = _scenario(figures)
    assert told.endswith(
        "too slow: FAIL; others took 1.8 cores, the generator was 55.0 ms late (p99)"
    )
    figures["generator"]["others_cpu"] = 0.1
    assert _scenario(figures).endswith("too slow: FAIL")
    figures["targets"] = []
    figures["generator"]["others_cpu"] = 1.8
    assert "others" not in _scenario(figures)
