"""Tests that read as a play: ``given(scene) >> command << event``, and nothing may be left out.

    with given(scene) as play:
        play >> DeclineOffer(agent("ann"), offer)
        play << OfferEnded(...) << OfferMade(...)

An event that differs, is missing or was not expected fails with a diff. What agents see of
themselves and the marks of lines come with nearly everything and are left out unless asked for.
"""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from router.commands import Command
from router.events import AgentChanged, Answer, CommandAnswered, Event, LineMoved
from tests.helpers.worlds import Scene

__all__ = ["DONE", "Playbook", "given", "spoken"]

DONE = CommandAnswered(Answer())
"""The answer of a command that has nothing to say but that it took effect."""

NOISE = (AgentChanged, LineMoved)


def spoken(event: Event) -> str:
    """An event as a line of a play."""
    fields = msgspec.to_builtins(event)
    return f"{fields.pop('e')} " + " ".join(f"{name}={value!r}" for name, value in fields.items())


class Playbook:
    """One play: commands, and the events that each must cause, in order."""

    def __init__(self, scene: Scene, *, whole: bool = False) -> None:
        self.scene = scene
        self.whole = whole
        self.found: list[Event] = []
        self.expected: list[Event] = []
        self.command: Command | None = None

    def __rshift__(self, command: Command) -> "Playbook":
        self.check()
        self.command = command
        self._take(self.scene.do(command))
        return self

    def __lshift__(self, event: Event) -> "Playbook":
        self.expected.append(event)
        return self

    def tells(self, *events: Event) -> "Playbook":
        """``<< event`` for each."""
        self.expected += events
        return self

    def to(self, at_ms: int) -> "Playbook":
        """Lets time pass; what the deadlines cause is expected next, without their answers."""
        self.check()
        self.command = None
        events = self.scene.to(at_ms)
        self._take([event for event in events if event != DONE])
        return self

    def _take(self, events: list[Event]) -> None:
        noise = () if self.whole else NOISE
        self.found = [event for event in events if not isinstance(event, noise)]
        self.expected = []

    def check(self) -> None:
        """Fails with a diff unless the last command caused exactly what was expected."""
        expected = [spoken(event) for event in self.expected]
        found = [spoken(event) for event in self.found]
        if expected != found:
            diff = difflib.unified_diff(expected, found, "expected", "found", lineterm="")
            raise AssertionError("\n".join([f"after {self.command}:", *diff]))


@contextmanager
def given(scene: Scene, *, whole: bool = False) -> Iterator[Playbook]:
    """A play in this scene; fails at its end if something happened that was not expected."""
    play = Playbook(scene, whole=whole)
    yield play
    play.check()
