"""How long a wait will be: a band, corrected by what waits became, with its measured error.

Owns: what is learnt of each queue (services, patience, recent waits), the estimates, their error.
Does not know: the line or agents; ``facts`` tells it how many stand before a conversation and how
many agents at work could serve it.

A fold over events beside the core: nothing here is in the digest, a node that restarts begins
with the priors. Floats, for they decide nothing; what goes out is whole milliseconds.

    QL     (ahead + 1) / rate, rate = agents x conversations each / mean service
    QLa    the same, knowing that some leave (``router.waitlaw``)
    LES    the wait of the last who entered service, having waited
    HOL    how long the first in line has waited
    mean10 the mean of the last ten waits

QLa is the best of these on real logs, and a regression on all of them takes off another sixth.
Three experts predict: QLa itself, a regression of all queues, one of the queue's own; the one that
erred least lately is believed. The band is the law's, as wide as the errors are, and each of its
ends is nudged after every wait until the right share of waits stays below it.

Invariants (tests/test_estimate.py): no estimate without an agent at work, none for a deferred
conversation; p50 <= p90; memory is bounded by what is in line and by the queues.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from router.events import (
    ConversationAssigned,
    ConversationEnded,
    ConversationQueued,
    Event,
    LineMoved,
    OfferMade,
)
from router.outgoing import WaitBand
from router.regression import FADES, Regression, Score
from router.waitlaw import mean_and_variance, quantile

__all__ = ["SHARES", "EstimateFigures", "Estimator", "PoolFacts"]

SERVICES_KEPT = 100
SERVICE_PRIOR_MS = 180_000
PATIENCE_PRIOR_MS = 345_000
"""A real bank's; it counts like ``PATIENCE_PRIOR_COUNT`` customers who left."""
PATIENCE_PRIOR_COUNT = 20
PATIENCE_FADES = 0.999
LEARN_EVERY_MS = 100
LEARN_ANY_MS = 10
"""Of a queue ten waits a second are learnt from, of all a hundred: enough, and a bounded cost."""
HEAD_START_MAX_MS = 120_000
DEFERRED_MS = 60_000
"""Whose key lies further ahead of now is deferred: not waiting for anybody yet."""
TRUSTED_AFTER = 30
NUDGE = 0.02
UNIT_MS = 100_000
CORRECTION_MAX = 6.0
SHARES = (500, 800, 900)
"""Per mille of waits, each with an end that so many are to stay below."""
Told = Callable[[str, tuple[float, ...], int], None]
"""Told the queue, what was announced for each of ``SHARES``, and the wait; milliseconds."""
_PREDICTORS = ("corrected", "QLa", "QL", "LES", "HOL", "mean10")
_FIRST_WEIGHTS = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class PoolFacts(Struct, frozen=True, gc=False):
    """How a conversation stands: others before it, agents at work who could serve it."""

    ahead: int
    agents: int


class EstimateFigures(Struct, frozen=True):
    """How good the estimates at the moment of joining were, over ``count`` waits that were served.

    ``rmse_ms`` and ``mae_ms`` by predictor; ``shares`` by per mille announced, the part of waits
    that stayed below.
    """

    count: int
    rmse_ms: dict[str, int]
    mae_ms: dict[str, int]
    shares: dict[int, float]


class _Stream:
    """What is learnt of one queue."""

    def __init__(self, services_kept: int) -> None:
        self.services: deque[int] = deque(maxlen=services_kept)
        self.service_total_ms = 0
        self.held = 1.0
        """How many conversations an agent has at once, when somebody waits."""
        self.waited_ms = float(PATIENCE_PRIOR_MS * PATIENCE_PRIOR_COUNT)
        self.left = float(PATIENCE_PRIOR_COUNT)
        self.last_wait_ms = 0
        self.last_waits: deque[int] = deque(maxlen=10)
        self.waiting: OrderedDict[str, int] = OrderedDict()
        """Since when each stands in line, the first first."""
        self.fresh: list[str] = []
        """Those who joined during the command under way."""
        self.next_lesson_ms = 0
        self.own = Regression(_FIRST_WEIGHTS)
        self.scores = {"QLa": Score(), "shared": Score(), "own": Score()}
        self.spread = [0.0, 1.0]
        """Squared errors and squared estimates, fading: their ratio is the width of the band."""
        self.ends = dict.fromkeys(SHARES, 1.0)

    def note_service(self, handling_ms: int) -> None:
        """A service ended."""
        if len(self.services) == self.services.maxlen:
            self.service_total_ms -= self.services[0]
        self.services.append(handling_ms)
        self.service_total_ms += handling_ms

    def service_ms(self) -> float:
        """The mean service; the prior counts like one."""
        return (SERVICE_PRIOR_MS + self.service_total_ms) / (1 + len(self.services))

    def note_patience(self, waited_ms: int, *, has_left: bool) -> None:
        """A wait is over: somebody left, or was served."""
        self.waited_ms = self.waited_ms * PATIENCE_FADES + waited_ms
        self.left = self.left * PATIENCE_FADES + has_left

    def note_wait(self, waited_ms: int) -> None:
        """Somebody who had waited entered service."""
        self.last_wait_ms = waited_ms
        self.last_waits.append(waited_ms)


class _Guess(Struct):
    """What was estimated for one wait."""

    features: tuple[float, ...]
    by_expert: dict[str, float]
    law: tuple[float, float]
    believed: str


class _Wait(Struct):
    """A conversation in line or in service."""

    queue: str
    since_ms: int
    head_start_ms: int
    is_deferred: bool
    is_waiting: bool = True
    guess: _Guess | None = None
    agent: str = ""


class Estimator:
    """Estimates the waits of one tenant.

    Args:
        facts: Tells how a conversation stands now; None where it stands nowhere.
        services_kept: Over how many services the mean service is.
        told: Hears of each wait that was served after an estimate.
    """

    def __init__(
        self,
        facts: Callable[[str], PoolFacts | None],
        *,
        services_kept: int = SERVICES_KEPT,
        told: Told | None = None,
    ) -> None:
        self._facts = facts
        self._told = told
        self._services_kept = services_kept
        self._streams: dict[str, _Stream] = {}
        self._waits: dict[str, _Wait] = {}
        self._held: dict[str, int] = {}
        self._shared = Regression(_FIRST_WEIGHTS)
        self._next_lesson_ms = 0
        self._count = 0
        self._squares = dict.fromkeys(_PREDICTORS, 0.0)
        self._errors = dict.fromkeys(_PREDICTORS, 0.0)
        self._below = dict.fromkeys(SHARES, 0)
        self._takes: Mapping[type, Callable[[Any, int], None]] = {
            ConversationQueued: self._queued,
            LineMoved: self._line_moved,
            OfferMade: self._offered,
            ConversationAssigned: self._assigned,
            ConversationEnded: self._ended,
        }

    def take(self, event: Event, now_ms: int) -> None:
        """Takes in the next event, after the whole command was applied."""
        if (take := self._takes.get(type(event))) is not None:
            take(event, now_ms)

    def wait(self, conversation: str, now_ms: int) -> WaitBand | None:
        """How much longer a conversation in line will wait; None where nothing can be said."""
        wait = self._waits.get(conversation)
        if wait is None or wait.agent:
            return None
        guess = self._guess(conversation, wait, now_ms)
        return None if guess is None else self._band(wait.queue, guess)

    def newcomer(self, queue: str, facts: PoolFacts, now_ms: int) -> WaitBand | None:
        """How long who came now would wait behind ``facts.ahead``; None where nobody can say."""
        wait = _Wait(queue, now_ms, 0, is_deferred=False)
        guess = self._guess_from(facts, "", wait, now_ms) if facts.agents else None
        return None if guess is None else self._band(queue, guess)

    def _band(self, queue: str, guess: _Guess) -> WaitBand:
        median_ms, _, high_ms = self._ends(self._streams[queue], guess)
        return WaitBand(p50=int(median_ms), p90=int(max(median_ms, high_ms)))

    def figures(self) -> EstimateFigures:
        """The error of the estimates so far."""
        count = max(self._count, 1)
        return EstimateFigures(
            count=self._count,
            rmse_ms={name: int((total / count) ** 0.5) for name, total in self._squares.items()},
            mae_ms={name: int(total / count) for name, total in self._errors.items()},
            shares={share: below / count for share, below in self._below.items()},
        )

    # -- what happened -------------------------------------------------------------------------

    def _stream(self, queue: str) -> _Stream:
        stream = self._streams.get(queue)
        if stream is None:
            stream = self._streams[queue] = _Stream(self._services_kept)
        return stream

    def _queued(self, event: ConversationQueued, now_ms: int) -> None:
        if event.status != "waiting":
            return
        wait = self._waits.get(event.conversation)
        stream = self._stream(event.queue)
        if wait is not None and not wait.agent:
            # An offer came to nothing: it stands where it stood.
            if not wait.is_waiting and not wait.is_deferred:
                wait.is_waiting = True
                stream.waiting[event.conversation] = wait.since_ms
                stream.waiting.move_to_end(event.conversation, last=False)
            return
        if wait is not None:
            self._leave_agent(wait, now_ms)
        head_start_ms = min(max(now_ms - event.key_ms, 0), HEAD_START_MAX_MS)
        is_deferred = event.key_ms > now_ms + DEFERRED_MS
        self._waits[event.conversation] = _Wait(event.queue, now_ms, head_start_ms, is_deferred)
        if not is_deferred:
            stream.waiting[event.conversation] = now_ms
            stream.fresh.append(event.conversation)

    def _line_moved(self, event: LineMoved, now_ms: int) -> None:
        """The command is over: who joined and was not offered at once waits; learn from some."""
        stream = self._streams.get(event.queue)
        if stream is None or not stream.fresh:
            return
        if now_ms >= max(stream.next_lesson_ms, self._next_lesson_ms):
            for conversation in stream.fresh:
                wait = self._waits.get(conversation)
                if wait is not None and wait.is_waiting:
                    wait.guess = self._guess(conversation, wait, now_ms)
                    stream.next_lesson_ms = now_ms + LEARN_EVERY_MS
                    self._next_lesson_ms = now_ms + LEARN_ANY_MS
                    break
        stream.fresh.clear()

    def _offered(self, event: OfferMade, _: int) -> None:
        wait = self._waits.get(event.conversation)
        if wait is not None and wait.is_waiting:
            wait.is_waiting = False
            self._stream(wait.queue).waiting.pop(event.conversation, None)

    def _assigned(self, event: ConversationAssigned, now_ms: int) -> None:
        wait = self._waits.get(event.conversation)
        if wait is None:
            wait = self._waits[event.conversation] = _Wait(event.queue, now_ms, 0, is_deferred=True)
        if wait.agent:
            self._leave_agent(wait, now_ms)
        elif not wait.is_deferred:
            self._served(event.conversation, wait, now_ms)
        held = self._held[event.agent] = self._held.get(event.agent, 0) + 1
        stream = self._stream(wait.queue)
        if stream.waiting:
            stream.held += 0.01 * (held - stream.held)
        wait.agent = event.agent
        wait.since_ms = now_ms

    def _served(self, conversation: str, wait: _Wait, now_ms: int) -> None:
        stream = self._stream(wait.queue)
        stream.waiting.pop(conversation, None)
        waited_ms = now_ms - wait.since_ms
        stream.note_patience(waited_ms, has_left=False)
        if wait.guess is not None:
            self._learn(wait.queue, stream, wait.guess, waited_ms)
            wait.guess = None
        if waited_ms > 0:
            stream.note_wait(waited_ms)
        wait.is_waiting = False

    def _ended(self, event: ConversationEnded, now_ms: int) -> None:
        if event.wrap_up:
            return
        wait = self._waits.pop(event.conversation, None)
        if wait is None:
            return
        if wait.agent:
            self._leave_agent(wait, now_ms)
        elif not wait.is_deferred:
            stream = self._stream(wait.queue)
            stream.waiting.pop(event.conversation, None)
            stream.note_patience(now_ms - wait.since_ms, has_left=True)

    def _leave_agent(self, wait: _Wait, now_ms: int) -> None:
        self._stream(wait.queue).note_service(now_ms - wait.since_ms)
        held = self._held.get(wait.agent, 0) - 1
        if held > 0:
            self._held[wait.agent] = held
        else:
            self._held.pop(wait.agent, None)
        wait.agent = ""

    # -- estimating ----------------------------------------------------------------------------

    def _guess(self, conversation: str, wait: _Wait, now_ms: int) -> _Guess | None:
        facts = None if wait.is_deferred else self._facts(conversation)
        if facts is None or not facts.agents:
            return None
        return self._guess_from(facts, conversation, wait, now_ms)

    def _guess_from(self, facts: PoolFacts, conversation: str, wait: _Wait, now_ms: int) -> _Guess:
        stream = self._stream(wait.queue)
        rate = facts.agents * stream.held / stream.service_ms()
        plain_ms = (facts.ahead + 1) / rate
        law = mean_and_variance(facts.ahead, rate, stream.left / stream.waited_ms)
        first = next(iter(stream.waiting), None)
        head_ms = 0 if first in (None, conversation) else now_ms - stream.waiting[first or ""]
        waits = stream.last_waits
        recent_ms = sum(waits) / len(waits) if waits else law[0]
        times = (law[0], plain_ms, stream.last_wait_ms, head_ms, recent_ms)
        scaled = (time / UNIT_MS for time in times)
        beside = (facts.ahead / 10, facts.agents / 10, wait.head_start_ms / UNIT_MS)
        features = (1.0, *scaled, *beside)
        by_expert = {
            "QLa": law[0],
            "shared": _bounded(self._shared.predict(features) * UNIT_MS, law[0]),
            "own": _bounded(stream.own.predict(features) * UNIT_MS, law[0]),
        }
        return _Guess(features, by_expert, law, _believed(stream.scores))

    def _ends(self, stream: _Stream, guess: _Guess) -> tuple[float, ...]:
        """What is announced for each of ``SHARES``."""
        mean_ms = guess.by_expert[guess.believed]
        law_mean_ms, law_variance = guess.law
        narrow = law_variance * (mean_ms / law_mean_ms) ** 2
        wide = stream.spread[0] / stream.spread[1] * mean_ms * mean_ms
        # No wider than an exponential law: there the approximation ends, the nudges go on.
        variance = min(max(narrow, wide), mean_ms * mean_ms)
        return tuple(quantile(mean_ms, variance, share) * stream.ends[share] for share in SHARES)

    def _learn(self, queue: str, stream: _Stream, guess: _Guess, waited_ms: int) -> None:
        announced = self._ends(stream, guess)
        if self._told is not None:
            self._told(queue, announced, waited_ms)
        corrected_ms = guess.by_expert[guess.believed]
        self._count += 1
        times = (value * UNIT_MS for value in guess.features[1:6])
        for name, value_ms in zip(_PREDICTORS, (corrected_ms, *times), strict=True):
            error = value_ms - waited_ms
            self._squares[name] += error * error
            self._errors[name] += abs(error)
        for share, end_ms in zip(SHARES, announced, strict=True):
            is_below = waited_ms <= end_ms
            self._below[share] += is_below
            stream.ends[share] *= 1 + NUDGE * (share / 1000 - is_below)
        error = corrected_ms - waited_ms
        stream.spread[0] = stream.spread[0] * FADES + error * error
        stream.spread[1] = stream.spread[1] * FADES + corrected_ms * corrected_ms
        for name, value_ms in guess.by_expert.items():
            stream.scores[name].add(value_ms - waited_ms)
        self._shared.learn(guess.features, waited_ms / UNIT_MS)
        stream.own.learn(guess.features, waited_ms / UNIT_MS)


def _bounded(value_ms: float, law_ms: float) -> float:
    """A correction is never wild: a regression that has seen little extrapolates."""
    return min(max(value_ms, law_ms / CORRECTION_MAX), law_ms * CORRECTION_MAX)


def _believed(scores: Mapping[str, Score]) -> str:
    if scores["QLa"].count < TRUSTED_AFTER:
        return "QLa"
    return min(scores, key=lambda name: scores[name].mean())
