"""``python -m loadtest standard``: the benchmarks and short scenarios, one table at the end.

Owns: what belongs to the set, in which order, and its table. Does not know: how anything is
measured: each part is a process of its own, as anybody would start it.

Invariants (tests/loadtest/test_standard.py): a part that fails is a row that says so and the exit
code is 1; each part is bounded, so that the whole takes ten minutes at most.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loadtest.knee import OTHERS_CPU_MAX

__all__ = ["PARTS", "Part", "Row", "add_standard", "run_part", "run_standard"]

SCENARIOS = Path(__file__).parent / "scenarios"
Figures = dict[str, Any]


class Part(NamedTuple):
    """One row: a command that writes JSON, and what of it is told."""

    name: str
    words: tuple[str, ...]
    tell: Callable[[Figures], str]
    takes_s: int
    """At most so long."""


class Row(NamedTuple):
    """What came of it."""

    name: str
    seconds: float
    text: str
    has_passed: bool


def _gateway(figures: Figures) -> str:
    return (
        f"a relayed message costs {figures['ratio_per_message']}x an echo's CPU, "
        f"a frame {figures['ratio_per_frame']}x"
    )


def _core(figures: Figures) -> str:
    rates = [row["decisions_per_s"] for row in figures["rows"]]
    return f"{min(rates):,.0f} to {max(rates):,.0f} decisions/s"


def _journal(figures: Figures) -> str:
    return ", ".join(
        f"batches of {row['batch']}: {row['to_sqlite']}x SQLite, {row['to_disk']}x the disk alone"
        for row in figures["commits"]
    )


def _idle(figures: Figures) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items() if _is_short(value))


def _is_short(value: object) -> bool:
    return isinstance(value, int | float | str) and len(str(value)) < 30


def _scenario(figures: Figures) -> str:
    measures = figures["measures"]
    text = (
        f"p99 to the offer {measures['offer_p99_ms']} ms at "
        f"{measures['conversations_per_s']:.0f}/s, {measures['connections']:.0f} connections, "
        f"{measures['violations']:.0f} violations"
    )
    if figures["knee"]:
        text += f"; knee {figures['knee']['per_s']}/s"
    failed = [each["sentence"] for each in figures["targets"] if not each["passed"]]
    if failed:
        failed += _shared(figures["generator"])
    return "; ".join([text, *failed])


def _shared(generator: Figures) -> list[str]:
    """What the machine had to do besides, where that may be why a target was missed."""
    if generator["others_cpu"] <= OTHERS_CPU_MAX:
        return []
    late = generator["late_p99_ms"]
    return [f"others took {generator['others_cpu']} cores, the generator was {late} ms late (p99)"]


def _bench(name: str, tell: Callable[[Figures], str], takes_s: int, *more: str) -> Part:
    return Part(f"bench {name}", ("router", "bench", name, *more, "--json"), tell, takes_s)


def _short(name: str, seconds: int, takes_s: int) -> Part:
    words = ("loadtest", "run", str(SCENARIOS / f"{name}.toml"), "--seconds", str(seconds))
    return Part(name, words, _scenario, takes_s)


PARTS: tuple[Part, ...] = (
    _bench("core", _core, 120),
    _bench("journal", _journal, 90),
    _bench("gateway", _gateway, 120),
    _bench("idle", _idle, 120, "--connections", "2000"),
    _short("steady", 15, 70),
    _short("flash", 25, 110),
    _short("loud", 20, 90),
    _short("storm", 20, 90),
    _short("outage", 25, 110),
    _short("restart", 20, 110),
    _short("bank-day", 30, 80),
    _short("tenants", 15, 70),
)


def add_standard(parser: argparse.ArgumentParser) -> None:
    """Adds what the command takes."""
    parser.add_argument("--only", action="append", metavar="PART", help="so far named; repeat it")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")


def run_standard(arguments: argparse.Namespace) -> int:
    """Runs the set and returns the exit code."""
    names = [part.name for part in PARTS]
    unknown = [name for name in arguments.only or () if name not in names]
    if unknown:
        known = ", ".join(names)
        print(f"loadtest: --only: there is no part {unknown[0]!r}; {known}", file=sys.stderr)
        return 2
    chosen = [part for part in PARTS if not arguments.only or part.name in arguments.only]
    whole: Figures = {}
    rows = []
    for part in chosen:
        if sys.stderr.isatty():
            print(f"{part.name} …", file=sys.stderr)
        row, figures = run_part(part)
        rows.append(row)
        whole[part.name] = figures
    print(table(rows))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(whole) + "\n", "utf-8")
    return int(not all(row.has_passed for row in rows))


def run_part(part: Part) -> tuple[Row, Figures | None]:
    """Runs one as a process of its own."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fairline-standard-") as folder:
        out = Path(folder, "out.json")
        words = list(part.words)
        if words[0] == "loadtest":
            words += ["--json", str(out)]
        try:
            done = subprocess.run(  # noqa: S603 - our own modules, by our own interpreter
                [sys.executable, "-m", *words],
                capture_output=True,
                text=True,
                timeout=part.takes_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            row = Row(part.name, part.takes_s, f"not over within {part.takes_s} s", False)
            return row, None
        text = out.read_text("utf-8") if out.exists() else done.stdout
    seconds = time.monotonic() - begun
    try:
        figures: Figures = json.loads(text)
        told = part.tell(figures)
    except (ValueError, KeyError, TypeError) as error:
        last = (done.stderr.strip() or str(error)).splitlines()[-1]
        return Row(part.name, seconds, f"broke: {last}", False), None
    return Row(part.name, seconds, told, done.returncode == 0), figures


def table(rows: Sequence[Row]) -> str:
    """All rows, for a terminal."""
    width = max(len(row.name) for row in rows)
    lines = [
        f"{'pass' if row.has_passed else 'FAIL'}  {row.name:<{width}}  {row.seconds:4.0f} s  "
        f"{row.text}"
        for row in rows
    ]
    passed = sum(row.has_passed for row in rows)
    took = sum(row.seconds for row in rows)
    return "\n".join([*lines, f"{passed} of {len(rows)} passed, {took:.0f} s"])
