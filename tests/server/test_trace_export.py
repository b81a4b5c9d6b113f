"""Where traces go, and that nothing is loaded where none are wanted."""

import subprocess
import sys
from pathlib import Path

import pytest

from router.errors import SettingsError
from router.server.settings import ServerSettings
from router.server.trace_export import open_traces
from tests.helpers.nodes import node_settings, open_node, token

ROOT = Path(__file__).parents[2]
ON = ServerSettings(traces=True)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def live() -> bool:
    return True


def test_where_none_are_wanted_nothing_is_loaded() -> None:
    code = (
        "import sys; import router.server.running, router.server.cli;"
        "from router.server.trace_export import open_traces;"
        "from router.server.settings import ServerSettings;"
        "assert open_traces(ServerSettings(), bool) is None;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(SettingsError, match=r"pip install 'fairline\[otel\]'") as caught:
        open_traces(ON, live)
    assert caught.value.key == "server.traces"


def test_an_exporter_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with pytest.raises(SettingsError, match="there is no exporter 'carrier-pigeon'; known are"):
        open_traces(ON, live)


def test_the_environment_says_where_they_go(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    traces = open_traces(ON, live)
    assert traces is not None
    attributes = traces.provider.resource.attributes
    assert attributes["service.name"] == "desk"
    assert attributes["deployment.environment"] == "test"
    traces.close()
    monkeypatch.delenv("OTEL_SERVICE_NAME")
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")  # then it is otlp, which asks nobody before a span
    traces = open_traces(ON, live)
    assert traces is not None
    assert traces.provider.resource.attributes["service.name"] == "fairline"
    traces.close()


async def test_a_node_traces_conversations_of_sockets_and_of_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    exporter = InMemorySpanExporter()
    async with open_node(node_settings(traces=True)) as node:
        traces = node.node.traces
        assert traces is not None
        traces.provider.add_span_processor(SimpleSpanProcessor(exporter))
        carl = await node.join("customer", "carl", traceparent=PARENT)
        reply = await carl.ok("conversation.request", op="o", channel="chat")
        await carl.ok("conversation.cancel", conversation=reply["conversation"])
        status, _, body = await node.post(
            "/v1/conversations",
            {"customer": "ada", "channel": "chat", "deferrable": True},
            f"Authorization: Bearer {token('service', 'shop')}",
            "Idempotency-Key: k",
            f"Traceparent: {OTHER}",
        )
        assert status == 201, body
        traces.tracing._open.popitem()[1].end(10**18)
        page = (await node.get("/metrics"))[2].decode()
        assert f"fairline_trace_spans_begun_total {float(traces.tracing.begun)}" in page
        assert traces.tracing.begun > 0
    ids = [span.context.trace_id for span in exporter.get_finished_spans()]
    assert {f"{one:032x}" for one in ids} == {PARENT.split("-")[1], OTHER.split("-")[1]}
