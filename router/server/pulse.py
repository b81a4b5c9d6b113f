"""What time asks of the connections: hello in time, pings, beats, the end of tokens.

Owns: when each connection has to be looked at, and what is due then.
Does not know: messages, the journal, how anything is sent.

Invariants (tests/server/test_pulse.py): one task serves all connections; a connection that says
anything is never taken for dead; none that says nothing is kept longer than its role's interval
and time-out; the first ping comes at a random point of the interval, so that ten thousand sockets
accepted in one second are not pinged in one second.
"""

import heapq
import math
from typing import NamedTuple, Protocol

import structlog
import trio

from router.errors import CloseCode

__all__ = ["BEAT_S", "FATE_S", "HELLO_S", "Heart", "Liveness", "Pulse", "liveness_of"]

HELLO_S = 10.0
RECEPTION_S = 60.0
"""Whoever has said hello may be kept waiting so long, where many came at once."""
BEAT_S = 25.0
FATE_S = 10.0
"""A command whose fate is unknown for so long ends its connection."""
EXPIRING_S = 60.0
_LOG = structlog.get_logger("fairline.pulse")

GRAIN_S = 0.25
"""Deadlines this near to each other are attended to in one go: one wake-up for all of them."""
TURN = 16
"""So many are attended to before other tasks have their turn: a ping is a call of the system."""


class Liveness(NamedTuple):
    """How often a role's silence is asked about, and how long it may last then."""

    every_s: float
    answer_s: float


_PATIENT = Liveness(25.0, 10.0)
_STRICT = Liveness(15.0, 8.0)


def liveness_of(role: str) -> Liveness:
    """Agents are promised work, so their loss must be known soon; others cost less asked less."""
    return _STRICT if role in {"agent", "supervisor"} else _PATIENT


class Patient(Protocol):
    """A connection, as its pulse is felt."""

    @property
    def heard_at(self) -> float:
        """When the peer was last heard of, by trio's clock."""

    @property
    def said_at(self) -> float:
        """When something was last sent to it."""

    def ping(self) -> None:
        """Asks the peer for a sign of life."""

    def beat(self) -> None:
        """Shows the peer one."""

    def warn_of_expiry(self, left_s: float) -> None:
        """Tells the client that its token ends soon."""

    def hang(self, code: int) -> None:
        """Ends the connection."""


class Heart:
    """One connection's deadlines, all by trio's clock."""

    __slots__ = (
        "_beat_at",
        "_expires_at",
        "_hello_by",
        "_is_warned",
        "_liveness",
        "_pinged_at",
        "_turn_at",
        "_welcomed_at",
        "patient",
    )

    def __init__(self, patient: Patient, now: float, share: float) -> None:
        """Starts with the deadline of ``hello``; ``share`` of the first interval passes first."""
        self.patient = patient
        self._hello_by: float | None = now + HELLO_S
        self._liveness = _PATIENT
        self._pinged_at: float | None = None
        self._turn_at = now + self._liveness.every_s * share
        self._beat_at = now + BEAT_S
        self._expires_at: float | None = None
        self._is_warned = False
        self._welcomed_at = now

    def receive(self, now: float) -> None:
        """``hello`` came; it is looked into when its turn comes."""
        self._hello_by = now + RECEPTION_S

    def welcome(self, role: str, now: float, share: float) -> None:
        """``hello`` was accepted: the role's rhythm counts."""
        self._hello_by = None
        self._welcomed_at = now
        self._liveness = liveness_of(role)
        self._turn_at = now + self._liveness.every_s * share
        self._beat_at = now + BEAT_S

    def expire(self, at: float) -> None:
        """The token in force ends at this time."""
        self._expires_at = at
        self._is_warned = False

    def due_at(self) -> float:
        """When something may be due next."""
        due_at = min(self._turn_at, self._beat_at)
        if self._hello_by is not None:
            due_at = min(due_at, self._hello_by)
        if self._expires_at is not None:
            warned_at = self._expires_at - EXPIRING_S
            due_at = min(due_at, self._expires_at if self._is_warned else warned_at)
        return due_at

    def attend(self, now: float) -> bool:
        """Does what is due; whether the connection lives on."""
        if self._hello_by is not None and now >= self._hello_by:
            self.patient.hang(CloseCode.HELLO_TIMEOUT)
            return False
        if self._expires_at is not None and not self._attend_expiry(self._expires_at, now):
            return False
        # A ping may come a grain early, with a beat that is due; what must be answered may not.
        early_s = GRAIN_S if self._pinged_at is None else 0.0
        if now >= self._turn_at - early_s and not self._attend_silence(now):
            return False
        if now >= self._beat_at:
            self._attend_beat(now)
        return True

    def _attend_expiry(self, expires_at: float, now: float) -> bool:
        if now >= expires_at:
            self.patient.hang(CloseCode.TOKEN_EXPIRED)
            return False
        if not self._is_warned and now >= expires_at - EXPIRING_S:
            self._is_warned = True
            self.patient.warn_of_expiry(expires_at - now)
        return True

    def _attend_silence(self, now: float) -> bool:
        heard_at = self.patient.heard_at
        if self._pinged_at is not None:
            if heard_at < self._pinged_at:
                self.patient.hang(CloseCode.NO_PONG)
                return False
            self._pinged_at = None
        quiet_until = heard_at + self._liveness.every_s
        # After a restart all say hello at once: only what came after it may put off the first turn.
        if quiet_until > now and heard_at > self._welcomed_at:
            self._turn_at = quiet_until
        else:
            self.patient.ping()
            self._pinged_at = now
            self._turn_at = now + self._liveness.answer_s
            if self._beat_at - now < self._liveness.every_s / 2:
                self._beat_at = now  # with the ping: one wake-up for both, from then on
        return True

    def _attend_beat(self, now: float) -> None:
        said_at = self.patient.said_at
        is_paired = self._pinged_at == now and now - said_at >= BEAT_S / 2
        if (is_paired or now - said_at >= BEAT_S) and self._hello_by is None:
            self.patient.beat()
            said_at = now
        due_at = said_at + BEAT_S
        self._beat_at = due_at if due_at > now else now + BEAT_S


class Pulse:
    """The one task that attends to all hearts."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Heart]] = []
        self._due: dict[Heart, float] = {}
        self._count = 0
        self._sooner = trio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def watch(self, heart: Heart) -> None:
        """Begins to attend to a heart, or learns that something is due sooner now."""
        due_at = heart.due_at()
        if self._due.get(heart, float("inf")) <= due_at:
            return
        self._push(heart, due_at)
        if self._heap[0][2] is heart:
            self._sooner.set()

    def forget(self, heart: Heart) -> None:
        """Its connection is over; its place in the heap goes when its time comes."""
        self._due.pop(heart, None)
        del heart.patient

    async def run(self) -> None:
        """Attends to whatever is due, for ever."""
        while True:
            self._sooner = trio.Event()
            with trio.CancelScope() as sleep:
                if self._heap:
                    sleep.deadline = math.ceil(self._heap[0][0] / GRAIN_S) * GRAIN_S
                await self._sooner.wait()
            while self.attend(trio.current_time()):
                await trio.lowlevel.checkpoint()

    def attend(self, now: float) -> bool:
        """Attends to what is due by now, ``TURN`` of them at most; whether more are."""
        for _ in range(TURN):
            if not self._heap or self._heap[0][0] > now:
                return False
            due_at, _, heart = heapq.heappop(self._heap)
            if self._due.get(heart) != due_at:
                continue
            del self._due[heart]
            if self._lives_on(heart, now):
                self._push(heart, max(heart.due_at(), now + 0.001))
        return True

    def _lives_on(self, heart: Heart, now: float) -> bool:
        try:
            return heart.attend(now)
        except Exception:
            _LOG.exception("pulse.failed")  # of one connection; the others' deadlines go on
            heart.patient.hang(CloseCode.NO_PONG)
            return False

    def _push(self, heart: Heart, due_at: float) -> None:
        self._count += 1
        self._due[heart] = due_at
        heapq.heappush(self._heap, (due_at, self._count, heart))
