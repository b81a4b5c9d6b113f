"""Where traces go: OpenTelemetry, set up by its own environment variables; or nowhere.

Owns: whether there are traces, what they are made with, their end.
Does not know: which spans there are (``router.server.tracing``).

Invariants (tests/server/test_trace_export.py): without ``server.traces`` nothing of OpenTelemetry
is loaded; with it and without the extra the start says what to install.

``OTEL_TRACES_EXPORTER`` names the exporter (``otlp`` unless told, ``console``, ``none``). The SDK
itself reads ``OTEL_EXPORTER_OTLP_*``, ``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``,
``OTEL_TRACES_SAMPLER`` and ``OTEL_BSP_*``.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client.registry import Collector

from router import __version__
from router.errors import SettingsError
from router.server.settings import ServerSettings

if TYPE_CHECKING:
    from router.server.tracing import Tracing

__all__ = ["Traces", "check_traces", "open_traces"]

_LOG = structlog.get_logger("fairline.traces")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_DEFAULT = "otlp"
_GROUP = "opentelemetry_traces_exporter"
"""The entry points by which exporters are found, ours or another package's."""
_MISSING = "OpenTelemetry is not installed: pip install 'fairline[otel]', or leave this out"


class Traces:
    """The spans' maker, the provider that brings them away, and what became of them."""

    def __init__(
        self,
        tracing: "Tracing",
        provider: Any,  # noqa: ANN401 - of the extra
        figures: Collector,
    ) -> None:
        self.tracing = tracing
        self.provider = provider
        self.figures = figures

    def close(self) -> None:
        """Brings away what is left; waits for it, so call it in a thread."""
        self.provider.shutdown()


def open_traces(
    server: ServerSettings,
    is_live: Callable[[], bool],
    took_s: Callable[[], float] = lambda: 0.0,
) -> Traces | None:
    """What makes traces, or None where none are wanted.

    Raises:
        SettingsError: the extra is missing, or there is no such exporter.
    """
    if not server.traces:
        return None
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider

        from router.server.span_counts import CountedProcessor, SpanFigures
        from router.server.tracing import Tracing
    except ImportError as error:
        raise SettingsError(_MISSING, key="server.traces") from error
    told = {SERVICE_VERSION: __version__, "service.instance.id": server.node}
    if "OTEL_SERVICE_NAME" not in os.environ:
        told[SERVICE_NAME] = "fairline"
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    names = os.environ.get(_EXPORTER, _DEFAULT)
    processors = [CountedProcessor(exporter()) for exporter in _exporters(names)]
    for processor in processors:
        provider.add_span_processor(processor)
    _LOG.info("traces.begin", type=names)
    tracing = Tracing(provider.get_tracer("fairline", __version__), is_live, took_s)
    figures = SpanFigures(processors, lambda: tracing.begun, lambda: tracing.untraced)
    return Traces(tracing, provider, figures)


def check_traces(server: ServerSettings) -> None:
    """Sees to it that ``open_traces`` will find what it needs; asks nobody and begins nothing.

    Raises:
        SettingsError: it would not.
    """
    if not server.traces:
        return
    try:
        importlib.import_module("opentelemetry.sdk.resources")
        importlib.import_module("router.server.span_counts")
        importlib.import_module("router.server.tracing")
    except ImportError as error:
        raise SettingsError(_MISSING, key="server.traces") from error
    list(_exporters(os.environ.get(_EXPORTER, _DEFAULT)))


def _exporters(names: str) -> Iterator[Callable[[], Any]]:
    """What makes the exporters of these names.

    Raises:
        SettingsError: there is none of such a name.
    """
    for name in (word.strip() for word in names.split(",")):
        if name and name != "none":
            yield _exporter(name)


def _exporter(name: str) -> Callable[[], Any]:
    known = entry_points(group=_GROUP)
    # The SDK's short name stands for the exporter that the extra brings.
    for spelt in (f"{name}_proto_http", name) if name == "otlp" else (name,):
        if spelt in known.names:
            try:
                made: Callable[[], Any] = known[spelt].load()
            except ImportError as error:
                raise SettingsError(_MISSING, key="server.traces") from error
            return made
    text = f"OTEL_TRACES_EXPORTER: there is no exporter {name!r}; known are none, "
    raise SettingsError(text + ", ".join(sorted(known.names)), key="server.traces")
