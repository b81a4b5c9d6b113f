"""Makes small call logs in the form of the bank's; every row is invented."""

from pathlib import Path

from loadtest.log import COLUMNS, Call

DAY = "2001-05-06"


def row(
    joined_s: int,
    *,
    wait_s: int = 0,
    service_s: int | None = 10,
    kind: str = "PS",
    priority: int = 0,
    agent: str = "A01",
    day: str = DAY,
    customer: str = "",
) -> Call:
    """One call; without a service it hung up, with a wait (or a hang-up) it queued."""
    is_served = service_s is not None
    has_queued = wait_s > 0 or not is_served
    return Call(
        date=day,
        arrive_s=joined_s - 5,
        vru_s=5,
        queue_s=joined_s if has_queued else None,
        wait_s=wait_s,
        outcome="agent" if is_served else "hang",
        service_start_s=joined_s + wait_s if is_served else None,
        service_s=service_s,
        type=kind,
        priority=priority,
        customer=customer,
        agent=agent if is_served else "",
    )


def twenty_calls() -> list[Call]:
    """Ten minutes with three agents, two types, a busy middle and four hang-ups."""
    calls = [row(36_000 + 30 * i, agent=f"A0{1 + i % 3}", service_s=40) for i in range(8)]
    calls += [
        row(36_100, kind="NE", agent="A02", service_s=60, wait_s=5, customer="C00001"),
        row(36_104, kind="NE", agent="A02", service_s=30, wait_s=40, priority=2),
        row(36_110, wait_s=20, service_s=None),
        row(36_112, wait_s=60, service_s=50, agent="A03"),
        row(36_114, wait_s=15, service_s=None, priority=2),
        row(36_118, wait_s=70, service_s=45, priority=2),
        row(36_121, wait_s=80, service_s=35, agent="A03"),
        row(36_125, wait_s=9, service_s=None, kind="NE"),
        row(36_140, wait_s=90, service_s=30),
        row(36_300, wait_s=1, service_s=None),
        row(36_360, service_s=20),
        row(36_420, service_s=20, agent="A03", customer="C00002"),
    ]
    return calls


def crowded_calls() -> list[Call]:
    """One agent with a long call while six more line up: a line is there on any machine."""
    others = [row(36_100 + 20 * i, wait_s=1_500, service_s=20) for i in range(6)]
    return [row(36_000, service_s=1_400), *others]


def calm_calls() -> list[Call]:
    """Three agents and three long calls far apart: whoever is offered one is still there."""
    return [row(36_000 + 900 * i, agent=f"A0{1 + i}", service_s=600) for i in range(3)]


UNTIL_S = 39_600
"""Between the calls of a test and those that only keep its agents there."""


def with_long_shifts(calls: list[Call]) -> list[Call]:
    """The calls, and one more for each agent hours later: cut the day at ``UNTIL_S``.

    Shifts end with the last recorded service, so without it a busy machine that is some
    milliseconds late would find its agents gone.
    """
    agents = sorted({call.agent for call in calls if call.agent})
    return [*calls, *(row(UNTIL_S + 9000, agent=agent) for agent in agents)]


def write_log(path: Path, calls: list[Call]) -> Path:
    """Writes the calls as the CSV that the loader expects."""
    lines = [",".join(COLUMNS)]
    for call in calls:
        cells = [getattr(call, column) for column in COLUMNS]
        lines.append(",".join("" if cell is None else str(cell) for cell in cells))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
