"""A command's outcome finds its way back to its connection."""

import pytest

from router.errors import CloseCode, Refusal, Refused
from router.events import Answer, CommandAnswered
from router.server.buckets import Buckets
from router.server.hearers import Outcome
from router.server.tickets import ConnectionTicket


class Asking:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def settle(self, id_: int, kind: str, outcome: Outcome) -> None:
        self.told.append((id_, kind, outcome))

    def welcome(self, now_ms: int) -> None:
        self.told.append(now_ms)

    def hang(self, code: int) -> None:
        self.told.append(code)


@pytest.mark.parametrize(
    ("kind", "outcome", "is_welcome"),
    [
        ("hello", CommandAnswered(Answer()), True),
        ("hello", Refused(Refusal.DRAINING), False),
        ("presence.set", CommandAnswered(Answer()), False),
    ],
)
def test_only_a_hello_that_took_effect_is_welcomed(
    kind: str, outcome: Outcome, is_welcome: bool
) -> None:
    asking = Asking()
    took = Buckets((1,))
    ticket = ConnectionTicket(asking, 7, kind, took)
    assert took.count == 0
    ticket.settle(outcome)
    assert took.count == 1
    ticket.applied(99)
    assert asking.told == [(7, kind, outcome), *([99] if is_welcome else [])]


def test_a_flaw_ends_the_connection() -> None:
    asking = Asking()
    ConnectionTicket(asking, 7, "hello", Buckets((1,))).fail()
    assert asking.told == [CloseCode.SERVER_ERROR]
