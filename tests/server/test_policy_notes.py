"""What each change of a policy changed."""

import io
import json

import msgspec

from router.changes import Change
from router.commands import Actor, SetPolicy
from router.core import Router
from router.journal.base import Record
from router.policy import Policy, Queue
from router.server import logs
from router.server.clock import Clock
from router.server.policy_notes import FIRST, RECENT_MAX, PolicyNotes

BASE = Policy(queues=(Queue(id="a"),))


class Place:
    """A core whose policy changes, and its notes."""

    def __init__(self) -> None:
        self.router = Router("acme")
        self.is_live = True
        self.router.apply(SetPolicy(policy=BASE), 1)
        self.notes = PolicyNotes({"acme": self.router}, lambda: self.is_live)

    def put(self, policy: Policy, by: Actor | None = None) -> None:
        events = self.router.apply(SetPolicy(policy=policy, by=by), 2)
        self.notes.take(Record("acme", self.router.position, 2, b""), events)


def grace(grace_ms: int) -> Policy:
    return msgspec.structs.replace(BASE, grace_ms=grace_ms)


def test_each_change_is_told_against_the_one_before_it() -> None:
    place = Place()
    place.put(grace(1_000))
    place.put(grace(2_000))
    assert place.notes.of("acme", grace(1_000)) == (Change("grace_ms", 120_000, 1_000),)
    assert place.notes.of("acme", grace(2_000)) == (Change("grace_ms", 1_000, 2_000),)
    assert place.notes.newest("acme") == (Change("grace_ms", 1_000, 2_000),)
    place.put(grace(1_000))
    assert place.notes.of("acme", grace(1_000)) == (Change("grace_ms", 2_000, 1_000),)
    assert place.notes.newest("nobody") == place.notes.of("nobody", BASE) == ()


def test_a_replay_moves_on_and_says_nothing() -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    place = Place()
    place.is_live = False
    place.put(grace(1_000))
    place.is_live = True
    place.put(grace(2_000), Actor("supervisor", "sofia"))
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert {name: line[name] for name in ("event", "tenant", "position", "subject")} == {
        "event": "policy.changed",
        "tenant": "acme",
        "position": 3,
        "subject": "supervisor:sofia",
    }
    assert (line["change_count"], line["changes"]) == (1, "grace_ms: 1000 -> 2000")
    assert "withheld" not in line


def test_the_first_policy_is_no_wall_of_text() -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    router = Router("acme")
    notes = PolicyNotes({"acme": router}, lambda: True)
    events = router.apply(SetPolicy(policy=BASE), 1)
    notes.take(Record("acme", router.position, 1, b""), events)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["change_count"], line["changes"]) == (1, FIRST)
    assert notes.newest("acme")[0].path == "queues.a"


def test_few_are_remembered() -> None:
    place = Place()
    for number in range(2 * RECENT_MAX):
        place.put(grace(1_000 + number))
    assert place.notes.of("acme", grace(1_000)) == ()
    assert place.notes.newest("acme")
