"""One connection's transcripts: each asked for once, answered once, and not too many at a time."""

import trio
import trio.testing

from router.commands import Command
from router.errors import CloseCode
from router.events import Answer, CommandAnswered
from router.incoming import History
from router.outgoing import Outgoing, Reply
from router.server import fetching as module
from router.server.fetching import Asker, Fetching
from router.server.hearers import Ticket
from router.server.histories import Histories
from tests.helpers.cores import Core, actor


class Desk:
    """Carl's chat in a core, and a journal that answers when the test says so."""

    def __init__(self) -> None:
        self.core = Core()
        self.core.here("customer:carl", "service:crm")
        self.core.ask("carl")
        self.said: list[Outgoing] = []
        self.hung: list[int] = []
        self.tickets: list[Ticket] = []
        histories = Histories({"acme": self.core.router}, self.submit, None)
        self.fetching = Fetching(histories)

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        assert tenant == "acme"
        assert ticket is not None
        self.tickets.append(ticket)

    def ask(self, nursery: trio.Nursery, id_: int, person: str) -> None:
        message = History(id=id_, conversation="c-carl-r1")
        asker = Asker(nursery, self.said.append, self.hung.append)
        self.fetching.start(asker, message, "acme", actor(person))

    def replies(self) -> list[tuple[int, int | None]]:
        return [
            (reply.id, None if reply.err is None else reply.err.code)
            for reply in self.said
            if isinstance(reply, Reply)
        ]


def take_effect(ticket: Ticket) -> None:
    ticket.settle(CommandAnswered(Answer()))
    ticket.applied(0)


async def test_a_customers_own_is_answered_at_once(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    async with trio.open_nursery() as nursery:
        desk.ask(nursery, 1, "customer:carl")
        assert desk.replies() == [(1, None)]
        desk.ask(nursery, 2, "customer:dora")
        assert desk.replies()[1:] == [(2, 103)]


async def test_staff_are_answered_when_their_look_is_in_the_journal(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    async with trio.open_nursery() as nursery:
        for id_ in range(1, module.FETCHES_MAX + 2):
            desk.ask(nursery, id_, "service:crm")
        assert desk.replies() == [(module.FETCHES_MAX + 1, 107)]
        await trio.testing.wait_all_tasks_blocked()
        for ticket in desk.tickets:
            take_effect(ticket)
        await trio.testing.wait_all_tasks_blocked()
        answered = [(id_, None) for id_ in range(1, module.FETCHES_MAX + 1)]
        assert sorted(desk.replies()[1:], key=lambda told: told[0]) == answered
        desk.ask(nursery, 20, "service:crm")
        await trio.testing.wait_all_tasks_blocked()
        take_effect(desk.tickets[-1])
    assert desk.replies()[-1] == (20, None)


async def test_a_look_whose_fate_nobody_knows_ends_the_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    async with trio.open_nursery() as nursery:
        desk.ask(nursery, 1, "service:crm")
    assert (desk.replies(), desk.hung) == ([], [CloseCode.SERVER_ERROR])
