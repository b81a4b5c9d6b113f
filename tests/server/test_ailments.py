"""What a page says is wrong, and that a calm one says nothing."""

import re
import time
from pathlib import Path

import pytest

from router.server.ailments import ailments
from router.server.top_figures import read_page
from tests.helpers.nodes import open_node

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
CALM = [
    'fairline_invariant_violations_total{kind="order"} 0.0',
    "fairline_config_reload_success 1.0",
    'fairline_journal_errors_total{kind="broken"} 0.0',
    "fairline_command_oldest_seconds 4.9",
    "fairline_sweep_lag_seconds 4.9",
    "fairline_archive_failures_total 0.0",
    'fairline_archive_behind{tenant="t"} 0.0',
    'fairline_archive_lag_commands{tenant="t"} 40.0',
    "fairline_archive_dropped_total 0.0",
    "fairline_disk_free_bytes 500.0",
    "fairline_disk_size_bytes 1000.0",
    "fairline_redis_up 1.0",
    "fairline_redis_durable 1.0",
    "fairline_redis_repairs_total 0.0",
    "fairline_redis_used_bytes 890.0",
    "fairline_redis_max_bytes 1000.0",
    "process_open_fds 79.0",
    "process_max_fds 100.0",
    'fairline_webhook_oldest_seconds{tenant="t",hook="crm"} 500.0',
    'fairline_webhook_oldest_seconds{tenant="t",hook="erp"} 500.0',
    'fairline_webhook_dropped_total{tenant="t",hook="crm"} 0.0',
    "fairline_degraded 0.0",
    'fairline_queue_waiting{tenant="t",queue="q"} 3.0',
    'fairline_queue_free_agents{tenant="t",queue="q"} 0.0',
    'fairline_queue_oldest_wait_seconds{tenant="t",queue="q"} 300.0',
    'fairline_last_offer_timestamp_seconds{tenant="t",queue="q"} 1.0',
]


def told(lines: list[str], tenant: str = "") -> list[tuple[str, str]]:
    return list(ailments(read_page("\n".join(lines) + "\n", 0.0), tenant))


def test_a_calm_page_says_nothing() -> None:
    assert told(CALM) == []
    assert told(["fairline_position 3"]) == [], "nor does that of an older server"
    unlimited = ["fairline_redis_used_bytes 950.0", "fairline_redis_max_bytes 0.0"]
    assert told(unlimited) == []


@pytest.mark.parametrize(
    ("line", "said", "runbook"),
    [
        ('fairline_invariant_violations_total{kind="lost"} 2.0', "2 viol", "invariant-broken"),
        ("fairline_config_reload_success 0.0", "refused", "settings-refused"),
        ('fairline_journal_errors_total{kind="broken"} 4.0', "4 appends", "journal-fails"),
        ("fairline_command_oldest_seconds 9.0", "waited 9 s", "commands-stall"),
        ("fairline_sweep_lag_seconds 7.0", "7 s late", "commands-stall"),
        ("fairline_archive_failures_total 1.0", "archive", "archive-fails"),
        ('fairline_archive_behind{tenant="t"} 1.0', "lacks 40 commands", "archive-fails"),
        ("fairline_archive_dropped_total 1.0", "archive", "archive-fails"),
        ("fairline_disk_free_bytes 50.0", "5% of the disk", "disk-fills"),
        ("fairline_redis_up 0.0", "does not answer", "redis-away"),
        ("fairline_redis_durable 0.0", "would lose", "redis-not-durable"),
        ("fairline_redis_repairs_total 2.0", "2 times and got it back", "redis-not-durable"),
        ("fairline_redis_used_bytes 950.0", "95% of the memory", "redis-fills"),
        ("process_open_fds 81.0", "81% of the file handles", "files-near-limit"),
        (
            'fairline_webhook_oldest_seconds{tenant="t",hook="erp"} 901.0',
            "behind",
            "webhook-behind",
        ),
        ('fairline_webhook_dropped_total{tenant="t",hook="crm"} 6.0', "6 events", "webhook-behind"),
        ("fairline_degraded 1.0", "loop is late", "degraded"),
        ('fairline_queue_free_agents{tenant="t",queue="q"} 2.0', "t/q: 3 wait", "line-stands"),
    ],
)
def test_each_figure_that_is_wrong_is_told_with_its_runbook(
    line: str, said: str, runbook: str
) -> None:
    series = line.partition(" ")[0]
    name = series if series in "".join(CALM) else series.partition("{")[0]
    ill = [line if one.startswith(name) else one for one in CALM]
    assert ill != CALM
    ((sentence, mend),) = told(ill)
    assert said in sentence
    assert mend.endswith(f"see runbook {runbook}")
    assert (RUNBOOKS / f"{runbook}.md").exists()


@pytest.mark.parametrize("why", ["empty", "young", "served lately"])
def test_a_line_that_moves_does_not_stand(why: str) -> None:
    line = {
        "empty": 'fairline_queue_waiting{tenant="t",queue="q"} 0.0',
        "young": 'fairline_queue_oldest_wait_seconds{tenant="t",queue="q"} 59.0',
        "served lately": 'fairline_last_offer_timestamp_seconds{tenant="t",queue="q"} '
        f"{time.time() - 5}",
    }[why]
    stands = [one.replace('q"} 0.0', 'q"} 2.0') if "free_agents" in one else one for one in CALM]
    assert len(told(stands)) == 1
    name = line.partition(" ")[0]
    assert told([line if one.startswith(name) else one for one in stands]) == []


def test_the_lines_of_one_tenant_are_looked_at_where_one_is_named() -> None:
    stands = [one.replace('q"} 0.0', 'q"} 2.0') if "free_agents" in one else one for one in CALM]
    assert len(told(stands, "t")) == 1
    assert told(stands, "somebody-else") == []


async def test_the_figures_that_are_looked_at_are_a_server_s() -> None:
    """Else a renamed one would be found well for ever."""
    source = Path(__file__).parents[2] / "router" / "server" / "ailments.py"
    named = set(re.findall(r'"((?:fairline|process)_\w+)"', source.read_text("utf-8")))
    async with open_node() as node:
        page = (await node.get("/metrics"))[2].decode()
    known = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    elsewhere = {
        name for name in named if re.search("disk|webhook|redis|archive_(lag|behind)", name)
    }
    assert sorted(named - known - elsewhere) == []
    text = (RUNBOOKS.parent / "reference" / "metrics.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in elsewhere)
