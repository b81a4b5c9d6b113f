"""Waiting for what becomes of one command, for those who are no connection.

Owns: the ticket of somebody who waits. Does not know: who that is, or what is asked.

Invariant (tests/server/test_answers.py): a wait ends with what the core said, or not at all while
nobody knows.
"""

from typing import Protocol

import trio

from router.commands import Command
from router.errors import Refusal, Refused
from router.events import CommandAnswered
from router.server.hearers import Outcome, Ticket
from router.steps import as_refused

__all__ = ["Submit", "carry_out", "fate"]


class Submit(Protocol):
    """Puts a command on its way."""

    def __call__(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """See ``Engine.submit``."""


async def carry_out(submit: Submit, tenant: str, command: Command) -> None:
    """Submits a command and returns once it took effect.

    Raises:
        Refused: it did not; INTERNAL where nobody knows.
    """
    outcome = await fate(submit, tenant, command)
    if outcome is None:
        raise Refused(Refusal.INTERNAL, "this could not be done")
    if not isinstance(outcome, CommandAnswered):
        raise as_refused(outcome)


async def fate(submit: Submit, tenant: str, command: Command) -> Outcome | None:
    """Submits a command and returns what became of it, or None where nobody knows.

    One that took effect is waited for until the views are as of its position.
    """
    answer = _Answer()
    submit(tenant, command, answer)
    await answer.known.wait()
    return answer.outcome


class _Answer:
    """Waits for the outcome of one command."""

    def __init__(self) -> None:
        self.known = trio.Event()
        self.outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        """See ``Ticket``; for a refusal this is all."""
        self.outcome = outcome
        if not isinstance(outcome, CommandAnswered):
            self.known.set()

    def applied(self, now_ms: int) -> None:
        """See ``Ticket``."""
        self.known.set()

    def fail(self) -> None:
        """See ``Ticket``."""
        self.outcome = None
        self.known.set()
