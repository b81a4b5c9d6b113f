"""A whole run with real processes: two faults, and nobody lost."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadtest.comparing import compare, read_figures
from loadtest.running import GeneratorError, _Generator

TEXT = """
name = "short"
about = "A second of calm, a lost network, a killed server."
[load]
seconds = 5
warm_up = 1
drain = 30
head_start = 2
policy = {offer_timeout_ms = 90000}
[arrivals]
rate = 12
[[lines]]
id = "shop"
patience = 6000
talk = 3
messages = 1
[[desks]]
id = "all"
count = 30
accepts_after = 0.8
declines = 0.05
[customers]
connected = 60
priority_share = 0.2
[[faults]]
at = 2
kind = "drop"
[[faults]]
at = 4
kind = "kill"
[[targets]]
measure = "lost"
at_most = 0
[[targets]]
measure = "back_s"
at_most = 60
"""


GONE_WITHIN_S = 10


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtest", "run", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=150)


@pytest.mark.process
def test_a_run_with_faults_loses_nobody_and_writes_its_report(tmp_path: Path) -> None:
    file, report, figures = (tmp_path / name for name in ("s.toml", "r.html", "f.json"))
    file.write_text(TEXT, "utf-8")
    done = _run(str(file), "--out", str(report), "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conversations lost: 0 ≤ 0: pass" in done.stdout
    assert "violations of the ledger: 0 ≤ 0: pass" in done.stdout
    found = read_figures(report)
    assert found == read_figures(figures)
    assert found["excused"]["closed.1006"] >= 80  # all who were there when it was killed
    # Who was looking at an offer when the connection went looks at it again.
    assert found["measures"]["served_share"] > 0.98
    assert all(each.low <= 0 <= each.high for each in compare(found, found, draws=50))


def test_what_is_no_scenario_exits_with_2(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(TEXT.replace("rate = 12", "rte = 12"), "utf-8")
    done = _run(str(file))
    assert done.returncode == 2
    assert 'did you mean "rate"?' in done.stderr
    assert _run(str(tmp_path / "none.toml")).returncode == 2


@pytest.mark.process
def test_a_generator_that_breaks_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ZeroDivisionError: of all things", "utf-8")
    broken = [sys.executable, "-c", "raise SystemExit(1)"]
    with subprocess.Popen(
        broken, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        generator = _Generator(process, tmp_path / "sheet", log)
        process.wait()
        generator.say("go 1")
        generator.say("end")
        with pytest.raises(GeneratorError, match="of all things"):
            generator.sheet()


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_leaves_nothing_running(
    number: signal.Signals, tmp_path: Path
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(TEXT.replace("[load]", '[load]\njournal = "redis"\nnodes = 2'), "utf-8")
    command = [sys.executable, "-m", "loadtest", "run", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        while len(started := _children(run.pid)) < 4:  # Redis, two nodes, a generator
            assert run.poll() is None
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    assert (run.returncode, said) == (130, "loadtest: interrupted; all that it started is ended\n")
    end = time.monotonic() + GONE_WITHIN_S  # who was killed may take a moment to be gone
    while any(Path(f"/proc/{pid}").exists() for pid in started):
        assert time.monotonic() < end


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(each) for each in text.split()]
