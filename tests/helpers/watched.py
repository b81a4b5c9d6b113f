"""A ``Scene`` that also keeps what everybody would be told, and can be born again in the middle."""

from typing import Any, TypeVar

import msgspec

from router import outgoing
from router.commands import Actor, Command
from router.core import Router
from router.deliveries import Delivery, deliveries
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
        self.told: list[Delivery] = []
        self.count = 0
        super().__init__(policy)

    def do(self, command: Command) -> list[Event]:
        events = super().do(command)
        for event in events:
            self.told += deliveries(self.router, event, self.now_ms)
        return events

    def wire(self, by: Actor, kind: str, **fields: Any) -> Command:  # noqa: ANN401 - as JSON has it
        """The command that a message of this type asks for."""
        self.count += 1
        message = msgspec.convert(sample(kind, **fields), Incoming)
        return command_for(message, by, lambda: f"new{self.count}")

    def heard_by(self, person: Actor, kind: type[M]) -> list[M]:
        """What of a kind this person was told so far, on this connection of theirs."""
        return [
            one.message
            for one in self.told
            if one.to == person.key
            and one.not_to != person.connection
            and isinstance(one.message, kind)
        ]

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
