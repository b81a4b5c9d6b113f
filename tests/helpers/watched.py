"""A ``Scene`` that also keeps what everybody would be told, and can be born again in the middle."""

from typing import Any, TypeVar

import msgspec

from router import outgoing
from router.commands import Actor, Command
from router.core import Router
from router.deliveries import deliveries
from router.events import Event
from router.incoming import Incoming
from router.policy import Policy
from router.requests import command_for
from tests.helpers.samples import sample
from tests.helpers.worlds import SIMPLE, Scene

M = TypeVar("M", bound=outgoing.Outgoing)


class Watched(Scene):
    """A router, its time, and the messages that leave it, by person."""

    def __init__(self, policy: Policy = SIMPLE) -> None:
        self.told: list[tuple[str, outgoing.Outgoing]] = []
        self.count = 0
        super().__init__(policy)

    def do(self, command: Command) -> list[Event]:
        events = super().do(command)
        for event in events:
            for delivery in deliveries(self.router, event, self.now_ms):
                self.told.append((delivery.to, delivery.message))
        return events

    def wire(self, by: Actor, kind: str, **fields: Any) -> Command:  # noqa: ANN401 - as JSON has it
        """The command that a message of this type asks for."""
        self.count += 1
        message = msgspec.convert(sample(kind, **fields), Incoming)
        return command_for(message, by, lambda: f"new{self.count}")

    def heard_by(self, person: Actor, kind: type[M]) -> list[M]:
        """What of a kind this person was told so far."""
        return [told for to, told in self.told if to == person.key and isinstance(told, kind)]

    def reborn(self) -> None:
        """Goes on with a router that was restored from a snapshot of this one."""
        before = self.router
        self.router = Router.restore(before.snapshot())
        assert self.router.digest() == before.digest()

    def refused_in_vain(self, command: Command) -> int:
        """Sends a command that must be refused and change nothing; returns the code."""
        before = self.router.digest()
        code = int(self.refused(command).code)
        assert self.router.digest() == before
        return code
