"""How many an event went to, what one had waiting, and whether the node is behind."""

from prometheus_client import Metric

from router.commands import SendMessage
from router.ids import ConversationId
from router.outgoing import Beat
from router.server.delivery_figures import DeliveryFigures
from router.server.flow import Flow
from router.server.outbox import Outbox, Pool, nobody
from router.server.strain import BEHIND_S
from router.server.traffic import Traffic
from router.wire import Encoding, Packet
from tests.helpers.cores import actor, request
from tests.helpers.hubs import Audience


def samples(families: list[Metric]) -> dict[tuple[str, str], float]:
    return {
        (sample.name.removeprefix("fairline_"), sample.labels.get("le", "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_an_event_counts_by_the_connections_that_it_went_to() -> None:
    crowd = Audience()
    crowd.join("customer:carl")
    crowd.join("customer:carl", "second")
    crowd.do(request("customer:carl"))
    before = samples(list(DeliveryFigures(crowd.hub).collect()))
    (chat,) = crowd.core.router.world.conversations.by_id
    name = ConversationId(chat)
    said = SendMessage(by=actor("customer:carl"), conversation=name, op="m", body="hello")
    crowd.do(said)
    after = samples(list(DeliveryFigures(crowd.hub).collect()))
    rise = {key: after[key] - before[key] for key in after}
    # Carl said it himself on one of his two connections, so the other hears it.
    assert rise["fanout_recipients_sum", ""] == 1
    heard = rise["fanout_recipients_count", ""] - rise["fanout_recipients_bucket", "0.0"]
    assert heard == 1


def test_a_late_loop_is_shown() -> None:
    crowd = Audience()
    figures = DeliveryFigures(crowd.hub)
    assert samples(list(figures.collect()))["degraded", ""] == 0
    crowd.hub.strain.note(BEHIND_S, 100.0)
    assert samples(list(figures.collect()))["degraded", ""] == 1
    crowd.hub.strain.note(0.0, 1_000.0)
    assert samples(list(figures.collect()))["degraded", ""] == 0


def test_one_slow_reader_is_seen_among_many_quick_ones() -> None:
    pool = Pool()
    quick, slow = (Outbox(Encoding.JSON, nobody, nobody, pool) for _ in range(2))
    for at in range(200):
        slow.put(Packet(Beat(at=at)))
        quick.put(Packet(Beat(at=at)))
        assert quick.take()
        assert not quick.take()  # nothing is left, and nothing is counted
    held = pool.held
    assert slow.take()
    shown = samples(list(Traffic().figures(pool, Flow()).collect()))
    name = "send_queue_depth_bytes"
    assert shown[f"{name}_count", ""] == 201
    assert shown[f"{name}_bucket", "63.0"] == 200
    assert shown[f"{name}_bucket", "+Inf"] == 201
    assert shown[f"{name}_bucket", "1023.0"] == 200
    assert 1_023 < held < shown[f"{name}_sum", ""] <= held + 200 * 63
