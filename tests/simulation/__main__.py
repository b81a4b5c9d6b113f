"""`python -m tests.simulation --seed N`: one seed or many, with a table of what struck.

Owns: the command line, what is printed. Does not know: what a seed does.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.simulation.story import ALL_FAULTS, Outcome, simulate

TAIL = 40
STEPS = 300


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; the exit code tells whether anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", help="many: A..B, B not included")
    parser.add_argument("--steps", type=int, default=STEPS, help="commands applied in a seed")
    parser.add_argument(
        "--faults", default=",".join(ALL_FAULTS), help="of these; empty: none but people's"
    )
    parser.add_argument("--trace", action="store_true", help="print the whole story")
    asked = parser.parse_args(arguments)
    first, last = _seeds(asked.seed, asked.seeds)
    faults = tuple(word for word in asked.faults.split(",") if word)
    if unknown := set(faults) - set(ALL_FAULTS):
        parser.error(f"there are no faults {sorted(unknown)}; choose from {', '.join(ALL_FAULTS)}")
    began = time.monotonic()
    outcomes: list[Outcome] = []
    try:
        for seed in range(first, last):
            outcome = simulate(seed, asked.steps, faults)
            outcomes.append(outcome)
            if asked.trace:
                _say("\n".join(outcome.story))
            if outcome.violation:
                _say(report(outcome, asked.steps, asked.faults))
    except* KeyboardInterrupt:
        _say("interrupted; until then:")
    _say(table(outcomes, time.monotonic() - began))
    return int(any(outcome.violation for outcome in outcomes))


def _seeds(seed: int | None, seeds: str | None) -> tuple[int, int]:
    if seeds:
        first, _, last = seeds.partition("..")
        return int(first), int(last)
    chosen = 1 if seed is None else seed
    return chosen, chosen + 1


def report(outcome: Outcome, steps: int, faults: str = ",".join(ALL_FAULTS)) -> str:
    """What was found, where, and how to see it again."""
    lines = [
        "",
        f"VIOLATION in seed {outcome.seed} at commit {_commit()}, step {outcome.step_count}:",
        f"  {outcome.violation}",
        "the last of the story:",
        *(f"  {line}" for line in outcome.story[-TAIL:]),
        "to see it again:",
        f"  python -m tests.simulation --seed {outcome.seed} --steps {steps} --faults {faults}",
    ]
    return "\n".join(lines)


def table(outcomes: list[Outcome], seconds: float) -> str:
    """What a run of many seeds adds up to."""
    faults: Counter[str] = Counter()
    for outcome in outcomes:
        faults.update(outcome.faults)
    rows = [
        ("seeds", len(outcomes)),
        ("commands applied, each checked", sum(one.step_count for one in outcomes)),
        ("commands replayed after a start", sum(one.replayed_count for one in outcomes)),
        ("clients' beliefs held against the core", sum(one.compared_count for one in outcomes)),
        ("crash points", sum(one.crash_count for one in outcomes)),
        ("violations", sum(bool(one.violation) for one in outcomes)),
        *sorted(faults.items()),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}} {count:9}" for name, count in rows]
    if len(outcomes) == 1:
        lines.append(f"trace {outcomes[0].trace_hash}")
    return "\n".join([*lines, f"{seconds:.0f} s"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
