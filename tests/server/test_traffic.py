"""What goes over the sockets of a node, as its page shows it."""

from router.errors import CloseCode
from router.server.flow import Flow
from router.server.outbox import Pool
from router.server.traffic import ROLES, Traffic
from tests.helpers.nodes import open_node, token

Shown = dict[tuple[str, ...], float]


def shown(traffic: Traffic) -> Shown:
    """Every sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in traffic.figures(Pool(), Flow()).collect()
        for sample in family.samples
    }


def test_what_an_alert_asks_for_is_there_before_anybody_came() -> None:
    found = shown(Traffic())
    for role in ROLES:
        assert found["fairline_disconnects_total", "4201", "server", role] == 0
        assert found["fairline_disconnects_total", "1006", "network", role] == 0
        assert found["fairline_connects_total", "ok", role] == 0
        assert found["fairline_resumes_total", "expired", role] == 0
        assert found["fairline_ping_rtt_seconds_count", role] == 0
    assert found["fairline_connects_total", "invalid_token", "unknown"] == 0
    assert found["fairline_frames_total", "in", "hello"] == 0
    assert found["fairline_frames_total", "out", "offer.new"] == 0
    assert found["fairline_command_duration_seconds_count", "message.send"] == 0


def test_codes_that_a_peer_invents_are_one_label() -> None:
    traffic = Traffic()
    before = set(shown(traffic))
    for code in (4999, 3000, 1012, 65_000):
        traffic.ended("agent", code, was_welcome=True, is_ours=False)
    traffic.ended("agent", CloseCode.SLOW_CONSUMER, was_welcome=True, is_ours=True)
    traffic.ended("unknown", CloseCode.INVALID_TOKEN, was_welcome=False, is_ours=True)
    traffic.ended("unknown", 4500, was_welcome=False, is_ours=False)
    found = shown(traffic)
    assert found["fairline_disconnects_total", "other", "client", "agent"] == 4
    assert found["fairline_disconnects_total", "4201", "server", "agent"] == 1
    assert found["fairline_slow_consumer_closes_total",] == 1
    assert found["fairline_connects_total", "invalid_token", "unknown"] == 1
    assert found["fairline_connects_total", "lost", "unknown"] == 1
    assert len(set(found) - before) == 2


async def test_a_session_leaves_its_traces() -> None:
    async with open_node() as node:
        carl = await node.join("customer", "carl")
        alice = await node.join("agent", "alice", "msgpack")
        asked = await carl.ok("conversation.request", op="r", channel="chat", topic="Grüße")
        await alice.ok("presence.set", show="available")
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        await carl.ok("message.send", conversation=asked["conversation"], op="m", body="Grüße")
        await carl.send_raw("{")
        await carl.until("reply", id=0)
        await carl.drop()
        again = await node.join("customer", "carl", seen={asked["conversation"]: 0})
        assert len(again.welcome["state"]["conversations"][0]["messages"]) == 1
        other = await node.join("customer", "dora", seen={asked["conversation"]: 1})
        stranger = await node.socket()
        bad = {"token": token("agent", "x")[:-4] + "AAAA", "role": "agent"}
        await stranger.send("hello", **bad, client={"name": "t", "version": "1"})
        assert (await stranger.ends())[0] == CloseCode.INVALID_TOKEN
        await other.close()
        gateway = node.node.gateway
        found = {
            (one.name, *(value for _, value in sorted(one.labels.items()))): one.value
            for family in gateway.traffic.figures(gateway.pool, gateway.flow).collect()
            for one in family.samples
        }
    assert found["fairline_connects_total", "ok", "customer"] == 3
    assert found["fairline_connects_total", "invalid_token", "unknown"] == 1
    assert found["fairline_resumes_total", "replayed", "customer"] == 1
    assert found["fairline_resumes_total", "expired", "customer"] == 1
    assert found["fairline_replayed_events_sum", "customer"] == 1
    assert found["fairline_handshake_duration_seconds_count", "customer"] == 3
    assert found["fairline_frames_total", "in", "message.send"] == 1
    assert found["fairline_frames_total", "in", "bad"] == 1
    assert found["fairline_frames_total", "in", "hello"] == 5
    assert found["fairline_frames_total", "out", "offer.new"] == 1
    assert found["fairline_frames_total", "out", "welcome"] == 4
    assert found["fairline_command_duration_seconds_count", "offer.accept"] == 1
    for direction in ("in", "out"):
        for codec in ("json", "msgpack"):
            assert found["fairline_frame_bytes_total", codec, direction] > 100
