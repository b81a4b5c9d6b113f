"""The terminal board: looks at some nodes, draws what it sees.

Owns: fetching the pages, the tables, how they are shown again and again.
Does not know: how a figure is made (``top_figures``), the command line.

Invariant (tests/server/test_top_board.py): a node that does not answer is on the board with the
reason, and the others are shown as they are.
"""

import sys
from collections.abc import Sequence

import httpx
import msgspec
import trio
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from router.server.ailments import DISK_WARN, STALL_WARN_S
from router.server.clock import Clock
from router.server.top_figures import Board, NodeRow, Page, QueueRow, board, read_page

__all__ = ["show_top", "tables"]

ANSWER_S = 5.0
SHOWS = ("available", "busy", "away", "dnd", "offline")


async def show_top(urls: Sequence[str], every_s: float, *, once: bool, json: bool) -> bool:
    """Shows the board until cancelled, or once; whether any node answered."""
    watching = _Watching(urls, every_s)
    # Nobody needs trust what is only looked at, on an address that was named.
    async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False, verify=False) as client:  # noqa: S501
        if once:
            await watching.look(client)
            found = await watching.next(client)
            _print(found, json=json)
            return not all(node.error for node in found.nodes)
        if json:
            while True:
                _print(await watching.next(client), json=True)
        with Live(tables(await watching.look(client)), screen=True) as live:
            while True:
                live.update(tables(await watching.next(client)))


class _Watching:
    """Looks at some nodes again and again."""

    def __init__(self, urls: Sequence[str], every_s: float) -> None:
        self._urls = urls
        self._every_s = every_s
        self._before: dict[str, Page | str] = {}
        self._clock = Clock()

    async def next(self, client: httpx.AsyncClient) -> Board:
        """Waits, and looks again."""
        await trio.sleep(self._every_s)
        return await self.look(client)

    async def look(self, client: httpx.AsyncClient) -> Board:
        """Fetches every page at once; the board compares them with those before."""
        pages: dict[str, Page | str] = dict.fromkeys(self._urls, "")
        async with trio.open_nursery() as nursery:
            for url in self._urls:
                nursery.start_soon(_fetch, client, url, pages)
        found = board(self._clock.wall_ms(), pages, self._before)
        self._before = pages
        return found


async def _fetch(client: httpx.AsyncClient, url: str, pages: dict[str, Page | str]) -> None:
    try:
        answer = await client.get(f"{url.rstrip('/')}/metrics")
        if not answer.is_success:
            pages[url] = f"answered {answer.status_code}; is it server.ops_bind that has /metrics?"
            return
        pages[url] = read_page(answer.text, trio.current_time())
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        pages[url] = str(error) or type(error).__name__


def _print(found: Board, *, json: bool) -> None:
    if json:
        sys.stdout.write(f"{msgspec.json.encode(found).decode()}\n")
        sys.stdout.flush()
        return
    Console(highlight=False).print(tables(found))


def tables(found: Board) -> Group:
    """The board as a terminal shows it; what needs somebody says so in a word, not by colour.

    These words stand on lines of their own: a narrow terminal would cut them off in the table.
    """
    said = [(node, f"DOWN {node.error}" if node.error else _wrong(node)) for node in found.nodes]
    wrong = [Text(f"{_name(node)} {words}", style="bold red") for node, words in said if words]
    return Group(*wrong, _nodes(found.nodes), _queues(found.queues), _agents(found))


def _nodes(nodes: Sequence[NodeRow]) -> Table:
    table = _table(
        "node",
        "agents",
        "customers",
        "others",
        "cmds\n/s",
        "offers\n/s",
        "lag\np99",
        "journal\np99",
        "disk\nfree",
    )
    for node in nodes:
        if node.error:
            continue
        count = node.connections
        others = count.get("supervisor", 0) + count.get("service", 0)
        table.add_row(
            _name(node),
            str(count.get("agent", 0)),
            str(count.get("customer", 0)),
            str(others),
            _figure(node.commands_per_s),
            _figure(node.offers_per_s),
            _within(node.lag_p99_ms),
            _within(node.journal_p99_ms),
            "" if node.disk_free is None else f"{node.disk_free:.0%}",
        )
    return table


def _name(node: NodeRow) -> str:
    return node.url.partition("://")[2] or node.url


def _within(value_ms: float | None) -> str:
    return "" if value_ms is None else f"<= {value_ms:g} ms"


def _wrong(node: NodeRow) -> str:
    """What needs somebody, each in a word."""
    fills = node.disk_free is not None and node.disk_free < DISK_WARN
    said = (
        ("DRAINING", node.is_draining),
        ("stands by", node.is_standby),
        ("NOT READY", not node.is_ready and not node.is_draining and not node.is_standby),
        ("REDIS AWAY", node.is_redis_away),
        (f"COMMANDS STALL {node.stalled_s:.0f} s", node.stalled_s > STALL_WARN_S),
        (f"JOURNAL ERRORS {node.journal_errors}", node.journal_errors),
        ("DISK FILLS", fills),
        ("BEHIND", node.is_behind),
        (f"VIOLATIONS {node.violations}", node.violations),
        ("SETTINGS REFUSED", not node.settings_right),
        (f"webhooks wait {node.webhooks_waiting}", node.webhooks_waiting),
    )
    return " ".join(words for words, is_so in said if is_so)


def _queues(queues: Sequence[QueueRow]) -> Table:
    counts = ("waiting", "longest", "could", "free", "active")
    table = _table("tenant", "queue", *counts, "in\ntarget", "offers\n/s")
    for row in queues:
        level = "" if row.service_level is None else f"{row.service_level:.0%}"
        longest = f"{int(row.oldest_s) // 60}:{int(row.oldest_s) % 60:02}" if row.waiting else ""
        served = (str(row.eligible), str(row.free), str(row.active))
        cells = (str(row.waiting), longest, *served, level, _figure(row.offers_per_s))
        table.add_row(row.tenant, row.queue, *cells, style="bold" if row.waiting else "")
    return table


def _agents(found: Board) -> Table:
    table = _table("tenant", *SHOWS)
    for tenant, shows in found.agents.items():
        table.add_row(tenant, *(str(shows.get(show, 0)) for show in SHOWS))
    return table


def _table(first: str, *others: str) -> Table:
    """On a narrow terminal names are folded, for a figure that is cut off is a wrong figure."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(first, overflow="fold")
    for name in others:
        if name == "queue":
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", no_wrap=True)
    return table


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
