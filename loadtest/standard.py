"""``python -m loadtest standard``: the benchmarks and short scenarios, one table at the end.

Owns: what belongs to the set, in which order, its table, what is told beside an earlier set. Does
not know: how anything is measured: each part is a process of its own, as anybody would start it.

Invariants (tests/loadtest/test_standard.py): a part that fails is a row that says so and the exit
code is 1; each part is bounded. On a quiet machine the whole takes fourteen minutes at most.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from loadtest.bench_page import Row, write_index
from loadtest.comparing import EarlierUnreadableError, compare
from loadtest.knee import OTHERS_CPU_MAX

__all__ = [
    "PARTS",
    "Part",
    "add_standard",
    "changed",
    "read_earlier",
    "run_part",
    "run_parts",
    "run_standard",
]

SCENARIOS = Path(__file__).parent / "scenarios"
FOLDER = Path("artifacts") / "bench"
Figures = dict[str, Any]


class Part(NamedTuple):
    """One row: a command that writes JSON, and what of it is told."""

    name: str
    words: tuple[str, ...]
    tell: Callable[[Figures], str]
    takes_s: int
    """At most so long."""
    has_report: bool = False
    """Whether it is a run of a scenario, which takes --json, --out and --compare."""


def _gateway(figures: Figures) -> str:
    def one(pace: Figures) -> str:
        ratio = {row["name"]: row["ratio"] for row in pace["servers"]}
        return (
            f"at {pace['messages_per_s']:,}/s a message answered costs {ratio['answered']}x an"
            f" echo's CPU, one relayed {ratio['relayed']}x"
        )

    return ", ".join(map(one, figures["paces"]))


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


def _short(name: str, seconds: int, takes_s: int, *more: str, how: str = "--seconds") -> Part:
    words = ("loadtest", "run", str(SCENARIOS / f"{name}.toml"), how, str(seconds), *more)
    return Part(name, words, _scenario, takes_s, has_report=True)


PARTS: tuple[Part, ...] = (
    _bench("core", _core, 120),
    _bench("journal", _journal, 90),
    _bench("gateway", _gateway, 240, "--at-most", "1.3"),
    _bench("idle", _idle, 120, "--connections", "2000"),
    _short("steady", 15, 70),
    _short("half", 12, 150),
    _short("knee", 30, 220, "--customers", "3000", how="--squeezed"),
    _short("flash", 25, 110),
    _short("loud", 20, 90),
    _short("storm", 20, 90),
    _short("outage", 25, 110),
    _short("restart", 20, 110),
    _short("takeover", 20, 130),
    _short("bank-day", 30, 80),
    _short("tenants", 15, 70),
)


def add_standard(parser: argparse.ArgumentParser) -> None:
    """Adds what the command takes."""
    parser.add_argument("--only", action="append", metavar="PART", help="so far named; repeat it")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help=f"index.html, a report for each run and figures.json go here ({FOLDER})",
    )
    parser.add_argument(
        "--compare", type=Path, metavar="EARLIER.json", help="the figures of an earlier set"
    )


def run_standard(arguments: argparse.Namespace) -> int:
    """Runs the set and returns the exit code."""
    names = [part.name for part in PARTS]
    unknown = [name for name in arguments.only or () if name not in names]
    if unknown:
        known = ", ".join(names)
        print(f"loadtest: --only: there is no part {unknown[0]!r}; {known}", file=sys.stderr)
        return 2
    chosen = [part for part in PARTS if not arguments.only or part.name in arguments.only]
    earlier: Figures = {}
    if arguments.compare is not None:
        try:
            earlier = read_earlier(arguments.compare, names)
        except EarlierUnreadableError as error:
            print(f"loadtest: --compare: {error}", file=sys.stderr)
            return 2
    name = str(arguments.compare or "")
    rows, whole = run_parts(chosen, arguments.folder, earlier, earlier_name=name)
    print(table(rows))
    print(f"reports: {arguments.folder / 'index.html'}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(whole) + "\n", "utf-8")
    return int(not all(row.has_passed for row in rows))


def read_earlier(file: Path, names: Sequence[str]) -> Figures:
    """The figures of an earlier set, by part.

    Raises:
        EarlierUnreadableError: there are none.
    """
    try:
        figures = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EarlierUnreadableError(f"{file}: {error}") from None
    if not isinstance(figures, dict) or not set(figures) & set(names):
        raise EarlierUnreadableError(
            f"{file}: no figures of a standard set; name the figures.json of an earlier one"
        )
    return figures


def run_parts(
    parts: Sequence[Part], folder: Path, earlier: Figures, *, earlier_name: str = ""
) -> tuple[list[Row], Figures]:
    """Runs them one after the other; the page in the folder tells what there is so far."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    whole: Figures = {}
    for number, part in enumerate(parts, start=1):
        _say(f"[{number}/{len(parts)}] {part.name}, at most {part.takes_s} s")
        row, figures = run_part(part, folder, earlier.get(part.name))
        rows.append(row)
        whole[part.name] = figures
        _say(f"    {'pass' if row.has_passed else 'FAIL'} after {row.seconds:.0f} s: {row.text}")
        write_index(folder, rows, whole, earlier=earlier_name)
    return rows, whole


def _say(line: str) -> None:
    """Where a run is, on a terminal as in a log."""
    print(line, file=sys.stderr, flush=True)


def run_part(part: Part, folder: Path, before: Figures | None = None) -> tuple[Row, Figures | None]:
    """Runs one as a process of its own; a report goes into the folder."""
    begun = time.monotonic()
    report = f"{part.name.replace(' ', '-')}.html" if part.has_report else ""
    with tempfile.TemporaryDirectory(prefix="fairline-standard-") as scratch:
        out = Path(scratch, "out.json")
        words = list(part.words)
        if report:
            (folder / report).unlink(missing_ok=True)
            words += ["--json", str(out), "--out", str(folder / report)]
            if before is not None:
                earlier = Path(scratch, "earlier.json")
                earlier.write_text(json.dumps(before), "utf-8")
                words += ["--compare", str(earlier)]
        try:
            done = _ended([sys.executable, "-m", *words], part.takes_s)
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
    changes = changed(part, before, figures) if before is not None else ()
    has_report = bool(report) and (folder / report).is_file()
    row = Row(part.name, seconds, told, done.returncode == 0, report * has_report, changes)
    return row, figures


def _ended(words: Sequence[str], takes_s: float) -> subprocess.CompletedProcess[str]:
    """Runs a command; whatever it started ends with it, however it ends.

    Raises:
        subprocess.TimeoutExpired: it was not over in time, and was killed.
    """
    with subprocess.Popen(  # noqa: S603 - our own modules, by our own interpreter
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # in our session: what weight that has on the machine, it has too
    ) as process:
        try:
            out, errors = process.communicate(timeout=takes_s)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def changed(part: Part, before: Figures, now: Figures) -> tuple[str, ...]:
    """What is told beside an earlier run: of a scenario what chance does not explain."""
    try:
        if not part.has_report:
            return (f"before: {part.tell(before)}",)
        certain = [each.sentence for each in compare(before, now) if each.is_certain]
    except (KeyError, TypeError, ValueError):
        return ("the earlier figures are of another kind",)
    return tuple(certain) or ("nothing differs by more than chance explains",)


def table(rows: Sequence[Row]) -> str:
    """All rows, for a terminal."""
    width = max(len(row.name) for row in rows)
    lines = [
        f"{'pass' if row.has_passed else 'FAIL'}  {row.name:<{width}}  {row.seconds:4.0f} s  "
        f"{row.text}"
        for row in rows
    ]
    lines = [
        line
        for head, row in zip(lines, rows, strict=True)
        for line in (head, *(f"{'':<{width + 14}}{change}" for change in row.changes))
    ]
    passed = sum(row.has_passed for row in rows)
    took = sum(row.seconds for row in rows)
    return "\n".join([*lines, f"{passed} of {len(rows)} passed, {took:.0f} s"])
