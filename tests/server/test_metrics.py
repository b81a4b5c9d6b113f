"""What the node tells Prometheus."""

import pytest
import trio
import trio.testing
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from router.server.happened import VIOLATIONS
from router.server.metrics import Metrics
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
    assert shown["fairline_connections", ("json", "agent")] == 1
    assert shown["fairline_connections", ("json", "customer")] == 1
    assert shown["fairline_connections", ("json", "service")] == 0
    assert shown["fairline_queue_waiting", ("support", "acme")] == 1
    assert shown["fairline_agents", ("away", "acme")] == 1
    assert shown["fairline_position", ("acme",)] == crowd.core.router.position
    for kind in VIOLATIONS:
        assert shown["fairline_invariant_violations_total", (kind,)] == 0


async def test_who_listens_is_counted_by_the_kind_of_topic() -> None:
    async with open_node() as node:
        sofia = await node.join("supervisor", "sofia")
        await sofia.ok("sub", topic="board")
        await sofia.ok("sub", topic="agents", mode="counts")
        await sofia.ok("sub", topic="team:emea")
        name = "fairline_topic_subscriptions"
        shown = figures((await node.get("/metrics"))[2])
        assert {key: value for key, value in shown.items() if key[0] == name and value} == {
            (name, ("full", "board")): 1,
            (name, ("counts", "agents")): 1,
            (name, ("full", "team")): 1,
        }
        assert shown[name, ("counts", "skills")] == 0
        await sofia.ok("unsub", topic="board")
        node.node.metrics._pages.clear()
        shown = figures((await node.get("/metrics"))[2])
        assert shown[name, ("full", "board")] == 0


async def test_what_the_audit_finds_is_counted_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics, crowd = Metrics(), Audience()
    crowd.join("customer:carl")
    crowd.do(request("customer:carl"))
    world = crowd.core.router.world
    await metrics.audit({"acme": crowd.core.router})
    assert "core.unsound" not in capsys.readouterr().out
    (name,) = world.conversations.by_id
    world.line.leave(name)
    await metrics.audit({"acme": crowd.core.router})
    shown = await page_of(metrics, crowd)
    assert shown["fairline_invariant_violations_total", ("lost",)] == 1
    assert sum(shown["fairline_invariant_violations_total", (kind,)] for kind in VIOLATIONS) == 1
    told = capsys.readouterr().out
    assert "core.unsound" in told
    assert name in told


async def test_the_door_counts_by_its_own_words() -> None:
    metrics = Metrics()
    before = await page_of(metrics, Audience())
    assert before["fairline_socket_ends_total", ("1000", "none")] == 0
    metrics._pages.clear()  # else the page of a moment ago is good enough
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


TIMED = (
    b'fairline_http_request_duration_seconds_count{route="/metrics"}',
    b'fairline_http_request_duration_seconds_count{route="other"}',
)


async def test_nothing_a_client_sends_becomes_a_series() -> None:
    async with open_node() as node:
        carl = await node.join("customer", "secret-carl", client={"name": "x", "device": "dev-1"})
        asked = await carl.ok("conversation.request", op="r", channel="chat", topic="secret-topic")
        await node.get("/path-0")
        page = b""
        with trio.fail_after(10):  # a route's times begin with the end of its first answer
            while not all(route in page for route in TIMED):
                node.node.metrics._pages.clear()
                page = (await node.get("/metrics"))[2]
        before = len(figures(page))
        for number in range(50):
            await node.get(f"/path-{number}", f"User-Agent: agent-{number}")
        node.node.metrics._pages.clear()  # else the page of a moment ago is good enough
        page = (await node.get("/metrics"))[2]
        assert len(figures(page)) == before
        for secret in ("secret", "dev-1", asked["conversation"], "path-1"):
            assert secret.encode() not in page


async def test_whatever_the_doors_can_refuse_has_its_series_before_it_happened() -> None:
    """Each head, frame and end that is counted while a client misbehaves was there at 0."""
    async with open_node() as node:
        names = ("fairline_front_heads_refused", "fairline_gate_verdicts", "fairline_socket_ends")

        async def series() -> dict[tuple[str, tuple[str, ...]], float]:
            node.node.metrics._pages.clear()
            page = figures((await node.get("/metrics"))[2])
            return {key: value for key, value in page.items() if key[0].startswith(names)}

        before = await series()
        assert set(before.values()) == {0}
        for name in names:
            assert len([key for key in before if key[0].startswith(name)]) >= 7, name
        await node.get("/", "Host: twice")
        carl = await node.join("customer", "carl")
        await carl.close()
        after = before
        with trio.fail_after(10):  # an end counts once it is over, a moment after it was said
            while sum(after.values()) < 2:
                after = await series()
        assert after.keys() == before.keys()


PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
"""What Prometheus says that it accepts, unless it is told otherwise."""


async def test_whoever_asks_for_openmetrics_gets_it_and_all_others_the_text_format() -> None:
    async with open_node() as node:
        await node.join("customer", "carl")
        _, told, page = await node.get("/metrics", f"Accept: {PROMETHEUS}")
        assert told["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert page.endswith(b"# EOF\n")
        opened = {family.name for family in open_families(page.decode())}  # type: ignore[no-untyped-call]
        plain = b""
        for accept in ("*/*", "text/plain;version=0.0.4", "text/html", ""):
            _, told, plain = await node.get("/metrics", f"Accept: {accept}")
            assert told["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert b"# EOF" not in plain
        closed = {family.name for family in text_string_to_metric_families(plain.decode())}
        assert opened == closed
