"""Runs each server in turn under the same load and prints what it took: ``-m loadtest.peers``.

Owns: the servers' processes, the pace, the table. Does not know: the protocols (``speaking``).

Each relays the same messages between the same number of pairs: one frame in, two out (an answer
and the message). CPU is the system's accounting of the server's process over the measured part,
divided by messages; memory is what it grew by from empty to all connected. Several rounds, the
median counts. Nothing but Fairline checks rights, orders, or keeps anything.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import trio

from loadtest.node import PAGE_BYTES, cpu_of
from loadtest.peers import presence
from loadtest.peers.ejabberd import NOT_INSTALLED, is_installed
from loadtest.peers.speaking import BarePair, FairlinePair, Pair, SocketIoPair
from loadtest.scenario import Arrivals, Desks, Line, Load, Scenario
from loadtest.serving import Server
from loadtest.tokens import Key

__all__ = ["Contender", "main", "measure"]

HERE = Path(__file__).parent
INSTALLED = Path("artifacts/peers")
PACE_PER_S = 8.0
WARM_S = 1.0
TENANT = "load0"
"""The only one of a server under load."""
Figures = dict[str, Any]


class Contender(NamedTuple):
    """A server, how it is started, how a pair speaks with it."""

    name: str
    start: Callable[[], Any]
    """A context manager that yields port, process id, and what makes a pair."""


@contextmanager
def _process(command: Sequence[str], pair: Callable[[], Pair]) -> Iterator[tuple[int, int, Any]]:
    with subprocess.Popen(  # noqa: S603 - our own relays
        list(command), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = next(
                (m for line in process.stdout if (m := re.search(r"port=(\d+)", line))), None
            )
            if found is None:
                raise RuntimeError(f"{command[0]} did not start")
            yield int(found[1]), process.pid, pair
        finally:
            process.kill()


@contextmanager
def _fairline(journal: str) -> Iterator[tuple[int, int, Any]]:
    with _serving(journal) as (port, pid, key):
        yield port, pid, lambda: FairlinePair(key, TENANT)


@contextmanager
def _serving(journal: str) -> Iterator[tuple[int, int, Key]]:
    scenario = Scenario(
        name="peers",
        load=Load(seconds=1.0, journal=journal),  # type: ignore[arg-type]  # one of the two
        arrivals=Arrivals(rate=1.0),
        lines=(Line("all", policy={"assign": "direct"}),),
        desks=(Desks("a", 1),),
    )
    with tempfile.TemporaryDirectory(prefix="fairline-peers-") as folder:
        server = Server(scenario, Path(folder))
        try:
            server.start()
            yield server.port, server.pid, Key(*server.keys[0])
        finally:
            server.close()


def contenders(installed: Path) -> list[Contender]:
    """Those that are there; the first is the reference."""
    trio_relay = [sys.executable, "-m", "loadtest.peers.relay_trio"]
    asyncio_relay = [sys.executable, "-m", "loadtest.peers.relay_websockets"]
    found = [
        Contender("bare trio-websocket relay", lambda: _process(trio_relay, BarePair)),
        Contender("Fairline, journal in memory", lambda: _fairline("memory")),
        Contender("Fairline, file journal", lambda: _fairline("file")),
        Contender("websockets, asyncio", lambda: _process(asyncio_relay, BarePair)),
    ]
    if (installed / "node_modules" / "socket.io").is_dir():
        modules = str((installed / "node_modules").resolve())
        node = ["env", f"NODE_PATH={modules}", "node", str(HERE / "relay_socketio.cjs")]
        found.append(Contender("socket.io, Node", lambda: _process(node, SocketIoPair)))
    return found


def measure(contender: Contender, *, pairs: int, seconds: float) -> Figures:
    """One round with one server."""
    with contender.start() as (port, pid, make):
        return trio.run(_drive, port, pid, make, pairs, seconds)


async def _drive(
    port: int, pid: int, make: Callable[[], Pair], pairs: int, seconds: float
) -> Figures:
    empty = _resident(pid)
    crowd = [make() for _ in range(pairs)]
    for room, pair in enumerate(crowd):
        with trio.fail_after(20):
            await pair.open(port, room)
    held = _resident(pid)
    count = 0
    took_ms: list[float] = []
    begins = trio.current_time()

    async def talk(pair: Pair, offset: float) -> None:
        nonlocal count
        number = 0
        while True:
            due = begins + offset + number / PACE_PER_S
            await trio.sleep_until(due)
            await pair.say()
            took_ms.append(1e3 * (trio.current_time() - due))
            number += 1
            count += 1

    async with trio.open_nursery() as nursery:
        for index, pair in enumerate(crowd):
            nursery.start_soon(talk, pair, index / pairs / PACE_PER_S)
        await trio.sleep_until(begins + WARM_S)
        cpu_s, before = cpu_of(pid), count
        await trio.sleep_until(begins + WARM_S + seconds)
        cpu_s, messages = cpu_of(pid) - cpu_s, count - before
        nursery.cancel_scope.cancel()
    for pair in crowd:
        await pair.close()
    return {
        "messages": messages,
        "cpu_us_per_message": round(1e6 * cpu_s / messages, 1),
        "p50_ms": round(statistics.median(took_ms[before:]), 2),
        "kib_per_connection": round((held - empty) / 1024 / pairs / 2, 1),
    }


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE_BYTES


def main(words: Sequence[str] | None = None) -> int:
    """Runs all, several rounds, and prints the table; ``presence`` first for the other bench."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["presence"]:
        return presence.run(words[1:], lambda: _serving("file"), TENANT)
    parser = argparse.ArgumentParser(prog="python -m loadtest.peers", description=main.__doc__)
    parser.add_argument("--installed", type=Path, default=INSTALLED, help="folder of the peers")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    chosen = contenders(arguments.installed)
    rounds: dict[str, list[Figures]] = {each.name: [] for each in chosen}
    for _ in range(arguments.rounds):
        for each in chosen:
            found = measure(each, pairs=arguments.pairs, seconds=arguments.seconds)
            rounds[each.name].append(found)
    rows = [_median(name, taken) for name, taken in rounds.items()]
    first = rows[0]["cpu_us_per_message"]
    for row in rows:
        row["to_bare"] = round(row["cpu_us_per_message"] / first, 2) if first else None
    print(json.dumps(rows, indent=2) if arguments.json else _table(rows))
    if not is_installed():
        print(NOT_INSTALLED)
    return 0


def _median(name: str, taken: Sequence[Figures]) -> Figures:
    keys = [key for key in taken[0] if key != "messages"]
    middles = {key: round(statistics.median(each[key] for each in taken), 2) for key in keys}
    return {"name": name, **middles}


def _table(rows: Sequence[Figures]) -> str:
    lines = [f"{'server':<30}{'CPU µs/message':>16}{'to bare':>9}{'KiB/socket':>12}{'p50 ms':>9}"]
    lines += [
        f"{row['name']:<30}{row['cpu_us_per_message']:>16}{row['to_bare']:>8}x"
        f"{row['kib_per_connection']:>12}{row['p50_ms']:>9}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
