"""What a scrape of ``/metrics`` costs a node, at 1,000 and at 10,000 agents.

Owns: a tenant with many queues and agents who are connected, and the two costs: the longest time
for which nobody else had a turn, and the CPU time of a page. Does not know: HTTP, Prometheus.

The page is the one that the server makes, with every collector but that of files. Its
rendering is in a thread, which takes the interpreter's lock in turn with the loop; both are in the
figure of the longest turn.
"""

import json as json_codec
import time
from pathlib import Path
from statistics import median
from typing import Any

import trio

from router.bench.core import Hall
from router.ids import ConnectionId, PersonKey
from router.server.detailed import detailed_page
from router.server.flow import Flow
from router.server.folds import Folds
from router.server.links import Link
from router.server.metrics import Metrics
from router.server.outbox import Outbox, Pool, nobody
from router.server.service_figures import ServiceFigures
from router.wire import Encoding

__all__ = ["bench_scrape", "run"]

SIZES = (1_000, 10_000)
LANES = 1_000
WAITING = 1_000
PAGES = 5

Figures = dict[str, Any]


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as a table or as JSON."""
    del folder
    rows = [bench_scrape(size) for size in SIZES]
    if json:
        print(json_codec.dumps({"rows": rows}, indent=2))  # noqa: T201 - a command's output
        return
    for row in rows:
        print(  # noqa: T201
            f"{row['agents']:>6,} agents  /metrics {row['kib']:>6} KiB"
            f"  {row['cpu_ms']:>6} ms of CPU  longest turn {row['turn_ms']} ms"
            f" (without a scrape {row['calm_ms']} ms)"
            f"  /metrics/detailed {row['detailed_kib']} KiB, {row['detailed_cpu_ms']} ms"
        )


def bench_scrape(agents: int, lanes: int = LANES, waiting: int = WAITING) -> Figures:
    """Makes the tenant and some pages; the medians of their costs."""
    hall = Hall(agents, lanes, seed=1)
    for agent in hall.agents[: agents // 2]:
        hall.let_work(agent)
    for _ in range(waiting):
        hall.ask()
    return trio.run(_measure, hall)


async def _measure(hall: Hall) -> Figures:
    routers = {"bench": hall.router}
    links = [_link(agent.id) for agent in hall.agents]
    metrics = Metrics()
    metrics.show(ServiceFigures(Folds(routers)))
    metrics.add(metrics.traffic.figures(Pool(), Flow()))
    turns = _Turns()
    page = b""
    cpu_ms, turn_ms = [], []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(turns.watch)
        await trio.sleep(0.5)
        calm_ms = turns.take_longest_ms()
        for _ in range(PAGES):
            metrics._pages.clear()
            began_s = time.process_time()
            page = await metrics.page(routers, links, hall.now_ms)
            cpu_ms.append((time.process_time() - began_s) * 1000)
            turn_ms.append(turns.take_longest_ms())
        began_s = time.process_time()
        detailed = await detailed_page(routers)
        detailed_ms = (time.process_time() - began_s) * 1000
        nursery.cancel_scope.cancel()
    return {
        "agents": len(hall.agents),
        "kib": len(page) // 1024,
        "cpu_ms": round(median(cpu_ms), 1),
        "turn_ms": round(median(turn_ms), 1),
        "calm_ms": round(calm_ms, 1),
        "detailed_kib": len(detailed) // 1024,
        "detailed_cpu_ms": round(detailed_ms, 1),
    }


class _Turns:
    """Somebody who wants a turn every millisecond, and notes how late the latest was."""

    def __init__(self) -> None:
        self._longest_s = 0.0

    async def watch(self) -> None:
        """Waits for its turn, for ever."""
        while True:
            due = trio.current_time() + 0.001
            await trio.sleep_until(due)
            self._longest_s = max(self._longest_s, trio.current_time() - due)

    def take_longest_ms(self) -> float:
        """The latest since the last look."""
        longest_s, self._longest_s = self._longest_s, 0.0
        return longest_s * 1000


def _link(agent: str) -> Link:
    return Link(
        tenant="bench",
        person=PersonKey(f"agent:{agent}"),
        role="agent",
        connection=ConnectionId(agent),
        outbox=Outbox(Encoding.JSON, nobody, nobody),
        hang=lambda _: None,
    )
