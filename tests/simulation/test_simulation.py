"""The whole server under faults: kept seeds, fixed ones, and some that nobody has seen before."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.__main__ import main, report
from tests.simulation.story import ALL_FAULTS, simulate

ROOT = Path(__file__).parents[2]
KEPT = [
    tuple(line.split(maxsplit=2))
    for line in (Path(__file__).parent / "kept_seeds.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
STEPS = 200
FIXED = range(100, 106)
FRESH = int(os.environ.get("FAIRLINE_SEEDS", "0")) or 8


def check(seed: int, steps: int) -> None:
    outcome = simulate(seed, steps)
    assert not outcome.violation, report(outcome, steps)
    assert outcome.step_count >= steps


@pytest.mark.parametrize(("seed", "steps", "story"), KEPT)
def test_what_was_found_once_is_mended(seed: str, steps: str, story: str) -> None:
    check(int(seed), int(steps))


@pytest.mark.parametrize("seed", FIXED)
def test_nothing_is_found_in_seeds_that_stay_the_same(seed: int) -> None:
    check(seed, STEPS)


@pytest.mark.parametrize("number", range(FRESH))
def test_nothing_is_found_in_seeds_that_nobody_has_seen(number: int) -> None:
    check(int.from_bytes(os.urandom(5), "big"), STEPS)


def test_the_same_seed_is_the_same_story_in_any_process() -> None:
    here = simulate(3, 120)
    assert here.trace_hash == simulate(3, 120).trace_hash
    assert here.trace_hash != simulate(4, 120).trace_hash
    command = [sys.executable, "-m", "tests.simulation", "--seed", "3", "--steps", "120"]
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"trace {here.trace_hash}\n" in done.stdout


def test_every_kind_of_fault_strikes_within_a_few_seeds() -> None:
    found: Counter[str] = Counter()
    for seed in range(40, 48):
        found.update(simulate(seed, STEPS).faults)
    assert len([name for name in found if name.startswith("end of a life")]) >= 4, found
    for name in ("snapshot written", "segment trimmed", "life started from a snapshot"):
        assert found[name] > 0, found


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "7..8", "--steps", "40", "--faults", ""]) == 0
    said = capsys.readouterr().out
    assert "crash points" in said
    assert "violations                                     0" in said
    with pytest.raises(SystemExit):
        main(["--faults", "flood"])
    assert "flood" in capsys.readouterr().err
    assert ALL_FAULTS
