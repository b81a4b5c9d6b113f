"""What telling others of a change of presence costs: ``python -m loadtest.peers presence``.

Owns: the pace, what is counted, the table. Does not know: the protocols (``watching``), how a
server is started (``__main__``, ``ejabberd``).

The same number of movers changes what they show at the same pace, in turns, before the same
number of watchers, of each server in turn; the median of several rounds counts. CPU is the
system's account of the server's process over the measured part, for each change that reached a
watcher; memory is what it grew by until all were connected and watched, for each socket.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import trio

from loadtest.node import PAGE_BYTES, cpu_of
from loadtest.peers.ejabberd import NOT_INSTALLED, ejabberd, is_installed
from loadtest.peers.watching import FairlineFloor, Floor, XmppFloor
from loadtest.tokens import Key

__all__ = ["Watched", "measure_presence", "run"]

WARM_S = 2.0
SETTLE_S = 0.5
OPEN_WITHIN_S = 120.0
Figures = dict[str, Any]
MakeFloor = Callable[[trio.Nursery], Floor]
StartFairline = Callable[[], AbstractContextManager[tuple[int, int, Key]]]


class Watched(NamedTuple):
    """A server, how it is started, how people move and watch there."""

    name: str
    start: Callable[[], AbstractContextManager[tuple[int, int, MakeFloor]]]


class Size(NamedTuple):
    """How many, how often."""

    movers: int
    watchers: int
    changes_per_s: float
    seconds: float


def _servers(start_fairline: StartFairline, tenant: str) -> list[Watched]:
    @contextmanager
    def ours() -> Iterator[tuple[int, int, MakeFloor]]:
        with start_fairline() as (port, pid, key):
            yield port, pid, lambda nursery: FairlineFloor(nursery, key, tenant)

    @contextmanager
    def theirs() -> Iterator[tuple[int, int, MakeFloor]]:
        with ejabberd() as (port, pid):
            yield port, pid, XmppFloor

    found = [Watched("Fairline", ours)]
    if is_installed():
        found.append(Watched("ejabberd", theirs))
    return found


def measure_presence(server: Watched, size: Size) -> Figures:
    """One round with one server."""
    with server.start() as (port, pid, make):
        return trio.run(_drive, port, pid, make, size)


async def _drive(port: int, pid: int, make: MakeFloor, size: Size) -> Figures:
    empty = _resident(pid)
    sent_at: dict[str, float] = {}
    took_ms: list[float] = []

    def told(mover: str) -> None:
        took_ms.append(1e3 * (trio.current_time() - sent_at.get(mover, trio.current_time())))

    async with trio.open_nursery() as readers:
        floor = make(readers)
        with trio.fail_after(OPEN_WITHIN_S):
            await floor.open(port, size.movers, size.watchers, told)
        await trio.sleep(SETTLE_S)
        held = _resident(pid)
        begins = trio.current_time()
        cpu_s, before, number = 0.0, 0, 0
        measured = False
        while (due := number / size.changes_per_s) < WARM_S + size.seconds:
            await trio.sleep_until(begins + due)
            if not measured and due >= WARM_S:
                measured, cpu_s, before = True, cpu_of(pid), len(took_ms)
            mover, turn = number % size.movers, number // size.movers
            sent_at[f"mover{mover}"] = trio.current_time()
            await floor.change(mover, turn)
            number += 1
        await trio.sleep(SETTLE_S)
        cpu_s, count = cpu_of(pid) - cpu_s, len(took_ms) - before
        await floor.close()
    sockets = size.movers + size.watchers
    expected = size.changes_per_s * size.seconds * size.watchers
    return {
        "cpu_us_per_change": round(1e6 * cpu_s / count, 1) if count else None,
        "delivered_share": round(count / expected, 3),
        "p50_ms": round(statistics.median(took_ms[before:]), 2) if count else None,
        "kib_per_connection": round((held - empty) / 1024 / sockets, 1),
    }


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE_BYTES


def run(words: Sequence[str], start_fairline: StartFairline, tenant: str) -> int:
    """Runs all, several rounds, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.peers presence")
    parser.add_argument("--movers", type=int, default=20)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--changes", type=float, default=5.0, help="a second, of all movers")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(words)
    size = Size(given.movers, given.watchers, given.changes, given.seconds)
    servers = _servers(start_fairline, tenant)
    taken: dict[str, list[Figures]] = {each.name: [] for each in servers}
    for _ in range(given.rounds):
        for each in servers:
            taken[each.name].append(measure_presence(each, size))
    rows = [_median(name, found) for name, found in taken.items()]
    first = rows[0]["cpu_us_per_change"]
    for row in rows:
        row["to_fairline"] = round(row["cpu_us_per_change"] / first, 2) if first else None
    print(json.dumps(rows, indent=2) if given.json else _table(rows, size))
    if not is_installed():
        print(NOT_INSTALLED)
    return 0


def _median(name: str, taken: Sequence[Figures]) -> Figures:
    middles: Figures = {"name": name}
    for key in taken[0]:
        known = [each[key] for each in taken if each[key] is not None]
        middles[key] = round(statistics.median(known), 3) if known else None
    return middles


def _table(rows: Sequence[Figures], size: Size) -> str:
    lines = [
        f"{size.movers} movers, {size.watchers} watchers, {size.changes_per_s:g} changes a second",
        f"{'server':<12}{'CPU µs/change told':>20}{'to Fairline':>13}{'told':>7}"
        f"{'KiB/socket':>12}{'p50 ms':>9}",
    ]
    lines += [
        f"{row['name']:<12}{row['cpu_us_per_change']:>20}{row['to_fairline']:>12}x"
        f"{row['delivered_share']:>7.0%}{row['kib_per_connection']:>12}{row['p50_ms']:>9}"
        for row in rows
    ]
    return "\n".join(lines)
