"""Spans on their way to a collector: each is counted once, whatever becomes of it."""

import threading
from collections.abc import Sequence

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from router.server.span_counts import CountedProcessor, SpanFigures

ROOM = 8


class Collector(SpanExporter):
    """One that takes spans, loses them, breaks, or keeps everybody waiting."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.is_full = False
        self.is_broken = False
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        assert self.gate.wait(10)
        if self.is_broken:
            raise ConnectionError("nobody is there")
        if self.is_full:
            return SpanExportResult.FAILURE
        self.taken += len(spans)
        return SpanExportResult.SUCCESS


class Line:
    """Spans, a processor, a collector."""

    def __init__(self, **provider: object) -> None:
        self.collector = Collector()
        self.processor = CountedProcessor(
            self.collector, ROOM, schedule_delay_millis=10, max_export_batch_size=4
        )
        self.provider = TracerProvider(shutdown_on_exit=False, **provider)  # type: ignore[arg-type]
        self.provider.add_span_processor(self.processor)
        self.begun = 0

    def work(self, count: int) -> None:
        for _ in range(count):
            self.begun += 1
            self.provider.get_tracer("test").start_span("one").end()

    def counts(self) -> dict[str, float]:
        figures = SpanFigures([self.processor], lambda: self.begun, lambda: 3)
        return {
            "".join(sample.labels.values()) or sample.name: sample.value
            for family in figures.collect()
            for sample in family.samples
        }

    def settle(self) -> None:
        self.processor.force_flush()
        assert self.processor.waiting == 0


def test_what_was_taken_is_exported() -> None:
    line = Line()
    line.work(5)
    line.settle()
    assert line.collector.taken == 5
    assert line.counts() == {
        "fairline_trace_spans_begun_total": 5,
        "exported": 5,
        "failed": 0,
        "dropped": 0,
        "fairline_traces_untraced_total": 3,
    }
    line.provider.shutdown()


@pytest.mark.parametrize("fault", ["is_full", "is_broken"])
def test_what_a_collector_does_not_take_failed(fault: str) -> None:
    line = Line()
    setattr(line.collector, fault, True)
    line.work(3)
    line.settle()
    assert (line.counts()["exported"], line.counts()["failed"]) == (0, 3)
    setattr(line.collector, fault, False)
    line.work(2)
    line.settle()
    assert (line.counts()["exported"], line.counts()["failed"]) == (2, 3)
    line.provider.shutdown()


def test_a_collector_that_is_slow_has_so_many_waiting_and_the_rest_is_dropped_and_counted() -> None:
    line = Line()
    line.collector.gate.clear()
    line.work(ROOM + 12)
    assert line.processor.waiting == ROOM
    assert line.counts()["dropped"] == 12
    line.collector.gate.set()
    line.settle()
    line.work(2)
    line.settle()
    counts = line.counts()
    assert line.collector.taken == counts["exported"] == ROOM + 2
    assert counts["exported"] + counts["failed"] + counts["dropped"] == line.begun
    line.provider.shutdown()


@pytest.mark.parametrize(("told", "room"), [("600", 600), ("", 2_048), ("many", 2_048)])
def test_the_environment_says_how_many_may_wait(
    told: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", told)
    collector = Collector()
    processor = CountedProcessor(collector)
    collector.gate.clear()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    for _ in range(room + 1):
        provider.get_tracer("test").start_span("one").end()
    assert (processor.waiting, processor.dropped) == (room, 1)
    collector.gate.set()
    provider.shutdown()
    assert processor.exporter.exported == room


def test_what_is_not_sampled_is_nothing_that_was_lost() -> None:
    line = Line(sampler=ALWAYS_OFF)
    line.work(ROOM + 5)
    assert line.counts()["dropped"] == line.processor.waiting == 0
    line.provider.shutdown()
