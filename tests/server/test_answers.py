"""Waiting for what becomes of one command."""

import pytest
import trio
import trio.testing

from router.commands import Command, Tick
from router.errors import Refusal, Refused
from router.events import Answer, CommandAnswered, CommandRefused
from router.server.answers import carry_out
from router.server.hearers import Outcome, Ticket


class Journal:
    """Keeps the ticket of the last command."""

    def __init__(self) -> None:
        self.ticket: Ticket | None = None

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        assert (tenant, command) == ("acme", Tick())
        self.ticket = ticket


async def test_a_wait_ends_when_the_command_took_effect() -> None:
    journal = Journal()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(carry_out, journal.submit, "acme", Tick())
        await trio.testing.wait_all_tasks_blocked()
        assert journal.ticket is not None
        journal.ticket.settle(CommandAnswered(Answer()))
        journal.ticket.applied(1)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (CommandRefused(Refusal.FORBIDDEN, "no"), Refusal.FORBIDDEN),
        (Refused(Refusal.OVERLOADED), Refusal.OVERLOADED),
        (None, Refusal.INTERNAL),
    ],
)
async def test_a_refusal_is_raised(outcome: Outcome | None, code: Refusal) -> None:
    def submit(tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        assert ticket is not None
        if outcome is None:
            ticket.fail()
        else:
            ticket.settle(outcome)

    with pytest.raises(Refused) as caught:
        await carry_out(submit, "acme", Tick())
    assert caught.value.code is code
