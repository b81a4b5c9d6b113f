"""Runs a seeded crowd and prints what came of it: for comparing processes.

python -m tests.helpers.replayed SEED COMMANDS
"""

import hashlib
import random
import sys
from collections.abc import Iterator

import msgspec

from router.commands import Command
from router.core import Router
from router.events import Event
from tests.helpers.crowd import Crowd, a_policy

__all__ = ["as_bytes", "crowd_of", "outcome", "recorded"]


def crowd_of(seed: int) -> Crowd:
    return Crowd(seed, a_policy(random.Random(seed)))


def recorded(seed: int, commands: int) -> Iterator[tuple[Router, Command, int, list[Event]]]:
    """A run as it goes: the router, each command with its time, and its events."""
    crowd, router = crowd_of(seed), Router("tenant")
    for command, now_ms in crowd.beginning():
        yield router, command, now_ms, router.apply(command, now_ms)
    for _ in range(commands):
        command, now_ms = crowd.command(router)
        yield router, command, now_ms, router.apply(command, now_ms)


def as_bytes(events: list[Event]) -> bytes:
    return msgspec.msgpack.encode(events)


def outcome(seed: int, commands: int) -> str:
    """The digest of the state, and a hash over every event."""
    events_hash = hashlib.blake2b(digest_size=16)
    router = None
    for router, _, _, events in recorded(seed, commands):  # noqa: B007
        events_hash.update(as_bytes(events))
    assert router is not None
    return f"{router.digest()} {events_hash.hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write(outcome(int(sys.argv[1]), int(sys.argv[2])))
