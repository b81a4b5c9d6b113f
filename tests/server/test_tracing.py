"""The spans of conversations, with the SDK's own exporter in memory."""

from typing import Any

import msgspec
import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from router.commands import (
    CancelConversation,
    Command,
    DeclineOffer,
    EndConversation,
    Tick,
    TransferConversation,
)
from router.ids import ConversationId, OfferId
from router.journal.base import Record
from router.server.happened import Happened
from router.server.hidden import HIDDEN
from router.server.tracing import PARENTS_MAX, Tracing
from tests.helpers.cores import Core, actor, request

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Stage:
    """A core, what is traced of it, and the spans that ended."""

    def __init__(self, tenant: str = "acme") -> None:
        self.core = Core()
        self.tenant = tenant
        self.is_live = True
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.took_s = 0.0
        self.tracing = Tracing(
            provider.get_tracer("test"), lambda: self.is_live, lambda: self.took_s
        )

    def do(self, command: Command, after_ms: int = 1_000) -> None:
        events = self.core.do(command, after_ms)
        router = self.core.router
        self.tracing.take(Record(self.tenant, router.position, router.now_ms, b""), events)

    def conversation(self) -> ConversationId:
        (name,) = self.core.router.world.conversations.by_id
        return ConversationId(name)

    def offer(self) -> OfferId:
        (name,) = self.core.router.world.offers.pending
        return OfferId(name)

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def names(self) -> list[str]:
        return [span.name for span in self.exporter.get_finished_spans()]


def served(stage: Stage) -> None:
    """Alice and Bob are there; Carl asks, one declines, the other serves him."""
    stage.core.here("agent:alice", "agent:bob", "customer:carl")
    for agent in ("alice", "bob"):
        stage.core.show(agent, "available")
    stage.do(msgspec.structs.replace(request("customer:carl"), body="a secret of mine"))
    first = stage.core.router.world.offers.pending[stage.offer()].agent
    stage.do(DeclineOffer(by=actor(f"agent:{first}"), offer=stage.offer(), reason="a secret too"))
    second = stage.core.router.world.offers.pending[stage.offer()].agent
    stage.core.now_ms += 1_000
    events = stage.core.accept(second, stage.offer())
    router = stage.core.router
    stage.tracing.take(Record(stage.tenant, router.position, router.now_ms, b""), events)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_conversation_is_one_trace_from_the_request_to_the_end() -> None:
    stage = Stage()
    served(stage)
    agent = stage.core.router.world.conversations.by_id[stage.conversation()].agent
    stage.do(EndConversation(by=actor(f"agent:{agent}"), conversation=stage.conversation()))
    assert stage.names() == [
        "route.decide", "offer", "route.decide", "offer", "queue.wait", "conversation.serve",
        "conversation",
    ]  # fmt: skip
    spans = stage.spans()
    root, wait = spans["conversation"], spans["queue.wait"]
    assert root.parent is None
    assert {span.context.trace_id for span in stage.exporter.get_finished_spans()} == {
        root.context.trace_id
    }
    for name, parent in (
        ("queue.wait", root),
        ("conversation.serve", root),
        ("route.decide", wait),
        ("offer", wait),
    ):
        inside = spans[name].parent
        assert inside is not None
        assert inside.span_id == parent.context.span_id, name
    assert root.start_time == wait.start_time
    assert wait.end_time == spans["conversation.serve"].start_time
    assert root.end_time == spans["conversation.serve"].end_time
    assert wait.end_time is not None
    assert wait.start_time is not None
    assert (
        wait.end_time - wait.start_time
        == told(spans["conversation.serve"])["fairline.waited_ms"] * 1_000_000
    )
    offers = [span for span in stage.exporter.get_finished_spans() if span.name == "offer"]
    assert [told(span)["fairline.outcome"] for span in offers] == ["declined", "accepted"]
    assert told(root)["fairline.tenant"] == "acme"
    assert told(root)["fairline.reason"] == "agent"
    assert stage.tracing.count == 0
    everything = str([span.to_json() for span in stage.exporter.get_finished_spans()])
    assert "secret" not in everything


def test_a_decision_lasts_as_long_as_the_core_took_for_it() -> None:
    stage = Stage()
    stage.took_s = 0.0025
    served(stage)
    decided = [one for one in stage.exporter.get_finished_spans() if one.name == "route.decide"]
    assert len(decided) == 2
    for span in decided:
        assert span.start_time is not None
        assert span.end_time == span.start_time + 2_500_000


def test_spans_and_traces_that_there_was_no_room_for_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    served(stage)
    agent = stage.core.router.world.conversations.by_id[stage.conversation()].agent
    stage.do(EndConversation(by=actor(f"agent:{agent}"), conversation=stage.conversation()))
    assert stage.tracing.begun == len(stage.names()) == 7
    monkeypatch.setattr("router.server.tracing.OPEN_MAX", 0)
    other = Stage()
    served(other)
    assert other.tracing.begun == 0
    assert other.tracing.untraced > 0
    assert other.tracing.trace_of("acme", other.conversation()) == ""


def test_who_gives_up_leaves_a_trace_with_an_error_and_nothing_open() -> None:
    stage = Stage()
    stage.core.here("customer:carl", "agent:alice")
    stage.core.show("alice", "available")
    stage.do(request("customer:carl"))
    stage.do(CancelConversation(by=actor("customer:carl"), conversation=stage.conversation()))
    spans = stage.spans()
    assert set(spans) == {"route.decide", "offer", "queue.wait", "conversation"}
    assert told(spans["offer"])["fairline.outcome"] == "withdrawn"
    assert told(spans["conversation"])["fairline.reason"] == "cancelled"
    assert spans["conversation"].status.status_code is StatusCode.UNSET
    stage.exporter.clear()
    stage.do(request("customer:carl", "again"))
    stage.core.leave("customer:carl")
    assert stage.tracing.count == 1


def test_waits_are_examples_of_their_traces_in_the_metrics() -> None:
    """The one that was answered, and the one that left: its trace is over when that is counted."""
    stage = Stage()
    happened = Happened(trace_of=stage.tracing.trace_of)
    stage.core.here("customer:carl")
    stage.do(request("customer:carl"))
    by = actor("customer:carl")
    chat = stage.conversation()
    events = stage.core.do(CancelConversation(by=by, conversation=chat), 1_000)
    router = stage.core.router
    stage.tracing.take(Record("acme", router.position, router.now_ms, b""), events)
    happened.applied("acme", Tick(), events)
    waits = [
        (sample.labels["outcome"], sample.exemplar.labels["trace_id"])
        for family in happened.collect()
        for sample in family.samples
        if sample.exemplar is not None
    ]
    context = stage.spans()["conversation"].context
    assert context is not None
    assert waits == [("left", f"{context.trace_id:032x}")]


def test_a_transfer_is_a_second_wait_of_the_same_trace() -> None:
    stage = Stage()
    served(stage)
    agent = stage.core.router.world.conversations.by_id[stage.conversation()].agent
    to = TransferConversation(
        by=actor(f"agent:{agent}"), conversation=stage.conversation(), op="t", queue="billing"
    )
    stage.do(to)
    serve = stage.spans()["conversation.serve"]
    assert told(serve)["fairline.left"] == "transferred"
    assert stage.names().count("queue.wait") == 1
    stage.tracing._open["acme", stage.conversation()].end(10**18)
    assert stage.names().count("queue.wait") == 2


def test_a_caller_s_trace_goes_on_and_a_wrong_one_is_nobody_s() -> None:
    stage = Stage()
    stage.core.here("customer:carl", "customer:ada")
    stage.tracing.note("c-carl-r1", PARENT)
    stage.tracing.note("c-ada-r1", "no traceparent")
    for name in ("carl", "ada"):
        stage.do(request(f"customer:{name}"))
        conversation = ConversationId(f"c-{name}-r1")
        stage.do(CancelConversation(by=actor(f"customer:{name}"), conversation=conversation))
    roots = [span for span in stage.exporter.get_finished_spans() if span.name == "conversation"]
    carl, ada = roots
    assert f"{carl.context.trace_id:032x}" == PARENT.split("-")[1]
    assert carl.parent is not None
    assert f"{carl.parent.span_id:016x}" == PARENT.split("-")[2]
    assert ada.parent is None


def test_a_replay_and_the_hidden_tenant_make_no_traces() -> None:
    for stage in (Stage(), Stage(HIDDEN)):
        stage.is_live = stage.tenant == HIDDEN
        served(stage)
        assert stage.tracing.count == 0
        assert stage.names() == []


def test_one_that_waited_before_this_node_began_has_its_wait() -> None:
    stage = Stage()
    stage.is_live = False
    stage.core.here("customer:carl")
    stage.do(request("customer:carl"))
    stage.is_live = True
    stage.core.here("agent:alice")
    stage.core.show("alice", "available")
    stage.core.now_ms += 3_000
    events = stage.core.accept("alice", stage.offer())
    router = stage.core.router
    stage.tracing.take(Record("acme", router.position, router.now_ms, b""), events)
    stage.do(EndConversation(by=actor("agent:alice"), conversation=stage.conversation()))
    spans = stage.spans()
    root, serve = spans["conversation"], spans["conversation.serve"]
    assert root.start_time is not None
    assert serve.start_time is not None
    waited_ms = told(serve)["fairline.waited_ms"]
    assert (serve.start_time - root.start_time) // 1_000_000 == waited_ms > 3_000


def test_what_is_noted_is_bounded() -> None:
    stage = Stage()
    for number in range(PARENTS_MAX + 10):
        stage.tracing.note(f"c{number}", PARENT)
    stage.tracing.note("empty", "")
    assert len(stage.tracing._parents) == PARENTS_MAX
    assert "c0" not in stage.tracing._parents
