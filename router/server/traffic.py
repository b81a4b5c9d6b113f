"""What goes over the sockets of a node, counted where it happens, shown when Prometheus asks.

Owns: the counts of connections that came and went, of messages and bytes, of answers and pings.
Does not know: sockets, the core, what a message means.

Invariants (tests/server/test_traffic.py): every label is a word of the protocol, so no peer can
make a series; every series that an alert asks for is there at 0 from the start; counting is adding
to a plain number, for it stands in the way of every message.

What was sent is counted where it is put into an outbox (``outbox.Pool``) and where it is written
(``flow.Flow``), for these are shared by all connections already.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router.errors import CloseCode
from router.incoming import Incoming
from router.outgoing import Outgoing, State
from router.server.buckets import Buckets, Labels, as_counter, as_family
from router.server.flow import Flow
from router.server.hidden import HIDDEN
from router.server.outbox import Pool
from router.wire import TYPES, Bad

__all__ = ["NOBODY", "ROLES", "Traffic", "TrafficFigures"]

ROLES = ("agent", "customer", "supervisor", "service")
NOBODY = "unknown"
"""The role of who went before a token was looked into, or whose token was none."""

PINGS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ANSWERS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
MESSAGES = (0, 1, 4, 16, 64, 256, 1024)

_PLAIN_CODES = (1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011)
_CODES = {*_PLAIN_CODES, *map(int, CloseCode)}
_REFUSALS = {int(code): code.word for code in CloseCode}
_TOO_SLOW = (str(int(CloseCode.SLOW_CONSUMER)), str(int(CloseCode.WRITE_TIMEOUT)))
_LOST = (1006, int(CloseCode.NO_PONG), int(CloseCode.WRITE_TIMEOUT))
_CODECS = ("msgpack", "json")
_RESUMES = ("replayed", "snapshot", "expired")


class Traffic:
    """The counts of one node; the gateway's ``pool`` and ``flow`` have what was sent."""

    def __init__(self) -> None:
        self.received: dict[type, int] = dict.fromkeys((*get_args(Incoming), Bad), 0)
        """Messages by their class."""
        self.received_bytes = [0, 0]
        """Of messages in MessagePack, and in JSON."""
        self.answers = {kind: Buckets(ANSWERS) for kind in sorted(TYPES)}
        """From the arrival of a command to its reply, by its type."""
        self._unseen = Buckets(ANSWERS)
        self._pings = {role: Buckets(PINGS) for role in (*ROLES, NOBODY)}
        self._handshakes = {role: Buckets(ANSWERS) for role in ROLES}
        self._replayed = {role: Buckets(MESSAGES) for role in ROLES}
        ends = ("ok", "lost", *_REFUSALS.values())
        self._connects: dict[Labels, int] = {
            (role, end): 0 for role in (*ROLES, NOBODY) for end in ends
        }
        self._resumes: dict[Labels, int] = {
            (role, result): 0 for role in ROLES for result in _RESUMES
        }
        self._ends: dict[Labels, int] = {
            (role, str(code), _who(code, is_ours=code >= 4000)): 0
            for role in (*ROLES, NOBODY)
            for code in sorted(_CODES)
        }

    # -- what connections tell -----------------------------------------------------------------

    def answer_of(self, tenant: str, kind: str) -> Buckets:
        """Where the time of an answer counts; what a doctor plays counts nowhere."""
        return self.answers[kind] if tenant != HIDDEN else self._unseen

    def take(self, frame: str | bytes, messages: Iterable[object]) -> None:
        """A frame came with these messages."""
        received = self.received
        for message in messages:
            received[message.__class__] += 1
        if isinstance(frame, bytes):
            self.received_bytes[0] += len(frame)
        elif frame.isascii():  # as nearly always, and Python knows it of each string
            self.received_bytes[1] += len(frame)
        else:
            self.received_bytes[1] += len(frame.encode(errors="replace"))

    def welcomed(self, role: str, took_s: float, seen: Mapping[str, int], state: State) -> None:
        """A ``hello`` was answered; ``seen`` is what it named."""
        self._connects[role, "ok"] += 1
        self._handshakes[role].note(took_s)
        if seen:
            more = {one.conversation: one.more for one in state.conversations}
            result = "replayed"
            if any(more.get(one) for one in seen):
                result = "snapshot"
            elif not any(one in more for one in seen):
                result = "expired"
            self._resumes[role, result] += 1
            self._replayed[role].note(sum(len(one.messages) for one in state.conversations))

    def pinged(self, role: str, took_s: float | None) -> None:
        """A ping was answered so late; None where it was not."""
        if took_s is not None:
            self._pings[role].note(took_s)

    def ended(self, role: str, code: int, *, was_welcome: bool, is_ours: bool) -> None:
        """A connection is over; a peer chooses its code, so only known ones are named."""
        if not was_welcome:
            self._connects[role, _REFUSALS.get(code, "lost") if is_ours else "lost"] += 1
        key = (role, str(code) if code in _CODES else "other", _who(code, is_ours=is_ours))
        self._ends[key] = self._ends.get(key, 0) + 1

    # -- the page ------------------------------------------------------------------------------

    def figures(self, pool: Pool, flow: Flow) -> "TrafficFigures":
        """What a page shows of this, and of what was sent."""
        return TrafficFigures(self, pool, flow)

    def families(self) -> Iterable[Metric]:
        """Everything but what was sent."""
        yield as_counter(
            "fairline_connects",
            "Connections by what became of them.",
            ["role", "result"],
            self._connects,
        )
        yield as_counter(
            "fairline_disconnects",
            "Ended connections, by close code and who ended them.",
            ["role", "code", "initiator"],
            self._ends,
        )
        slow = sum(n for key, n in list(self._ends.items()) if key[1] in _TOO_SLOW)
        yield as_counter(
            "fairline_slow_consumer_closes", "Closed because they did not read.", [], {(): slow}
        )
        yield as_counter(
            "fairline_resumes",
            "Clients that came back with what they had seen: all they missed was sent (replayed),"
            " only the newest (snapshot), or it was theirs no more (expired).",
            ["role", "result"],
            self._resumes,
        )
        for name, text, label, series in (
            ("replayed_events", "Messages sent to who came back.", "role", self._replayed),
            ("handshake_duration_seconds", "From upgrade to welcome.", "role", self._handshakes),
            ("ping_rtt_seconds", "From a ping to its pong.", "role", self._pings),
            ("command_duration_seconds", "From a command to its reply.", "type", self.answers),
        ):
            told: dict[Labels, Buckets] = {(value,): buckets for value, buckets in series.items()}
            yield as_family(f"fairline_{name}", text, [label], told)


class TrafficFigures(Collector):
    """What a page shows; may be collected in a thread."""

    def __init__(self, traffic: Traffic, pool: Pool, flow: Flow) -> None:
        self._traffic = traffic
        self._pool = pool
        self._flow = flow

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``."""
        traffic, pool, flow = self._traffic, self._pool, self._flow
        yield from traffic.families()
        frames: dict[Labels, int] = {
            ("in", _tag(kind)): count for kind, count in traffic.received.items()
        }
        frames |= {("out", _tag(kind)): pool.sent.get(kind, 0) for kind in get_args(Outgoing)}
        yield as_counter("fairline_frames", "Messages by their type.", ["dir", "type"], frames)
        size: dict[Labels, int] = {
            ("in", codec): traffic.received_bytes[at] for at, codec in enumerate(_CODECS)
        }
        size |= {("out", codec): flow.written_bytes[at] for at, codec in enumerate(_CODECS)}
        yield as_counter("fairline_frame_bytes", "Bytes of messages.", ["dir", "codec"], size)
        yield as_counter(
            "fairline_coalesced_updates",
            "Values that were replaced by newer ones before they were sent.",
            [],
            {(): pool.coalesced},
        )
        yield as_family(
            "fairline_send_queue_depth_bytes",
            "What one connection had waiting each time that it was written to.",
            [],
            {(): pool.depths},
        )
        held = GaugeMetricFamily("fairline_send_queue_bytes", "What is left to be sent.")
        held.add_metric([], pool.held)
        yield held


def _who(code: int, *, is_ours: bool) -> str:
    """Who ended it: we, the other side, or the network between."""
    if code in _LOST:
        return "network"
    return "server" if is_ours else "client"


def _tag(kind: type) -> str:
    return "bad" if kind is Bad else str(kind.__struct_config__.tag)  # type: ignore[attr-defined]
