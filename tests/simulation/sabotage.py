"""`python -m tests.simulation.sabotage`: the server is broken on purpose, and seeds are counted.

Owns: the breakages, each a small lie in one place. Does not know: how it is found out.

A hunter that never finds anything may be blind. Each row says after how many seeds, and how many
commands, the simulation notices, and by what.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from router import (
    attendance,
    closing,
    conversation_views,
    core,
    offering,
    ops,
    placing,
    presence,
)
from router.core import Router
from router.journal import log, segments, snapshot_files, trimming
from router.journal.base import Record
from router.journal.file_ops import write_all
from router.journal.following import Following
from router.journal.frames import Frame
from router.journal.segments import Entry, Place
from router.journal.snapshot_files import prune, snapshot_names, write_snapshot
from router.ops import OpMemory
from router.server import replica, restoring
from router.server.connection import Connection
from router.server.engine import Engine
from router.server.hub import Hub
from router.server.links import Links
from tests.helpers.faults import MemoryDisk
from tests.simulation.story import simulate

__all__ = ["SABOTAGES", "main", "seeds_until_found"]

SEEDS_MAX = 120
FIRST_SEED = 10_000
EVERY = 40
"""What is done wrong now and then is done wrong so often."""


@contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _now_and_then(
    usual: Callable[..., Any], instead: Callable[..., Any], every: int = EVERY
) -> Callable[..., Any]:
    count = 0

    def act(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        nonlocal count
        count += 1
        return (instead if count % every == 0 else usual)(*arguments, **named)

    return act


def _skip(*_: object, **__: object) -> None:
    return None


def _sync_late(self: log.SegmentLog, frame: bytes) -> None:
    """Syncs what was written before, and answers for what was written now."""
    self._ops.fdatasync(self._descriptor)
    write_all(self._ops, self._descriptor, frame, self._offset)


def _strike_only(self: MemoryDisk, _: int) -> None:
    self._strike("fdatasync")


def _forget_ops(self: OpMemory, _: object) -> None:
    self.by_person = {}


def _answer_twice(self: Connection, *arguments: Any) -> None:  # noqa: ANN401 - passed on
    _SETTLE(self, *arguments)
    _SETTLE(self, *arguments)


_SETTLE = Connection.settle


def _tell_all(self: Links, *_: object) -> list[Any]:
    return list(self)


def _without_newest(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
    texts, more = _NEWEST(*arguments)
    return texts[:-1], more


_NEWEST = conversation_views._newest


def _rejoin_last(world: Any, conversation: Any, cause: str) -> None:  # noqa: ANN401 - passed on
    conversation.key_ms = conversation.start_ms = world.now_ms
    _REJOIN(world, conversation, cause)


_REJOIN = placing.rejoin


def _never(*_: object, **__: object) -> bool:
    return False


def _no_life(_: Router) -> tuple[str, ...]:
    return ()


class _Unsynced:
    """A disk on which nothing is made durable."""

    def __init__(self, ops: Any) -> None:  # noqa: ANN401 - a disk
        self._ops = ops

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - an operation
        return getattr(self._ops, name)

    def fdatasync(self, _: int) -> None:
        """Says that it is."""


def _write_unsynced(ops: Any, *arguments: Any) -> Any:  # noqa: ANN401 - passed on
    return write_snapshot(_Unsynced(ops), *arguments)


def _trim_more(self: log.SegmentLog, first_needed: int, archive: Any) -> Any:  # noqa: ANN401
    """One segment more than is behind what is needed."""
    later = [each.header.first_sequence for each in self.segments]
    return _TRIM(self, min((n for n in later if n > first_needed), default=first_needed), archive)


_TRIM = log.SegmentLog.trim


def _trim_in_reverse(ops: Any, paths: Any, archive: Any) -> Any:  # noqa: ANN401 - passed on
    return _PUT_AWAY(ops, list(reversed(paths)), archive)


_PUT_AWAY = trimming.put_away


def _forget_what_stays(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
    """What could not be put away is never tried again, and what is newer goes."""
    with suppress(OSError):
        yield from trimming.put_away(*arguments)
    yield from arguments[1]


def _start_late(*arguments: Any) -> restoring.Start[Any]:  # noqa: ANN401 - passed on
    """As if each tenant's core were one command further than it is."""
    start = _START(*arguments)
    return start._replace(positions={one: last + 1 for one, last in start.positions.items()})


_START = restoring.Snapshots.start


def _place_before(self: Any) -> Any:  # noqa: ANN401 - passed on
    """The positions are right, the batch is the one before."""
    place = _PLACE(self)
    return place and place._replace(sequence=place.sequence - 1)


_PLACE = Following.__dict__["place"].fget


def _keep_one(ops: Any, folder: Any, *_: object) -> list[Place]:  # noqa: ANN401 - passed on
    """Whether it is damaged or not."""
    newest = prune(ops, folder)[0]
    for name in snapshot_names(ops, folder)[1:]:
        ops.unlink(folder / name)
    return [newest, newest]


def _take_all(self: Following) -> list[Entry]:
    """What nothing stands behind is taken as durable, too."""
    frames: list[Frame] = self._frames(self._load())
    return [self._take(frame) for frame in frames] or _READ(self)


_READ = Following.read


def _apply_later(self: replica.Replica, record: Record) -> None:
    _APPLY(self, record._replace(now_ms=record.now_ms + 1))


_APPLY = replica.Replica.apply


def _reserve_none(self: Any, *_: object) -> None:  # noqa: ANN401 - an agent
    """Takes no capacity."""


SABOTAGES: dict[str, Callable[[], Any]] = {
    "no fdatasync at all": lambda: _replaced(MemoryDisk, "fdatasync", _strike_only),
    "answers before the sync": lambda: _replaced(log.SegmentLog, "_write", _sync_late),
    "the folder is not synced": lambda: _replaced(MemoryDisk, "sync_folder", _skip),
    "a start does not make its last frame durable": lambda: _replaced(
        segments, "_make_durable", _skip
    ),
    "lost lives are not noticed at a start": lambda: _replaced(Router, "lives", _no_life),
    "a snapshot loses the table of ops": lambda: _replaced(OpMemory, "restore", _forget_ops),
    "ops are not remembered": lambda: _replaced(ops.OpMemory, "recall", _skip),
    "an event is dropped now and then": lambda: _replaced(
        Hub, "publish", _now_and_then(Hub.publish, _skip)
    ),
    "an event goes to everybody now and then": lambda: _replaced(
        Links, "of", _now_and_then(Links.of, _tell_all)
    ),
    "a command is answered twice now and then": lambda: _replaced(
        Connection, "settle", _now_and_then(Connection.settle, _answer_twice)
    ),
    "nothing is offered now and then": lambda: _replaced(
        core, "settle", _now_and_then(offering.settle, _skip)
    ),
    "a returned conversation loses its place": lambda: _replaced(closing, "rejoin", _rejoin_last),
    "offers take no capacity": lambda: _replaced(presence.Agent, "reserve", _reserve_none),
    "agents are shown offline too early": lambda: _replaced(attendance, "SHOWN_OFFLINE_MS", 4_000),
    "welcome leaves out the newest message": lambda: _replaced(
        conversation_views, "_newest", _without_newest
    ),
    "a disconnect is not journaled now and then": lambda: _replaced(
        Connection, "_leave", _now_and_then(Connection._leave, _skip, every=4)
    ),
    "a second device's welcome counts for the first": lambda: _replaced(Links, "has_other", _never),
    "a snapshot is renamed before it is synced": lambda: _replaced(
        snapshot_files, "write_snapshot", _write_unsynced
    ),
    "one segment too many is trimmed": lambda: _replaced(log.SegmentLog, "trim", _trim_more),
    "the newest segments are trimmed first": lambda: _replaced(log, "put_away", _trim_in_reverse),
    "a segment that could not be removed is forgotten": lambda: _replaced(
        log, "put_away", _forget_what_stays
    ),
    "a start takes a snapshot for later than it is": lambda: _replaced(
        restoring.Snapshots, "start", _start_late
    ),
    "a snapshot names the batch before its own": lambda: _replaced(
        Following, "place", property(_place_before)
    ),
    "only the newest snapshot is kept": lambda: _replaced(snapshot_files, "prune", _keep_one),
    "a snapshot holds what is not durable yet": lambda: _replaced(Following, "read", _take_all),
    "the second process goes by another time now and then": lambda: _replaced(
        replica.Replica, "apply", _now_and_then(replica.Replica.apply, _apply_later)
    ),
    "a tick comes too late": lambda: _replaced(Engine, "watch_deadlines", _skip),
}


def seeds_until_found(name: str, seeds_max: int = SEEDS_MAX) -> tuple[int, int, str]:
    """How many seeds and commands it took, and what was found; no text where nothing was."""
    steps = 0
    for number in range(seeds_max):
        with SABOTAGES[name]():
            outcome = simulate(FIRST_SEED + number, 300)
        steps += outcome.step_count
        if outcome.violation:
            return number + 1, steps, outcome.violation
    return seeds_max, steps, ""


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code tells whether a breakage went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.sabotage")
    parser.add_argument("names", nargs="*", help="of these; all where none is named")
    names = parser.parse_args(arguments).names or list(SABOTAGES)
    sys.stdout.write("| what is broken | seeds | commands | noticed as |\n|---|---|---|---|\n")
    unnoticed = 0
    for name in names:
        seeds, steps, found = seeds_until_found(name)
        unnoticed += not found
        said = found.splitlines()[0][:90] if found else "**not noticed**"
        sys.stdout.write(f"| {name} | {seeds} | {steps} | {said} |\n")
        sys.stdout.flush()
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main())
