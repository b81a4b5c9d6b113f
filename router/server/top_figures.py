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

__all__ = ["Board", "NodeRow", "Page", "QueueRow", "board", "read_page"]

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


class QueueRow(Struct, frozen=True):
    """One queue, the longest line first."""

    tenant: str
    queue: str
    waiting: int
    oldest_s: float
    active: int
    service_level: float | None
    offers_per_s: float | None


class Board(Struct, frozen=True):
    """All of it, as ``--json`` prints it; lines and agents are the first node's that is up."""

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


def board(at_ms: int, pages: Mapping[str, Page | str], before: Mapping[str, Page | str]) -> Board:
    """The board; a page that could not be had is the reason why, in words."""
    nodes = tuple(_node(url, page, before.get(url)) for url, page in pages.items())
    found = ((page, before.get(url)) for url, page in pages.items() if isinstance(page, Page))
    first, earlier = next(found, (None, None))
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
        violations=int(_sum(page, "fairline_invariant_violations_total")),
        settings_right=_sum(page, "fairline_config_reload_success") != 0,
        webhooks_waiting=int(_sum(page, "fairline_webhook_waiting")),
    )


def _connections(page: Page) -> dict[str, int]:
    """By role; the page has them by codec, too."""
    found: dict[str, int] = {}
    for labels, value in _all(page, "fairline_connections"):
        found[labels["role"]] = found.get(labels["role"], 0) + int(value)
    return found


def _queues(page: Page, last: Page | None) -> Iterable[QueueRow]:
    rows = []
    for labels, waiting in _all(page, "fairline_queue_waiting"):
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
            )
        )
    return sorted(rows, key=lambda row: (-row.waiting, -row.oldest_s, row.tenant, row.queue))


def _agents(page: Page) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for labels, count in _all(page, "fairline_agents"):
        found.setdefault(labels["tenant"], {})[labels["show"]] = int(count)
    return found


def _all(page: Page, name: str) -> Iterable[tuple[dict[str, str], float]]:
    return ((dict(labels), value) for (one, labels), value in page.samples.items() if one == name)


def _sum(page: Page, name: str, of: Mapping[str, str] = {}) -> float:
    some = (value for labels, value in _all(page, name) if of.items() <= labels.items())
    return sum(some)


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
    for labels, value in _all(page, f"{name}_bucket"):
        earlier = last.samples.get((f"{name}_bucket", tuple(sorted(labels.items()))), 0.0)
        counts.append((float(labels["le"]), value - earlier if value >= earlier else value))
    counts.sort()
    if not counts or not counts[-1][1]:
        return None
    within = next(bound for bound, count in counts if count >= share * counts[-1][1])
    highest = max(bound for bound, _ in counts if not math.isinf(bound))
    return 1000 * min(within, highest)
