"""Figures out of pages of metrics, and what lies between two looks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.readings import NOTHING, WITHIN_S, buckets_of, grown, page_at, quantile_ms, summed
from tests.helpers.real_server import free_port

PAGE = """\
# TYPE fairline_loop_lag_seconds histogram
fairline_loop_lag_seconds_bucket{le="0.01"} 3.0
fairline_loop_lag_seconds_bucket{le="+Inf"} 1.2e+01
fairline_loop_lag_seconds_count 12.0
fairline_journal_append_seconds_bucket{le="0.5"} 7.0
"""
INF = float("inf")


def test_a_histogram_is_read_by_its_name() -> None:
    assert buckets_of(PAGE, "fairline_loop_lag_seconds") == {0.01: 3.0, INF: 12.0}
    assert buckets_of(PAGE, "fairline_journal_append_seconds") == {0.5: 7.0}
    assert buckets_of(PAGE, "fairline_absent_seconds") == {}


def test_nobody_there_has_an_empty_page() -> None:
    assert page_at(f"http://127.0.0.1:{free_port()}/metrics") == ""


@contextmanager
def _dripping(piece: bytes) -> Iterator[str]:
    """A page that never ends; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # the reader has had enough
                while not over.wait(0.02):
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None: ...

    over = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("piece", [b"x", b"x" * 2**20], ids=["slow", "long"])
def test_an_endless_page_holds_nobody_up_and_is_none(piece: bytes) -> None:
    with _dripping(piece) as url:
        begun = time.monotonic()
        assert page_at(url) == ""
        assert time.monotonic() - begun < 4 * WITHIN_S


@pytest.mark.parametrize("url", ["http://127.0.0.1:x/metrics", "http:///metrics"])
def test_what_is_no_address_has_no_page(url: str) -> None:
    assert page_at(url) == ""


def test_a_node_that_began_anew_is_counted_from_its_beginning() -> None:
    assert grown({0.1: 3.0, INF: 5.0}, {0.1: 4.0, INF: 9.0}) == {0.1: 1.0, INF: 4.0}
    assert grown({0.1: 3.0, INF: 5.0}, {0.1: 1.0, INF: 6.0}) == {0.1: 1.0, INF: 6.0}
    assert grown({0.1: 3.0, INF: 5.0}, {}) == {}


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile_ms({}) == NOTHING
    assert quantile_ms({0.1: 0.0, INF: 0.0}) == NOTHING
    assert quantile_ms({INF: 2.0}) == NOTHING
    assert quantile_ms({0.1: 0.0, 0.2: 1.0, INF: 1.0}) == 200.0
    assert quantile_ms({0.1: 0.0, 0.2: 0.0, INF: 1.0}) == 200.0  # the largest that is known


@given(st.lists(st.sampled_from((0.001, 0.02, 0.5)), min_size=1, max_size=300))
def test_the_quantile_is_the_bucket_of_the_naive_one(seen: list[float]) -> None:
    bounds = (0.001, 0.02, 0.5, INF)
    half = len(seen) // 2
    parts = [
        {bound: float(sum(each <= bound for each in part)) for bound in bounds}
        for part in (seen[:half], seen[half:])
    ]
    naive = sorted(seen)[-(-99 * len(seen) // 100) - 1]
    assert quantile_ms(summed(parts)) == 1000 * naive
