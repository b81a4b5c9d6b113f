"""The terminal board of real nodes."""

import msgspec
import pytest
from rich.console import Console

from router.server.top_board import show_top, tables
from router.server.top_figures import Board, NodeRow, QueueRow
from tests.helpers.nodes import open_node


async def test_nodes_that_answer_and_one_that_does_not_are_on_one_board(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with open_node() as node:
        carl = await node.join("customer", "carl")
        await carl.ok("conversation.request", op="o", channel="chat")
        urls = [f"http://127.0.0.1:{node.port}", "http://127.0.0.1:9"]
        assert await show_top(urls, 1.0, once=True, json=True)
        found = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1], type=Board)
        up, down = found.nodes
        assert up.connections["customer"] == 1
        assert up.commands_per_s is not None
        assert "failed" in down.error
        assert next((row.queue, row.waiting) for row in found.queues if row.tenant == "acme") == (
            "support", 1,
        )  # fmt: skip
        assert await show_top(urls[:1], 1.0, once=True, json=False)
        assert "support" in capsys.readouterr().out
    assert not await show_top(["http://127.0.0.1:9", "not an address"], 1.0, once=True, json=True)


def test_what_needs_somebody_is_said_in_a_word() -> None:
    nodes = (
        NodeRow("http://a:1", violations=2, settings_right=False, webhooks_waiting=3),
        NodeRow(
            "http://c:3",
            is_draining=True,
            is_ready=False,
            stalled_s=7.4,
            journal_errors=5,
            disk_free=0.04,
            is_behind=True,
            journal_p99_ms=5.0,
        ),
        NodeRow("http://d:4", is_ready=False, disk_free=0.5, stalled_s=1.0),
        NodeRow("http://e:5", is_ready=False, is_standby=True),
        NodeRow("http://f:6", is_ready=False, is_redis_away=True),
        NodeRow("http://b:2", error="refused"),
    )
    queues = (QueueRow("t", "billing", 3, 75.0, 2, 0.815, None, eligible=41, free=17),)
    console = Console(width=240, no_color=True)
    with console.capture() as capture:
        console.print(tables(Board(0, nodes, queues, {"t": {"available": 4}})))
    text = capture.get()
    for word in ("a:1", "VIOLATIONS 2", "SETTINGS REFUSED", "webhooks wait 3", "DOWN refused"):
        assert word in text
    told: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip():
            told[line.split()[0]] = told.get(line.split()[0], "") + line
    for word in ("DRAINING", "COMMANDS STALL 7 s", "JOURNAL ERRORS 5", "DISK FILLS", "BEHIND",
                 "4%", "<= 5 ms"):  # fmt: skip
        assert word in told["c:3"], word
    assert "NOT READY" in told["d:4"]
    assert "stands by" in told["e:5"]
    assert "NOT READY" not in told["e:5"]
    assert "NOT READY REDIS AWAY" in told["f:6"]
    assert "50%" in told["d:4"]
    assert "STALL" not in told["d:4"]
    assert "41" in text
    assert "17" in text
    assert "1:15" in text
    assert "82%" in text


def test_a_narrow_terminal_cuts_off_neither_a_figure_nor_what_needs_somebody() -> None:
    count = {"agent": 2017, "customer": 10_019, "supervisor": 31}
    node = NodeRow(
        "http://ops-4.eu-west.example.com:9100",
        connections=count,
        commands_per_s=1234.5,
        offers_per_s=150.2,
        lag_p99_ms=2.5,
        journal_p99_ms=250.0,
        disk_free=0.04,
        is_ready=False,
        violations=12,
        settings_right=False,
        webhooks_waiting=199_999,
    )
    queues = (QueueRow("t" * 30, "q" * 40, 1021, 4475.0, 2, 0.815, 12.5, eligible=411, free=173),)
    console = Console(width=80, no_color=True)
    with console.capture() as capture:
        console.print(tables(Board(0, (node,), queues, {"t": {"available": 4}})))
    text = capture.get()
    assert "…" not in text
    figures = ("2017", "10019", "31", "1234.5", "150.2", "<= 2.5 ms", "<= 250 ms", "4%")
    for word in (*figures, "1021", "74:35", "411", "173", "82%", "12.5"):
        assert word in text, word
    for word in ("NOT READY", "VIOLATIONS 12", "SETTINGS REFUSED", "webhooks wait 199999"):
        assert word in " ".join(text.split()), word
    assert "ops-4.eu-west.example.com:9100" in text, "whose it is"
