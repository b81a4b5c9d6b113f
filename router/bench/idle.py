"""What it costs to hold connections that say nothing, beside a bare trio-websocket server's.

Owns: the two servers, the crowd, the comparison. Does not know: how a connection is held.

Both servers run in turn as processes of their own; the crowd is this process. A connection of the
bare server has done its upgrade and no more. One of ours belongs to a customer who was welcomed
and is known to the core, is asked for a sign of life every 25 s, and gets beats.

Memory is what the process holds (resident), before and after, divided by the connections; CPU is
the system's own accounting over a time that holds at least one round of pings.
"""

import json as json_codec
from contextlib import AbstractContextManager
from pathlib import Path

import trio

from router.bench.crowd import Fields, Gone, Member, join, raise_file_limit, run_held
from router.bench.processes import Child, child
from router.bench.servers import fairline, token

__all__ = ["bench_idle", "run"]

CONNECTIONS = 10_000
SECONDS = 30.0
AT_ONCE = 64
WARM = 100


def run(folder: Path, *, json: bool = False, connections: int = CONNECTIONS) -> None:
    """Prints the figures, as a table or as JSON."""
    figures = bench_idle(folder, connections=connections)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    for row in figures["servers"]:
        print(  # noqa: T201
            f"{row['name']:<24} {row['connections']} connections  {row['kib_each']:6.1f} KiB each"
            f"  {row['cpu_percent']:5.2f} % of a core  opened in {row['opened_s']} s"
        )
    print(  # noqa: T201
        f"a held connection takes {figures['ratio']}x the bare server's memory,"
        f" {figures['kib_over_bare']} KiB more; {figures['cpu_percent']} % of a core"
    )


def bench_idle(folder: Path, *, connections: int = CONNECTIONS, seconds: float = SECONDS) -> Fields:
    """Holds as many connections at one server, then at the other."""
    files = raise_file_limit()
    if files < connections + 200:
        raise SystemExit(f"{connections} connections need more than {files} open files")
    bare = _measure(child(["router.bench.echo"], r"port=(\d+)"), connections, seconds, "")
    ours = _measure(fairline(folder), connections, seconds, "customer")
    return {
        "servers": [{"name": "bare trio-websocket", **bare}, {"name": "Fairline", **ours}],
        "ratio": round(ours["kib_each"] / bare["kib_each"], 2),
        "kib_over_bare": round(ours["kib_each"] - bare["kib_each"], 1),
        "cpu_percent": ours["cpu_percent"],
    }


def _measure(
    server: AbstractContextManager[Child], connections: int, seconds: float, role: str
) -> Fields:
    with server as running:
        return run_held(_hold, running, connections, seconds, role)


async def _hold(server: Child, connections: int, seconds: float, role: str) -> Fields:
    names = iter([f"c{number}" for number in range(WARM + connections)])
    async with trio.open_nursery() as nursery:
        await _open(nursery, server.port, [next(names) for _ in range(WARM)], role)
        before, began = server.resident_bytes(), trio.current_time()
        await _open(nursery, server.port, list(names), role)
        opened_s = trio.current_time() - began
        await trio.sleep(2.0)  # garbage of the opening is collected by what follows
        cpu_s = server.cpu_s()
        await trio.sleep(seconds)
        cpu_s = server.cpu_s() - cpu_s
        held = server.resident_bytes() - before
        nursery.cancel_scope.cancel()
    return {
        "connections": connections,
        "kib_each": round(held / connections / 1024, 1),
        "cpu_percent": round(100 * cpu_s / seconds, 2),
        "opened_s": round(opened_s, 1),
    }


async def _open(nursery: trio.Nursery, port: int, names: list[str], role: str) -> None:
    """Opens sockets, some at a time, and leaves each to a task that listens."""
    waiting = iter(names)

    async def work() -> None:
        for name in waiting:
            member = await join(port, name, subprotocol="fairline.v1.json" if role else None)
            if role:
                await member.hello(token(role, name), role)
            nursery.start_soon(_listen, member)

    async with trio.open_nursery() as openers:
        for _ in range(AT_ONCE):
            openers.start_soon(work)


async def _listen(member: Member) -> None:
    try:
        while True:
            await member.hear()
    except Gone as gone:
        raise RuntimeError(f"an idle connection ended with {gone.code}") from None
