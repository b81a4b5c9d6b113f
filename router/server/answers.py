"""Waiting for what becomes of one command, for those who are no connection.

Owns: the ticket of somebody who waits. Does not know: who that is, or what is asked.

Invariant (tests/server/test_answers.py): a wait ends with what the core said, or not at all while
nobody knows.
"""

from collections.abc import Iterable
from typing import Protocol

import trio

from router.commands import Command
from router.errors import Refusal, Refused
from router.events import CommandAnswered
from router.server.hearers import Outcome, Ticket
from router.steps import as_refused

__all__ = ["Submit", "carry_out", "fate", "fates", "refusal_of"]


class Submit(Protocol):
    """Puts a command on its way."""

    def __call__(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """See ``Engine.submit``."""


async def carry_out(submit: Submit, tenant: str, command: Command) -> None:
    """Submits a command and returns once it took effect.

    Raises:
        Refused: it did not; INTERNAL where nobody knows.
    """
    refused = refusal_of(await fate(submit, tenant, command))
    if refused is not None:
        raise refused


async def fate(submit: Submit, tenant: str, command: Command) -> Outcome | None:
    """Submits a command and returns what became of it, or None where nobody knows.

    One that took effect is waited for until the views are as of its position.
    """
    (outcome,) = await fates(submit, [(tenant, command)])
    return outcome


async def fates(submit: Submit, commands: Iterable[tuple[str, Command]]) -> list[Outcome | None]:
    """Submits commands, each with its tenant, in their order and before any is waited for."""
    answers = []
    for tenant, command in commands:
        answer = _Answer()
        submit(tenant, command, answer)
        answers.append(answer)
    for answer in answers:
        await answer.known.wait()
    return [answer.outcome for answer in answers]


def refusal_of(outcome: Outcome | None) -> Refused | None:
    """Why a command did not take effect; INTERNAL where nobody knows, None where it did."""
    if outcome is None:
        return Refused(Refusal.INTERNAL, "this could not be done")
    return None if isinstance(outcome, CommandAnswered) else as_refused(outcome)


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
