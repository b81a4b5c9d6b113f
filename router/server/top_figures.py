"""What stands on the terminal board: made of one or two pages of metrics.

Owns: which series are shown, and how a rate or a percentile follows from two pages.
Does not know: HTTP, the terminal.

Invariants (tests/server/test_top_figures.py): a figure that a page has not got is None, never 0; a
counter that went back (the server was started anew) counts from its new beginning.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Board", "NodeRow", "Page", "QueueRow", "board", "each", "read_page", "total"]

Labels = tuple[tuple[str, str], ...]


class Page(NamedTuple):
    """The samples of one scrape, by name and sorted labels, and when that was."""

    at_s: float
    samples: Mapping[tuple[str, Labels], float]


class NodeRow(Struct, frozen=True):
    """One node; rates are those between the last two looks."""

    url: str
    error: str = ""
    connections: dict[str, int] = {}
    commands_per_s: float | None = None
    offers_per_s: float | None = None
    lag_p99_ms: float | None = None
    violations: int = 0
    settings_right: bool = True
    webhooks_waiting: int = 0
    is_ready: bool = True
    is_draining: bool = False
    is_standby: bool = False
    """It waits while another one serves."""
    is_redis_away: bool = False
    is_behind: bool = False
    """Presence and figures make way for the rest."""
    stalled_s: float = 0.0
    """How long the oldest command, or the earliest deadline, has waited."""
    journal_p99_ms: float | None = None
    journal_errors: int = 0
    """Since the start."""
    disk_free: float | None = None
    """The part of the disk of the data folder that is free."""


class QueueRow(Struct, frozen=True):
    """One queue, the longest line first."""

    tenant: str
    queue: str
    waiting: int
    oldest_s: float
    active: int
    service_level: float | None
    offers_per_s: float | None
    eligible: int = 0
    """At work, and able to serve one who waits here."""
    free: int = 0
    """Of those, the ones who have room now."""


class Board(Struct, frozen=True):
    """All of it, as ``--json`` prints it; lines and agents are the first node's that serves."""

    at: int
    nodes: tuple[NodeRow, ...]
    queues: tuple[QueueRow, ...]
    agents: dict[str, dict[str, int]]


def read_page(text: str, at_s: float) -> Page:
    """Reads the text of a scrape.

    Raises:
        ValueError: it is none.
    """
    families = text_string_to_metric_families(text)
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    if not any(name.startswith("fairline_") for name, _ in samples):
        raise ValueError("these are not Fairline's metrics")
    return Page(at_s, samples)


def each(page: Page, name: str) -> Iterable[tuple[dict[str, str], float]]:
    """The series of this name: their labels and values."""
    return ((dict(labels), value) for (one, labels), value in page.samples.items() if one == name)


def total(page: Page, name: str, of: Mapping[str, str] = {}) -> float:
    """The sum over the series of this name that have these labels; 0 where there are none."""
    some = (value for labels, value in each(page, name) if of.items() <= labels.items())
    return sum(some)


def board(at_ms: int, pages: Mapping[str, Page | str], before: Mapping[str, Page | str]) -> Board:
    """The board; a page that could not be had is the reason why, in words."""
    nodes = tuple(_node(url, page, before.get(url)) for url, page in pages.items())
    found = [(page, before.get(url)) for url, page in pages.items() if isinstance(page, Page)]
    found.sort(key=lambda told: _only(told[0], "fairline_standby") or 0.0)
    first, earlier = found[0] if found else (None, None)
    if first is None:
        return Board(at_ms, nodes, (), {})
    last = earlier if isinstance(earlier, Page) else None
    return Board(at_ms, nodes, tuple(_queues(first, last)), _agents(first))


def _node(url: str, page: Page | str, before: Page | str | None) -> NodeRow:
    if isinstance(page, str):
        return NodeRow(url, error=page)
    last = before if isinstance(before, Page) else None
    return NodeRow(
        url,
        connections=_connections(page),
        commands_per_s=_rate(page, last, "fairline_commands_total"),
        offers_per_s=_rate(page, last, "fairline_offers_total"),
        lag_p99_ms=_percentile_ms(page, last, "fairline_loop_lag_seconds", 0.99),
        violations=int(total(page, "fairline_invariant_violations_total")),
        settings_right=total(page, "fairline_config_reload_success") != 0,
        webhooks_waiting=int(total(page, "fairline_webhook_waiting")),
        is_ready=_only(page, "fairline_ready") != 0,
        is_draining=_only(page, "fairline_draining") == 1,
        is_standby=_only(page, "fairline_standby") == 1,
        is_redis_away=_only(page, "fairline_redis_up") == 0,
        is_behind=_only(page, "fairline_degraded") == 1,
        stalled_s=round(
            max(
                total(page, "fairline_command_oldest_seconds"),
                total(page, "fairline_sweep_lag_seconds"),
            ),
            3,
        ),
        journal_p99_ms=_percentile_ms(page, last, "fairline_journal_append_seconds", 0.99),
        journal_errors=int(total(page, "fairline_journal_errors_total")),
        disk_free=_free_part(page),
    )


def _only(page: Page, name: str) -> float | None:
    """The value of a series without labels; None on the page of a server that has not got it."""
    return page.samples.get((name, ()))


def _free_part(page: Page) -> float | None:
    size, free = _only(page, "fairline_disk_size_bytes"), _only(page, "fairline_disk_free_bytes")
    return None if not size or free is None else round(free / size, 4)


def _connections(page: Page) -> dict[str, int]:
    """By role; the page has them by codec, too."""
    found: dict[str, int] = {}
    for labels, value in each(page, "fairline_connections"):
        found[labels["role"]] = found.get(labels["role"], 0) + int(value)
    return found


def _queues(page: Page, last: Page | None) -> Iterable[QueueRow]:
    rows = []
    for labels, waiting in each(page, "fairline_queue_waiting"):
        of = tuple(sorted(labels.items()))
        level = page.samples.get(("fairline_service_level_ratio", of))
        rows.append(
            QueueRow(
                labels["tenant"],
                labels["queue"],
                int(waiting),
                page.samples.get(("fairline_queue_oldest_wait_seconds", of), 0.0),
                int(page.samples.get(("fairline_queue_active", of), 0)),
                None if level is None or math.isnan(level) else level,
                _rate(page, last, "fairline_offers_total", labels),
                int(page.samples.get(("fairline_queue_eligible_agents", of), 0)),
                int(page.samples.get(("fairline_queue_free_agents", of), 0)),
            )
        )
    return sorted(rows, key=lambda row: (-row.waiting, -row.oldest_s, row.tenant, row.queue))


def _agents(page: Page) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for labels, count in each(page, "fairline_agents"):
        found.setdefault(labels["tenant"], {})[labels["show"]] = int(count)
    return found


def _rate(page: Page, last: Page | None, name: str, of: Mapping[str, str] = {}) -> float | None:
    if last is None or page.at_s <= last.at_s:
        return None
    grown = 0.0
    for (one, labels), value in page.samples.items():
        if one == name and of.items() <= dict(labels).items():
            earlier = last.samples.get((one, labels), 0.0)
            grown += value - earlier if value >= earlier else value
    return round(grown / (page.at_s - last.at_s), 3)


def _percentile_ms(page: Page, last: Page | None, name: str, share: float) -> float | None:
    """The upper bound of the bucket in which the percentile lies, since the last page."""
    if last is None:
        return None
    counts = []
    for labels, value in each(page, f"{name}_bucket"):
        earlier = last.samples.get((f"{name}_bucket", tuple(sorted(labels.items()))), 0.0)
        counts.append((float(labels["le"]), value - earlier if value >= earlier else value))
    counts.sort()
    if not counts or not counts[-1][1]:
        return None
    within = next(bound for bound, count in counts if count >= share * counts[-1][1])
    highest = max(bound for bound, _ in counts if not math.isinf(bound))
    return 1000 * min(within, highest)
