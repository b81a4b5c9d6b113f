"""What one process of the generator writes down, and how it hands it to the one that adds up.

Owns: the rows (visits, offers, stints), the histograms by kind of message, the generator's own
health. Does not know: sockets, or whether what it writes down is right.

Invariants (tests/loadtest/test_notes.py): every instant is on one clock that all processes of a
machine share (``now``); a latency is counted twice, from when it was meant to begin and from when
it did begin, so that a generator or server that stalls cannot hide what it held up.

A load generator that waits for an answer before it sends the next request leaves out just those
requests that would have been slow ("coordinated omission", Tene 2013). Here nobody waits, so the
instant that was planned is known and nothing has to be guessed: ``corrected`` is exact.
"""

import time
from collections import defaultdict
from pathlib import Path

import msgspec
from hdrh.histogram import HdrHistogram
from msgspec import Struct, field

from loadtest.faults import EXAMPLES_MAX, Faults

__all__ = [
    "Health",
    "Latencies",
    "Notes",
    "Offer",
    "Sheet",
    "Stint",
    "Visit",
    "decoded",
    "new_histogram",
    "now",
    "read_sheet",
]

MICROSECONDS_MAX = 600_000_000
DIGITS = 3


def now() -> float:
    """Seconds on the machine's monotonic clock: the same in all its processes."""
    return time.perf_counter()


class Visit(Struct):
    """One conversation as its customer saw it; 0 is never."""

    number: int
    type: str
    line: str
    due: float
    """When the customer meant to ask."""
    sent: float
    patience: float
    has_priority: bool = False
    is_loud: bool = False
    id: str = ""
    acknowledged: float = 0.0
    estimate_p50_ms: int = -1
    estimate_p90_ms: int = -1
    assigned: float = 0.0
    agent: str = ""
    assignments: int = 0
    cancelled: float = 0.0
    ended: float = 0.0
    ended_pos: int = 0
    reason: str = ""
    refused: str = ""
    was_away: bool = False
    """The connection was lost while it waited: it is passed over, and keeps its place."""
    is_crossed: bool = False
    has_joined: bool = False
    """It went into an earlier one of the same person, whose place it has."""
    is_there: bool = False
    """The server named it when it was asked for everything, at the latest at the end."""


class Offer(Struct):
    """One proposal as the agent saw it.

    Attributes:
        at: when it was read; it was made before that.
        not_before: when the agent sent what made it able to get one; it was made after that.
        answer: what the agent did: ``accept``, ``decline``, ``miss``.
        is_untimed: the agent was freed by somebody else, who withdrew what they were offered
            before, so that nobody can say since when there was an offer to be made.
    """

    id: str
    agent: str
    conversation: str
    pos: int
    at: float
    not_before: float
    answer: str = ""
    outcome: str = ""
    ended_pos: int = 0
    is_agent_gone: bool = False
    is_untimed: bool = False


class Stint(Struct):
    """An agent in a conversation, from its beginning to the end of the work after it."""

    agent: str
    conversation: str
    pos: int
    at: float
    until: float = 0.0
    """0 for who was still at work when the run was over."""
    is_lost: bool = False
    has_seen_end: bool = False


class Health(Struct):
    """How the generator itself was, second by second: what it took, how late its loop was."""

    at: float
    cpu: float
    """Share of a core."""
    lag_ms: float


class Sheet(Struct):
    """All of one process, as it is handed over."""

    process: int
    visits: list[Visit] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    stints: list[Stint] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    lateness_ms: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    excused: dict[str, int] = field(default_factory=dict)
    """What went wrong while a fault of the scenario was under way."""
    latencies: dict[str, list[str]] = field(default_factory=dict)
    """By kind of message the two histograms, corrected and not, as HdrHistogram encodes them."""
    handshakes: str = ""
    back_s: list[float] = field(default_factory=list)
    """How long after a fault each of those it hit was back."""
    connections: int = 0
    newcomers: int = 0
    hushed: int = 0
    is_cut_off: bool = False


def new_histogram() -> HdrHistogram:
    """Empty; microseconds, three digits."""
    return HdrHistogram(1, MICROSECONDS_MAX, DIGITS)


def decoded(text: str) -> HdrHistogram:
    """A histogram out of a sheet."""
    return HdrHistogram.decode(text)


def _encoded(histogram: HdrHistogram) -> str:
    code: bytes = histogram.encode()
    return code.decode("ascii")


def _record(histogram: HdrHistogram, seconds: float) -> None:
    histogram.record_value(min(max(1, round(seconds * 1e6)), MICROSECONDS_MAX))


class Latencies:
    """Histograms by kind of message."""

    def __init__(self) -> None:
        self._by_kind: dict[str, tuple[HdrHistogram, HdrHistogram]] = {}

    def count(self, kind: str, *, due: float, sent: float, done: float) -> None:
        """Adds one that was meant to begin at ``due``, began at ``sent`` and was over at ``done``.

        ``sent`` is before ``due`` for what waits until it is called for; then ``due`` counts.
        """
        pair = self._by_kind.get(kind)
        if pair is None:
            pair = self._by_kind[kind] = (new_histogram(), new_histogram())
        _record(pair[0], done - due)
        _record(pair[1], done - max(due, sent))

    def encoded(self) -> dict[str, list[str]]:
        """All of them, as text."""
        return {kind: [_encoded(each) for each in pair] for kind, pair in self._by_kind.items()}


class ExcusableFaults(Faults):
    """Counts apart what goes wrong while the scenario itself breaks things."""

    def __init__(self) -> None:
        super().__init__()
        self.is_excused = False
        self.excused: dict[str, int] = defaultdict(int)

    def count(self, kind: str, example: str) -> None:
        """See ``Faults``; a lost connection is no error where the scenario cut it."""
        if self.is_excused and kind.startswith(("connect.", "closed.", "reply.missing")):
            self.excused[kind] += 1
        else:
            super().count(kind, example)


class Notes:
    """The open sheet of a process."""

    def __init__(self, process: int) -> None:
        self.sheet = Sheet(process)
        self.faults = ExcusableFaults()
        self.latencies = Latencies()
        self._handshakes = new_histogram()

    def connected(self, seconds: float) -> None:
        """Somebody was welcomed, so long after dialling."""
        self.sheet.connections += 1
        _record(self._handshakes, seconds)

    def write(self, file: Path) -> None:
        """Closes the sheet into a file."""
        sheet = self.sheet
        sheet.errors = dict(self.faults.counts)
        sheet.examples = {kind: few[:EXAMPLES_MAX] for kind, few in self.faults.examples.items()}
        sheet.excused = dict(self.faults.excused)
        sheet.latencies = self.latencies.encoded()
        sheet.handshakes = _encoded(self._handshakes)
        file.write_bytes(msgspec.msgpack.encode(sheet))


def read_sheet(file: Path) -> Sheet:
    """A sheet that a process has written."""
    return msgspec.msgpack.decode(file.read_bytes(), type=Sheet)
