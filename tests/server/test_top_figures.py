"""The terminal board's figures."""

import pytest

from router.server.top_figures import Page, board, read_page

FIRST = """
fairline_connections{role="agent"} 3
fairline_connections{role="customer"} 5
fairline_commands_total{type="Tick",result="ok"} 100
fairline_offers_total{tenant="t",queue="a",outcome="accepted"} 10
fairline_offers_total{tenant="t",queue="a",outcome="declined"} 1
fairline_offers_total{tenant="t",queue="b",outcome="accepted"} 50
fairline_queue_waiting{tenant="t",queue="a"} 2
fairline_queue_waiting{tenant="t",queue="b"} 7
fairline_queue_oldest_wait_seconds{tenant="t",queue="a"} 4
fairline_queue_oldest_wait_seconds{tenant="t",queue="b"} 61
fairline_queue_active{tenant="t",queue="a"} 1
fairline_queue_eligible_agents{tenant="t",queue="a"} 4
fairline_queue_free_agents{tenant="t",queue="a"} 3
fairline_ready 1
fairline_draining 0
fairline_degraded 0
fairline_command_oldest_seconds 0.25
fairline_sweep_lag_seconds 0.5
fairline_journal_errors_total{kind="broken"} 0
fairline_journal_append_seconds_bucket{le="0.005"} 50
fairline_journal_append_seconds_bucket{le="+Inf"} 50
fairline_disk_free_bytes 250
fairline_disk_size_bytes 1000
fairline_service_level_ratio{tenant="t",queue="a"} 0.8
fairline_agents{tenant="t",show="available"} 4
fairline_invariant_violations_total{kind="order"} 0
fairline_config_reload_success 1
fairline_loop_lag_seconds_bucket{le="0.01"} 100
fairline_loop_lag_seconds_bucket{le="0.1"} 100
fairline_loop_lag_seconds_bucket{le="+Inf"} 100
"""
SECOND = (
    FIRST.replace('result="ok"} 100', 'result="ok"} 120')
    .replace('queue="a",outcome="accepted"} 10', 'queue="a",outcome="accepted"} 14')
    .replace('queue="b",outcome="accepted"} 50', 'queue="b",outcome="accepted"} 3')
    .replace('le="0.01"} 100', 'le="0.01"} 190')
    .replace('le="0.1"} 100', 'le="0.1"} 200')
    .replace('le="+Inf"} 100', 'le="+Inf"} 200')
    .replace("success 1", "success 0")
    .replace("ready 1", "ready 0")
    .replace("draining 0", "draining 1")
    .replace("degraded 0", "degraded 1")
    .replace("oldest_seconds 0.25", "oldest_seconds 8")
    .replace('kind="broken"} 0', 'kind="broken"} 3')
    .replace('le="0.005"} 50', 'le="0.005"} 99')
    .replace('seconds_bucket{le="+Inf"} 50', 'seconds_bucket{le="+Inf"} 99')
    .replace('kind="order"} 0', 'kind="order"} 2')
)


def test_the_first_look_has_what_is_and_no_rates() -> None:
    found = board(1, {"u": read_page(FIRST, 0.0)}, {})
    (node,) = found.nodes
    assert node.connections == {"agent": 3, "customer": 5}
    assert (node.commands_per_s, node.offers_per_s, node.lag_p99_ms) == (None, None, None)
    assert (node.violations, node.settings_right) == (0, True)
    assert (node.is_ready, node.is_draining, node.is_behind) == (True, False, False)
    assert (node.stalled_s, node.journal_errors, node.disk_free) == (0.5, 0, 0.25)
    assert node.journal_p99_ms is None
    assert {row.queue: (row.eligible, row.free) for row in found.queues} == {
        "a": (4, 3),
        "b": (0, 0),
    }
    assert [(row.queue, row.waiting, row.oldest_s, row.active) for row in found.queues] == [
        ("b", 7, 61.0, 0),
        ("a", 2, 4.0, 1),
    ]
    assert [row.service_level for row in found.queues] == [None, 0.8]
    assert found.agents == {"t": {"available": 4}}


def test_rates_are_between_two_looks_and_begin_anew_with_the_server() -> None:
    before = {"u": read_page(FIRST, 10.0)}
    found = board(2, {"u": read_page(SECOND, 12.0)}, before)
    (node,) = found.nodes
    assert node.commands_per_s == 10.0
    assert node.offers_per_s == (4 + 0 + 3) / 2
    assert {row.queue: row.offers_per_s for row in found.queues} == {"a": 2.0, "b": 1.5}
    assert node.lag_p99_ms == 100.0  # 90 of 100 were within 10 ms, all within 100
    assert (node.violations, node.settings_right) == (2, False)
    assert (node.is_ready, node.is_draining, node.is_behind) == (False, True, True)
    assert (node.stalled_s, node.journal_errors, node.journal_p99_ms) == (8, 3, 5.0)


def test_a_node_without_a_page_is_there_with_the_reason_and_the_next_one_tells_the_lines() -> None:
    pages: dict[str, Page | str] = {"down": "refused", "up": read_page(FIRST, 1.0)}
    found = board(3, pages, {"down": read_page(FIRST, 0.0), "up": "refused"})
    assert [(node.url, node.error) for node in found.nodes] == [("down", "refused"), ("up", "")]
    assert found.nodes[1].commands_per_s is None
    assert len(found.queues) == 2
    assert board(3, {"down": "refused"}, {}).queues == ()


def test_a_node_that_stands_by_tells_no_lines_while_another_serves() -> None:
    waits = "fairline_standby 1\nfairline_ready 0\nfairline_redis_up 0\n"
    pages: dict[str, Page | str] = {"waits": read_page(waits, 1.0), "up": read_page(FIRST, 1.0)}
    found = board(3, pages, {})
    assert [(one.is_standby, one.is_redis_away) for one in found.nodes] == [
        (True, True), (False, False),
    ]  # fmt: skip
    assert len(found.queues) == 2
    assert board(3, {"waits": read_page(waits, 1.0)}, {}).queues == ()


def test_another_program_s_metrics_are_not_taken_for_ours() -> None:
    for text in ("up 1\n", "", "<html>"):
        with pytest.raises(ValueError, match=r"metrics|\S"):
            read_page(text, 0.0)


def test_a_server_that_says_nothing_of_it_is_neither_draining_nor_full() -> None:
    (node,) = board(1, {"u": read_page("fairline_position 3\n", 0.0)}, {}).nodes
    assert (node.is_ready, node.is_draining, node.is_behind) == (True, False, False)
    assert (node.stalled_s, node.disk_free) == (0, None)
