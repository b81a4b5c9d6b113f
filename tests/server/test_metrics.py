"""What the node tells Prometheus."""

import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from router.commands import Tick
from router.errors import CloseCode, Refusal
from router.events import (
    AgentChanged,
    CommandRefused,
    ConversationEnded,
    ConversationQueued,
    OfferMade,
    Overtaken,
)
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.server.metrics import VIOLATIONS, Metrics
from tests.helpers.cores import request
from tests.helpers.hubs import Audience
from tests.helpers.nodes import open_node


def figures(page: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


async def page_of(metrics: Metrics, crowd: Audience) -> dict[tuple[str, tuple[str, ...]], float]:
    routers = {"acme": crowd.core.router}
    return figures(await metrics.page(routers, crowd.hub.links, crowd.core.now_ms))


async def test_the_page_shows_connections_lines_and_agents() -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    crowd.join("customer:carl")
    crowd.do(request("customer:carl"))
    shown = await page_of(Metrics(), crowd)
    assert shown["fairline_connections", ("agent",)] == 1
    assert shown["fairline_connections", ("customer",)] == 1
    assert shown["fairline_connections", ("service",)] == 0
    assert shown["fairline_waiting", ("support", "acme")] == 1
    assert shown["fairline_agents", ("away", "acme")] == 1
    assert shown["fairline_position", ("acme",)] == crowd.core.router.position
    for kind in VIOLATIONS:
        assert shown["fairline_invariant_violations_total", (kind,)] == 0


async def test_commands_and_what_they_caused_are_counted_by_word() -> None:
    metrics = Metrics()
    chat, carl = ConversationId("c1"), CustomerId("c")
    changed = AgentChanged(AgentId("a"), "away", "available", "")
    same = AgentChanged(AgentId("a"), "available", "available", "load")
    metrics.applied("acme", Tick(), [changed, same])
    back = ConversationQueued(chat, carl, "q", "waiting", 1, "returned")
    new = ConversationQueued(chat, carl, "q", "waiting", 1, "requested")
    metrics.applied("acme", Tick(), [new, back])
    metrics.applied("acme", Tick(), [CommandRefused(Refusal.OFFER_GONE, "gone")])
    ended = ConversationEnded(chat, CustomerId("c"), "q", "agent", 1, 2, ())
    metrics.applied("acme", Tick(), [ended])
    metrics.batch(3)
    metrics.poisoned()
    shown = await page_of(metrics, Audience())
    assert shown["fairline_commands_total", ("ok", "Tick")] == 3
    assert shown["fairline_commands_total", ("offer_gone", "Tick")] == 1
    assert shown["fairline_presence_changes_total", ("acme", "available")] == 1
    assert shown["fairline_requeues_total", ("returned", "q", "acme")] == 1
    assert shown["fairline_conversations_ended_total", ("agent",)] == 1
    assert shown["fairline_journal_batch_commands_count", ()] == 1
    assert shown["fairline_invariant_violations_total", ("command",)] == 1
    assert shown["fairline_handle_seconds_count", ("q", "acme")] == 1


async def test_an_offer_that_passes_somebody_over_who_could_be_taken_is_a_violation() -> None:
    metrics = Metrics()
    passed = Overtaken(by_class=1, not_taken=2, violations=3)
    made = OfferMade(OfferId("o"), ConversationId("c"), AgentId("a"), 20_000, 1, (), False, passed)
    metrics.applied("acme", Tick(), [made])
    shown = await page_of(metrics, Audience())
    assert shown["fairline_invariant_violations_total", ("order",)] == 3
    assert shown["fairline_last_offer_timestamp_seconds", ("acme",)] > 1.7e9


async def test_codes_that_a_peer_invents_are_one_label() -> None:
    metrics = Metrics()
    for code in (4999, 3000, 1012, 65_000):
        metrics.disconnected(code)
    metrics.disconnected(CloseCode.SLOW_CONSUMER)
    metrics.disconnected(1006)
    shown = await page_of(metrics, Audience())
    assert shown["fairline_disconnects_total", ("other",)] == 4
    assert shown["fairline_disconnects_total", ("4201",)] == 1
    assert shown["fairline_disconnects_total", ("1006",)] == 1


async def test_the_door_counts_by_its_own_words() -> None:
    metrics = Metrics()
    metrics.count("front_accepts")
    metrics.count("socket_ends", code="1000", fault="none")
    metrics.count("socket_ends", fault="none", code="1000")
    shown = await page_of(metrics, Audience())
    assert shown["fairline_front_accepts_total", ()] == 1
    assert shown["fairline_socket_ends_total", ("1000", "none")] == 2


async def test_a_page_is_rendered_at_most_once_a_second(
    autojump_clock: trio.testing.MockClock,
) -> None:
    metrics, crowd = Metrics(), Audience()
    first = await metrics.page({}, crowd.hub.links, 0)
    metrics.poisoned()
    assert await metrics.page({}, crowd.hub.links, 0) is first
    await trio.sleep(1.5)
    assert await metrics.page({}, crowd.hub.links, 0) != first


async def test_a_late_loop_is_seen(autojump_clock: trio.testing.MockClock) -> None:
    metrics = Metrics()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(metrics.measure_lag)
        await trio.sleep(1.1)
        nursery.cancel_scope.cancel()
    shown = await page_of(metrics, Audience())
    assert shown["fairline_loop_lag_seconds_count", ()] == 4


async def test_nothing_a_client_sends_becomes_a_series() -> None:
    async with open_node() as node:
        carl = await node.join("customer", "secret-carl", client={"name": "x", "device": "dev-1"})
        asked = await carl.ok("conversation.request", op="r", channel="chat", topic="secret-topic")
        await node.get("/path-0")
        before = len(figures((await node.get("/metrics"))[2]))
        for number in range(50):
            await node.get(f"/path-{number}", f"User-Agent: agent-{number}")
        node.node.metrics._page = None  # else the page of a moment ago is good enough
        page = (await node.get("/metrics"))[2]
        assert len(figures(page)) == before
        for secret in ("secret", "dev-1", asked["conversation"], "path-1"):
            assert secret.encode() not in page
