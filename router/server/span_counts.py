"""What becomes of spans on their way to a collector, counted.

Owns: those counts, and that no more spans wait for an exporter than it has room for.
Does not know: which spans there are, where an exporter brings them.

Invariant (tests/server/test_span_counts.py): every sampled span that ended is exported, failed,
dropped or waits; with none waiting the three add up.

OpenTelemetry's batch processor leaves out the oldest span where its queue is full, and tells nobody
how many. So the bound is held in front of it. Spans end in one thread and are exported in another;
each counts in numbers of its own. Only loaded where traces are wanted.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

__all__ = ["CountedExporter", "CountedProcessor", "SpanFigures"]


ROOM = 2_048
"""Spans that may wait where nobody said otherwise: OpenTelemetry's own default."""


class CountedExporter(SpanExporter):
    """An exporter, and how many spans it brought away or lost."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.exported = 0
        self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See ``SpanExporter``; in the batch processor's thread."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            if result is SpanExportResult.SUCCESS:
                self.exported += len(spans)
            else:
                self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """See ``SpanExporter``."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See ``SpanExporter``."""
        return self._exporter.force_flush(timeout_millis)


class CountedProcessor(SpanProcessor):
    """A batch processor in front of an exporter, and how many spans found no room in it.

    Args:
        exporter: Brings spans away.
        room: How many may wait; None for what ``OTEL_BSP_MAX_QUEUE_SIZE`` says.
    """

    def __init__(self, exporter: SpanExporter, room: int | None = None, **batch: Any) -> None:  # noqa: ANN401 - of the SDK
        self.exporter = CountedExporter(exporter)
        self._room = _told_room() if room is None else room
        self._batch = BatchSpanProcessor(self.exporter, max_queue_size=self._room, **batch)
        self._passed = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Spans that ended and were not tried yet."""
        return self._passed - self.exporter.exported - self.exporter.failed

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """See ``SpanProcessor``."""

    def on_end(self, span: ReadableSpan) -> None:
        """See ``SpanProcessor``."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if self.waiting >= self._room:
            self.dropped += 1
            return
        self._passed += 1
        self._batch.on_end(span)

    def shutdown(self) -> None:
        """See ``SpanProcessor``."""
        self._batch.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See ``SpanProcessor``."""
        return self._batch.force_flush(timeout_millis)


def _told_room() -> int:
    """As the SDK reads it itself."""
    told = os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE", "")
    return int(told) if told.isdecimal() and int(told) else ROOM


class SpanFigures(Collector):
    """What a page shows of all that.

    Args:
        processors: One for each exporter.
        begun: Says how many spans were begun.
        untraced: Says how many traces were not begun, for too many were open.
    """

    def __init__(
        self,
        processors: Sequence[CountedProcessor],
        begun: Callable[[], int],
        untraced: Callable[[], int],
    ) -> None:
        self._processors = processors
        self._begun = begun
        self._untraced = untraced

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        yield CounterMetricFamily(
            "fairline_trace_spans_begun", "Spans that were begun.", value=self._begun()
        )
        ends = CounterMetricFamily(
            "fairline_trace_spans", "Spans by what became of them.", labels=["result"]
        )
        each = self._processors
        ends.add_metric(["exported"], sum(one.exporter.exported for one in each))
        ends.add_metric(["failed"], sum(one.exporter.failed for one in each))
        ends.add_metric(["dropped"], sum(one.dropped for one in each))
        yield ends
        yield CounterMetricFamily(
            "fairline_traces_untraced",
            "Times that no trace was begun, for too many were open.",
            value=self._untraced(),
        )
