"""A session without a socket, and a hand to play it with."""

from typing import Any

import msgspec

from router import outgoing
from router.commands import Claims
from router.events import Answer, CommandAnswered
from router.ids import ConnectionId
from router.session import Session
from router.steps import Bearer, Say, Step, Verify
from router.wire import Encoding
from tests.helpers.samples import sample

OK = CommandAnswered(Answer())


class Table:
    """A session, and a hand to play it with."""

    def __init__(self, role: str = "agent", *, teams: tuple[str, ...] = ("floor",)) -> None:
        self.now_ms = 100_000
        self.role = role
        self.teams = teams
        self.number = 0
        self.session = Session(
            Encoding.JSON, connection=ConnectionId("x1"), life="n1", new_id=lambda: "new"
        )

    def frame(self, frame: str) -> list[Step]:
        steps: list[Step] = []
        for message in self.session.open(frame):
            steps.extend(self.session.take(message, self.now_ms))
        return steps

    def say(self, type_: str, **changes: object) -> list[Step]:
        self.number += 1
        message = {**sample(type_), "id": self.number, **changes}
        return self.frame(msgspec.json.encode(message).decode())

    def bearer(self, **changes: str | int) -> Bearer:
        facts: dict[str, Any] = {
            "role": self.role,
            "id": "alice",
            "tenant": "acme",
            "claims": Claims(name="A"),
        }
        return Bearer(**{**facts, "expires_at_ms": 10**13, **changes})

    def enter(self, **hello: object) -> list[Step]:
        """Plays ``hello`` up to the command; the core has not answered yet."""
        (verify,) = self.say("hello", role=self.role, **hello)
        assert isinstance(verify, Verify)
        return self.session.admit(verify, self.bearer(), self.now_ms)

    def ready(self, **hello: object) -> "Table":
        self.enter(**hello)
        assert self.session.settle(self.number, OK) == []
        you = outgoing.You(id="alice", role=self.role, tenant="acme", teams=self.teams)
        self.session.welcome(you)
        return self


def refusals(steps: list[Step]) -> list[int]:
    found = []
    for step in steps:
        if isinstance(step, Say) and isinstance(step.message, outgoing.Reply):
            assert step.message.err is not None
            found.append(step.message.err.code)
    return found
