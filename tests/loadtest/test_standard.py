from pathlib import Path
from typing import Any

import pytest

from loadtest.__main__ import main
from loadtest.standard import PARTS, Part, Row, _scenario, run_part, table


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
    row, figures = run_part(_part(tmp_path, text, "stand_in"))
    assert (row.text, row.has_passed) == (said, has_passed)
    assert (figures is None) == said.startswith("broke")


@pytest.mark.usefixtures("_here")
def test_a_part_that_does_not_end_is_ended(tmp_path: Path) -> None:
    part = _part(tmp_path, "import time; time.sleep(60)", "sleeper")._replace(takes_s=1)
    assert run_part(part)[0].text == "not over within 1 s"


def test_the_set_names_what_there_is_and_fits_into_its_time() -> None:
    for part in PARTS:
        if part.words[0] == "loadtest":
            assert Path(part.words[2]).is_file()
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_the_table_counts_what_passed() -> None:
    text = table([Row("a", 1.2, "fine", True), Row("longer", 3.0, "slow", False)])
    assert text.splitlines() == [
        "pass  a          1 s  fine",
        "FAIL  longer     3 s  slow",
        "1 of 2 passed, 4 s",
    ]


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
