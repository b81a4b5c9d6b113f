"""The writing end of a journal in Redis: one batch, one hop, and certainty of what became of it.

Owns: numbers, ids and links of new entries, the words said again until their fate is known, the
ring of entries that are written once more where Redis lost them, the beat.
Does not know: who asks, trio, the core, readers; the time is an argument, but for patience.
Invariants: `append` returns only what is in Redis (and, where it is wanted, in a replica), and
says that a batch is not in only where that is certain; what is said again has the same number, so
it is in once. One thread at a time (tests/journal/test_redis_faults.py).

    answered with an error of Redis's own   certainly not in: full, read-only, loading, no replicas
    nobody to be reached                    certainly not in
    no answer                               unknown: said again, under the same number, until known
    FENCED, AHEAD                           another life writes here: this one must end
    BEHIND                                  Redis lost its newest entries: written again, out of the
                                            ring, each on condition that the one before it is the
                                            newest; if they are not there any more, the life ends

After each new connection the newest entry is compared first, so that a loss is mended before
anything is built on it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import structlog

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, number, stamp
from router.journal.frames import encode_commands
from router.journal.redis_layout import (
    OWNER,
    POSITIONS,
    STORE,
    EntryId,
    Life,
    StreamEntry,
    StreamPlace,
    journal_key,
    spread,
)
from router.journal.redis_link import Link, RedisAway, RedisRefused, Refusal, Words

__all__ = ["Appender", "Kept"]

RING_SECONDS = 60.0
RING_BYTES_MAX = 64 * 1024 * 1024
"""How much is kept to be written again; less than `RING_SECONDS` only where it would be more."""

PATIENCE_SECONDS = 1.0
"""How long a batch waits for Redis to come back before it is refused.

One whose fate is unknown waits on, but what waits behind it is refused.
"""

CLOSE_SECONDS = 2.0
"""How long, while the journal is closed, the fate of the last batch is asked for."""

_PAUSE_FIRST_SECONDS = 0.05
_PAUSE_MAX_SECONDS = 1.0
_REPLICA_MS = 200
_REPAIR_COUNT = 64
_LOG = structlog.get_logger("fairline.journal")


class Kept(NamedTuple):
    """What a store held when a life claimed it."""

    partitions: int
    last: EntryId
    positions: Mapping[str, int]
    """Each tenant's last position."""
    beginning: StreamPlace
    """Before it nothing is kept."""
    lives: Sequence[Life] = ()
    """Those that began and left anything behind, the newest last: the one that claimed it."""


class _Written(NamedTuple):
    """An entry of this life, as it can be written again."""

    at_seconds: float
    id: EntryId
    link: EntryId
    words: Words
    byte_count: int


class Appender:
    """Appends batches to a store that this life owns.

    Args:
        link: To Redis; nobody else's.
        life: The owner's.
        kept: The store as it was when it was claimed.
        core_version: For which the commands are.
        is_replicated: Whether a batch counts only once a replica has it.
        count: Hears the names of figures: ``redis_reconnects``, ``redis_repairs``.
    """

    def __init__(
        self,
        link: Link,
        life: str,
        kept: Kept,
        *,
        core_version: int,
        is_replicated: bool = False,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._link = link
        self.shed: Callable[[JournalUnavailable], None] = lambda _: None
        """Refuses what waits behind a batch whose fate stays unknown: that is certainly not in."""
        self._life = life
        self._partitions = kept.partitions
        self._core_version = core_version
        self._is_replicated = is_replicated
        self._count = count
        self._last = kept.last
        self._positions = dict(kept.positions)
        self._number = 0
        self._ring: deque[_Written] = deque()
        self._ring_bytes = 0
        self._broken = ""
        self._said = ""
        self._away_since: float | None = None
        self._pause_seconds = _PAUSE_FIRST_SECONDS
        self._closing = threading.Event()
        self._close_by = 0.0
        self._beat: Words = ("FCALL", "fairline_beat", 2, STORE, OWNER, life)

    @property
    def place(self) -> StreamPlace:
        """Behind the last batch; of the thread that appends."""
        return StreamPlace(self._last, dict(self._positions))

    def append(self, commands: Sequence[Command], now_ms: int) -> StreamEntry:
        """Write the batch and return it as readers shall see it.

        Raises:
            JournalUnavailable: nothing of it went in, nor will.
            StorageError: this life must end; the batch's fate is unknown.
        """
        if self._broken:
            raise StorageError(self._broken)
        now_ms = stamp(wall_ms=now_ms, before_ms=self._last.now_ms, floor_ms=0)
        entry_id = EntryId(now_ms, self._last.sequence + 1)
        pieces = spread(commands, self._partitions)
        words = self._words(entry_id, pieces, self._number + 1)
        self._settle(entry_id, words)
        in_order = [command for some in pieces.values() for command in some]
        records = number(in_order, self._positions, now_ms)
        entry = StreamEntry(entry_id, self._last, records)
        self._number += 1
        self._last = entry_id
        self._keep(entry, words)
        return entry

    def beat(self) -> StorageError | None:
        """Show that this life goes on; return why it must end, if it must."""
        if self._broken:
            return None  # which was told
        try:
            if self._reach(None):
                return None
            (answer,) = self._link.exchange([self._beat])
            self._compare(answer, None)
            self._said = ""
        except RedisAway as error:
            self._note_away(error)
        except JournalUnavailable as error:
            self._note_refused(str(error))
        except StorageError as error:
            return error
        return None

    def close(self) -> None:
        """Ask for the fate of a batch no longer than `CLOSE_SECONDS` from now; of any thread."""
        self._close_by = time.monotonic() + CLOSE_SECONDS
        self._closing.set()

    def release(self) -> None:
        """Give the store up, so that another life need not wait; then disconnect."""
        try:
            if not self._broken:
                self._link.call(("FCALL", "fairline_release", 2, STORE, OWNER, self._life))
        except (RedisAway, RedisRefused) as error:
            _LOG.warning("redis.not_released", reason=str(error))
        finally:
            self._link.close()

    def _words(
        self, entry_id: EntryId, pieces: Mapping[int, Sequence[Command]], batch: int
    ) -> list[bytes | str | int]:
        keys = [STORE, OWNER, POSITIONS, *map(journal_key, pieces)]
        words: list[bytes | str | int] = ["FCALL", "fairline_append", len(keys), *keys]
        words += [self._life, batch, str(entry_id), str(self._last), self._core_version]
        moved: dict[str, int] = {}
        for some in pieces.values():
            words.append(encode_commands(some))
            for tenant, _ in some:
                moved[tenant] = moved.get(tenant, self._positions.get(tenant, 0)) + 1
        for tenant, position in moved.items():
            words += (tenant, position)
        return words

    def _settle(self, entry_id: EntryId, words: Words) -> None:
        """Say it until it is known to be in, or not to be in."""
        is_unknown = False
        end_seconds = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._reach(entry_id if is_unknown else None)
                answers = self._link.exchange(self._said_of(words, is_again=is_unknown))
                is_in = self._is_in(answers[0])
                is_unknown = True
                if is_in and self._is_copied(answers[-1]):
                    return
            except RedisAway as error:
                self._note_away(error)
                is_unknown = is_unknown or error.is_heard
                is_late = time.monotonic() >= end_seconds or self._closing.is_set()
                if is_late and not is_unknown:
                    raise JournalUnavailable(str(error)) from error
                self._pause()
            except JournalUnavailable as error:
                if not is_unknown:
                    raise
                self._note_refused(str(error))
                self._pause()
            self._bide(end_seconds)

    def _bide(self, end_seconds: float) -> None:
        """Before a batch of unknown fate is said again: others must not wait for it for ever."""
        now_seconds = time.monotonic()
        if now_seconds >= end_seconds:
            self.shed(JournalUnavailable("Redis does not say what it has; try again later."))
        if self._closing.is_set() and now_seconds > self._close_by:
            raise self._ended("the journal was closed while Redis did not say what it has")

    def _said_of(self, words: Words, *, is_again: bool) -> list[Words]:
        """A batch as it is said; again and again it goes with a beat, which is late then."""
        said = [words, self._beat] if is_again else [words]
        if self._is_replicated:
            said.append(("WAIT", 1, _REPLICA_MS))
        return said

    def _is_in(self, answer: bytes | Refusal) -> bool:
        """Tell whether a batch is in; where it is not, it may be said again."""
        if isinstance(answer, Refusal):
            self._judge(answer)
            return False
        return True

    def _is_copied(self, answer: int | Refusal) -> bool:
        """Tell whether a batch that is in is also where it should be."""
        if not self._is_replicated:
            return True
        if isinstance(answer, Refusal):
            raise JournalUnavailable(f"Redis refuses: {answer.said}")
        if answer < 1:
            self._note_refused("no replica has what was written")
        return answer >= 1

    def _reach(self, in_flight: EntryId | None) -> bool:
        """See to a connection; compare over a new one before anything else. Tell if it is new."""
        self._link.check()
        if self._link.is_open:
            return False
        self._link.open()
        try:
            (answer,) = self._link.exchange([self._beat])
            self._compare(answer, in_flight)
        except RedisAway as error:
            raise RedisAway(str(error), is_heard=False) from error  # no batch was
        if self._away_since is not None:
            took_ms = round((time.monotonic() - self._away_since) * 1000)
            _LOG.info("redis.back", took_ms=took_ms)
            self._away_since = None
        self._count("redis_reconnects")
        self._pause_seconds = _PAUSE_FIRST_SECONDS
        return True

    def _compare(self, answer: bytes | Refusal, in_flight: EntryId | None) -> None:
        """Look whether Redis's newest entry is the one that this life wrote last."""
        if isinstance(answer, Refusal):
            self._judge(answer)
            return
        try:
            last = EntryId.parse(answer)
        except (ValueError, AttributeError):  # nothing where its key was thrown away
            raise self._ended("Redis has lost this journal") from None
        if last == self._last or last == in_flight:
            return
        if last.sequence >= self._last.sequence:
            raise self._ended(f"Redis has the entry {last}, which is not of this node")
        self._repair(last)

    def _judge(self, refusal: Refusal) -> None:
        """Do what an error asks for; returns where the same words may be said again.

        Raises:
            JournalUnavailable: whatever was said was not done.
            StorageError: this life must end.
        """
        if refusal.code == "FENCED":
            who = refusal.said.removeprefix("FENCED by ")
            owner = "Redis has lost this journal" if who == "nobody" else f"{who} serves now"
            raise self._ended(f"{owner}; this node has ended its part")
        if refusal.code == "BEHIND":
            self._repair(EntryId.parse(refusal.said.split()[1]))
        elif refusal.code in ("AHEAD", "STALE"):
            raise self._ended(f"Redis has what is not of this node ({refusal.said})")
        elif "unction not found" in refusal.said:
            try:
                self._link.load_functions()
            except RedisRefused as error:
                raise JournalUnavailable(str(error)) from error
        else:
            if refusal.code == "READONLY":
                self._link.close()  # what was the primary is none any more: look for the new one
            raise JournalUnavailable(f"Redis refuses: {refusal.said}")

    def _repair(self, last: EntryId) -> None:
        """Write again what Redis lost behind the entry that is its newest now."""
        lost = [written for written in self._ring if written.id.sequence > last.sequence]
        if not lost or lost[0].link != last:
            raise self._ended(
                f"Redis has lost entries: its newest is {last}, this node's is {self._last}, and"
                " what lies between is not known here any more"
            )
        for first in range(0, len(lost), _REPAIR_COUNT):
            some = lost[first : first + _REPAIR_COUNT]
            for answer in self._link.exchange([written.words for written in some]):
                if isinstance(answer, Refusal):
                    self._judge_repair(answer)
        _LOG.error(
            "journal.repaired", count=len(lost), from_id=str(lost[0].id), to_id=str(lost[-1].id)
        )
        self._count("redis_repairs")

    def _judge_repair(self, refusal: Refusal) -> None:
        if refusal.code in ("FENCED", "AHEAD", "BEHIND", "STALE"):
            raise self._ended(f"Redis lost entries and does not take them again ({refusal.said})")
        self._link.close()  # what is still lost is found when the newest entry is compared again
        raise JournalUnavailable(f"Redis refuses what it lost: {refusal.said}")

    def _keep(self, entry: StreamEntry, words: Words) -> None:
        """Remember the entry, and forget those that no loss can reach any more."""
        now_seconds = time.monotonic()
        byte_count = sum(len(word) for word in words if isinstance(word, bytes)) + 500
        self._ring.append(_Written(now_seconds, entry.id, entry.link, words, byte_count))
        self._ring_bytes += byte_count
        while len(self._ring) > 1 and (
            self._ring_bytes > RING_BYTES_MAX
            or self._ring[0].at_seconds < now_seconds - RING_SECONDS
        ):
            self._ring_bytes -= self._ring.popleft().byte_count

    def _note_away(self, error: RedisAway) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            _LOG.warning("redis.away", reason=str(error))

    def _note_refused(self, reason: str) -> None:
        """Say it once, until it is over."""
        if reason != self._said:
            self._said = reason
            _LOG.warning("redis.refuses", reason=reason)

    def _pause(self) -> None:
        """Wait a moment, longer each time; always a short one while the journal is closed."""
        if self._closing.is_set():
            time.sleep(_PAUSE_FIRST_SECONDS)
        else:
            self._closing.wait(self._pause_seconds)
            self._pause_seconds = min(_PAUSE_MAX_SECONDS, 2 * self._pause_seconds)

    def _ended(self, why: str) -> StorageError:
        self._broken = f"{self._link.shown}: {why}."
        return StorageError(self._broken)
