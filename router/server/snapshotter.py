"""The second process: follows the journal with cores of its own and writes snapshots.

Owns: its loop, when a snapshot is due, what it says to the process that started it.
Does not know: sockets, settings, who else reads the journal; it never writes to the journal.

Invariants (tests/server/test_snapshotter.py): a snapshot holds only what was durable; it is written
whole or not at all; the process ends by itself when whoever started it is gone, however that ended.

It speaks one JSON object a line on stdout, and listens on stdin only for its end. The state is not
copied from the live process but computed again from the journal, so the live loop never stalls for
it, and each running hash that both show proves that replay is the same as live.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple

import msgspec

from router.core import CORE_VERSION
from router.errors import JournalUnavailable, StorageError
from router.journal.base import Batch
from router.journal.file_ops import DiskOps, FileOps
from router.journal.following import Following
from router.journal.remarks import heard_by
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import Follow, Follower, P, Snapshot, SnapshotStore
from router.server.clock import Clock
from router.server.replica import Plan, Replica, StartOver

if TYPE_CHECKING:
    from router.journal.redis_address import RedisAddress
    from router.journal.redis_layout import StreamPlace

__all__ = [
    "LIFE_VARIABLE",
    "URL_VARIABLE",
    "Diverged",
    "Followed",
    "Pace",
    "Problem",
    "Said",
    "Shown",
    "Snapshotter",
    "Written",
    "followed_folder",
    "followed_redis",
    "main",
]

URL_VARIABLE = "FAIRLINE_SNAPSHOTTER_URL"
"""Where the journal is, if in a Redis: with its password, so no argument that others may see."""

LIFE_VARIABLE = "FAIRLINE_SNAPSHOTTER_LIFE"
"""In a Redis: for which life something may be removed there."""

NICENESS = 10
POLL_S = 0.2
REST_FACTOR = 10
"""Between two snapshots lies at least so many times what the last one took."""
RETRY_MS = 10_000
"""After there was no room for a snapshot."""


class Written(msgspec.Struct, frozen=True, tag_field="say", tag="written"):
    """A snapshot is written."""

    file: str
    sequence: int
    took_ms: int
    positions: dict[str, int]


class Shown(msgspec.Struct, frozen=True, tag_field="say", tag="shown"):
    """A running hash, to be compared."""

    tenant: str
    position: int
    crc: int


class Diverged(msgspec.Struct, frozen=True, tag_field="say", tag="diverged"):
    """A snapshot did not give back the state that it was made of."""

    file: str
    tenant: str


class Problem(msgspec.Struct, frozen=True, tag_field="say", tag="problem"):
    """Something went wrong, in a sentence."""

    text: str


Said = Written | Shown | Diverged | Problem


class Pace(NamedTuple):
    """When a snapshot is due."""

    commands: int
    span_ms: int


class Followed(NamedTuple, Generic[P]):
    """A journal that another process writes, and where its snapshots lie."""

    snapshots: SnapshotStore[P]
    follow: Follow[P]


def followed_folder(folder: Path, ops: FileOps | None = None) -> Followed[Place]:
    """A file journal."""
    disk = ops if ops is not None else DiskOps()

    def follow(place: Place | None) -> Following:
        return Following(disk, folder, core_version=CORE_VERSION, place=place)

    return Followed(FileSnapshots(folder, disk), follow)


def followed_redis(address: "RedisAddress", life: str = "") -> "Followed[StreamPlace]":
    """A journal in a Redis, for the life that owns it."""
    from router.journal.redis_following import RedisFollowing  # a file journal does without
    from router.journal.redis_link import Link
    from router.journal.redis_snapshots import RedisSnapshots

    def follow(place: "StreamPlace | None") -> RedisFollowing:
        return RedisFollowing(Link(address), core_version=CORE_VERSION, place=place)

    return Followed(RedisSnapshots(Link(address), life), follow)


class Snapshotter(Generic[P]):
    """Follows one journal.

    Args:
        followed: The journal.
        pace: When a snapshot is due.
        say: Told what the process that started this one should know.
        is_over: Waits at most so many seconds, and tells whether to end.
        steady_ms: A clock for spans.
    """

    def __init__(
        self,
        followed: Followed[P],
        pace: Pace,
        *,
        say: Callable[[Said], None],
        is_over: Callable[[float], bool],
        steady_ms: Callable[[], int],
    ) -> None:
        self._snapshots, self._begin = followed
        self._pace = pace
        self._say = say
        self._is_over = is_over
        self._steady_ms = steady_ms
        self._plan = Plan()
        self._commands = 0
        self._written_ms = steady_ms()
        self._not_before_ms = 0
        self._is_away = False

    def run(self) -> None:
        """Follows until it is over.

        Raises:
            StorageError: The journal cannot be followed.
            OSError: The disk failed.
        """
        self._snapshots.sweep()
        while True:
            snapshot = self._snapshots.newest(CORE_VERSION, before=self._plan.before or None)
            replica = Replica(snapshot, self._plan.skipped)
            if snapshot is not None and not self._is_itself(snapshot, replica):
                self._snapshots.set_aside(snapshot)
                continue
            place = None if snapshot is None else snapshot.place
            del snapshot
            following = self._begin(place)
            try:
                self._follow(following, replica)
            except StartOver as found:
                if self._plan.is_hopeless(found):
                    raise StorageError(f"no core gets past {found}") from found
                self._plan.learn(found)
            else:
                return
            finally:
                following.close()

    def _is_itself(self, snapshot: Snapshot[P], replica: Replica) -> bool:
        """Whether what was unpacked packs to the same bytes again."""
        for tenant, state in snapshot.states.items():
            if replica.routers[tenant].digest() != state.digest:
                self._say(Diverged(snapshot.name, tenant))
                return False
        return True

    def _follow(self, following: Follower[P], replica: Replica) -> None:
        wait_s = 0.0
        while not self._is_over(wait_s):
            batches = self._read(following)
            for batch in batches:
                for record in batch.records:
                    replica.apply(record)
                self._commands += len(batch.records)
            for shown in replica.shown:
                self._say(Shown(*shown))
            replica.shown.clear()
            if self._is_due():
                self._write(following, replica)
            wait_s = 0.0 if batches else POLL_S

    def _read(self, following: Follower[P]) -> Sequence[Batch]:
        """The next batches; none while the journal is away, which is told once."""
        try:
            batches = following.read()
        except JournalUnavailable as error:
            if not self._is_away:
                self._say(Problem(f"the journal is away: {error}"))
            self._is_away = True
            return ()
        self._is_away = False
        return batches

    def _is_due(self) -> bool:
        now_ms = self._steady_ms()
        if not self._commands or now_ms < self._not_before_ms:
            return False
        since_ms = now_ms - self._written_ms
        return self._commands >= self._pace.commands or since_ms >= self._pace.span_ms

    def _write(self, following: Follower[P], replica: Replica) -> None:
        place = following.place
        assert place is not None, "nothing is due before anything was read"
        start_ms = self._steady_ms()
        try:
            name, _ = replica.write(self._snapshots, place)
        except JournalUnavailable as error:
            self._say(Problem(f"no snapshot was written: {error}"))
            self._not_before_ms = start_ms + RETRY_MS
            return
        self._written_ms = self._steady_ms()
        took_ms = self._written_ms - start_ms
        self._not_before_ms = self._written_ms + REST_FACTOR * took_ms
        self._commands = 0
        self._say(Written(name, place.sequence, took_ms, dict(place.positions)))


def main(arguments: Sequence[str]) -> int:
    """Follows a journal until stdin ends.

    Args:
        arguments: The journal's folder, or any word for one in a Redis; commands between snapshots,
            ms between snapshots.
    """
    source, commands, span_ms = arguments
    url = os.environ.pop(URL_VARIABLE, "")
    life = os.environ.pop(LIFE_VARIABLE, "")
    pace = Pace(int(commands), int(span_ms))
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the server, which ends this
    try:
        with heard_by(_say_remark):
            if url:
                from router.journal.redis_address import address_of

                _run(followed_redis(address_of(url), life), pace)
            else:
                _run(followed_folder(Path(source)), pace)
    except BrokenPipeError:
        return 0
    except (StorageError, OSError) as error:
        _say(Problem(str(error)))
        return 1
    return 0


def _run(followed: Followed[P], pace: Pace) -> None:
    Snapshotter(followed, pace, say=_say, is_over=_stdin_ended, steady_ms=Clock().steady_ms).run()


def _say_remark(event: str, fields: dict[str, object]) -> None:
    """Hands what the journal remarks to the process that has a log."""
    _say(Problem(f"{event}: {fields.get('error', '')}"))


def _say(said: Said) -> None:
    os.write(1, msgspec.json.encode(said) + b"\n")


def _stdin_ended(wait_s: float) -> bool:
    readable, _, _ = select.select([0], [], [], wait_s)
    return bool(readable) and not os.read(0, 4096)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
