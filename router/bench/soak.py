"""Whether a server that is kept busy for minutes ends up holding more than it began with.

Owns: a steady load of visits, a sample of the server's memory every few seconds, and the line
that fits the samples of the second half. Does not know: what the server does with its memory.

Customers visit again and again: each visit connects, asks, talks, ends and leaves; every tenth is
cut off in the middle and comes back. After ``VISITS`` of them a customer is never seen again and
somebody new comes instead. What the router is meant to remember is held for ten minutes
(conversations), for the newest so many (decisions, offers) or a day (answers to ``op``, which go
with their customer where more than ``customers_max`` came, here ``KNOWN``); so a run must be longer
than twenty minutes for its second half to show nothing but what should not be there.
"""

import json as json_codec
from collections.abc import Sequence
from pathlib import Path

import trio

from router.bench.crowd import Fields, Gone, raise_file_limit, run_held
from router.bench.people import Notes, customer, enter, percentile, work
from router.bench.processes import Child
from router.bench.servers import fairline

__all__ = ["bench_soak", "run", "slope"]

MINUTES = 10.0
AGENTS = 40
CUSTOMERS = 200
VISITS = 10
KNOWN = 400
VISITS_PER_S = 8.0
SAMPLE_S = 5.0


def run(folder: Path, *, json: bool = False, minutes: float = MINUTES) -> None:
    """Prints the figures, as a table or as JSON."""
    figures = bench_soak(folder, minutes=minutes)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    print(  # noqa: T201
        f"{figures['conversations']} conversations in {figures['minutes']} min:"
        f" memory {figures['mib_half']} MiB at half time, {figures['mib_end']} at the end\n"
        f"slope of the second half {figures['kib_per_minute']} KiB/min,"
        f" {figures['kib_per_conversation']} KiB a conversation\n"
        f"offers p99 {figures['offer_p99_ms']} ms; second half"
        f" {figures['offer_p99_ratio']}x the first"
    )


def bench_soak(
    folder: Path,
    *,
    minutes: float = MINUTES,
    agents: int = AGENTS,
    customers: int = CUSTOMERS,
    visits_per_s: float = VISITS_PER_S,
    sample_s: float = SAMPLE_S,
) -> Fields:
    """Keeps a server busy and fits a line to what it holds."""
    raise_file_limit()
    with fairline(folder, "file", customers_max=KNOWN) as server:
        return run_held(_soak, server, minutes * 60, agents, customers, visits_per_s, sample_s)


async def _soak(
    server: Child,
    seconds: float,
    agents: int,
    customers: int,
    visits_per_s: float,
    sample_s: float,
) -> Fields:
    notes = Notes()
    samples: list[tuple[float, float, int]] = []
    start = trio.current_time()
    offers_half = 0
    async with trio.open_nursery() as nursery:
        for number in range(agents):
            nursery.start_soon(work, await enter(server.port, "agent", f"a{number}"), notes)
        nursery.start_soon(_visit, server.port, customers, visits_per_s, notes)
        while (now := trio.current_time() - start) < seconds:
            await trio.sleep(sample_s)
            samples.append((now / 60, server.resident_bytes() / 1024, notes.conversations))
            if now < seconds / 2:
                offers_half = len(notes.offer_s)
        nursery.cancel_scope.cancel()
    second = samples[len(samples) // 2 :]
    by_minute = slope([(at, kib) for at, kib, _ in second])
    by_conversation = slope([(float(count), kib) for _, kib, count in second])
    first_ms = percentile(notes.offer_s[:offers_half], 0.99)
    second_ms = percentile(notes.offer_s[offers_half:], 0.99)
    return {
        "minutes": round(seconds / 60, 2),
        "conversations": notes.conversations,
        "skipped": notes.skipped,
        "mib_half": round(second[0][1] / 1024, 1),
        "mib_end": round(second[-1][1] / 1024, 1),
        "kib_per_minute": round(by_minute, 1),
        "kib_per_conversation": round(by_conversation, 2),
        "offer_p99_ms": second_ms,
        "offer_p99_ratio": round(second_ms / first_ms, 2),
        "samples": [(round(at, 2), round(kib), count) for at, kib, count in samples],
    }


async def _visit(port: int, customers: int, visits_per_s: float, notes: Notes) -> None:
    """Begins visits at a steady pace, whatever becomes of those before."""
    start = trio.current_time()
    busy: set[int] = set()
    async with trio.open_nursery() as nursery:
        for number in range(10**9):
            await trio.sleep_until(start + number / visits_per_s)
            who = number % customers
            if who in busy:
                notes.skipped += 1  # the machine is too slow for the pace; the run goes on
                continue
            busy.add(who)
            name = f"c{who}.{number // customers // VISITS}"
            nursery.start_soon(_one_visit, port, who, name, number, notes, busy)


async def _one_visit(
    port: int, who: int, name: str, number: int, notes: Notes, busy: set[int]
) -> None:
    if number % 10 == 0:
        # A page that is left while it loads, and opened again.
        member = await enter(port, "customer", name)
        await member.leave()
    try:
        await customer(port, name, f"v{number}", notes, pause_s=0.2)
    except Gone as gone:
        raise RuntimeError(f"a visitor was sent away with {gone.code}") from None
    busy.discard(who)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much the second value grows with the first, by least squares; 0 for fewer than two."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / max(count, 1)
    mean_y = sum(y for _, y in points) / max(count, 1)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
