"""Commands over HTTP that the engine answers late or never."""

from collections.abc import Mapping

import pytest
import trio
import trio.testing
from starlette.requests import Request

from router.changes import Change
from router.commands import Actor, Claims, Command, Tick
from router.core import Router
from router.errors import Refusal, Refused
from router.measures import Measures
from router.policy import Policy
from router.server.calls import PACES_MAX, Caller, Calls, refusal
from router.server.hearers import Ticket
from router.steps import Bearer


class Office:
    """An engine that never answers, and tokens that are the caller's name."""

    routers: Mapping[str, Router] = {}

    is_draining = False

    def measures(self, tenant: str) -> Measures:
        return Measures(Policy())

    async def authenticate(self, token: str) -> Bearer:
        return Bearer("service", token, "acme", Claims(), 0)

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        assert ticket is not None
        self.last = ticket

    def new_id(self) -> str:
        return "x"

    def note_trace(self, conversation: str, traceparent: str) -> None:
        pass

    def policy_changes(self, tenant: str, policy: Policy) -> tuple[Change, ...]:
        return ()

    def now_ms(self) -> int:
        return 0


def _request(token: str) -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return Request({"type": "http", "method": "GET", "headers": headers, "path": "/"})


async def test_what_nobody_knows_is_given_up_in_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    calls = Calls(Office())
    caller = Caller("acme", Actor("service", "shop"))
    began = trio.current_time()
    with pytest.raises(TimeoutError):
        await calls.do(caller, Tick())
    assert trio.current_time() - began == 10.0


async def test_an_engine_that_failed_leaves_the_fate_unknown() -> None:
    office = Office()
    calls = Calls(office)
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            with pytest.raises(TimeoutError):
                await calls.do(Caller("acme", Actor("service", "shop")), Tick())

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        office.last.fail()


async def test_the_paces_of_callers_are_bounded() -> None:
    calls = Calls(Office())
    for number in range(PACES_MAX + 10):
        await calls.caller(_request(f"s{number}"))
    assert len(calls._paces) == PACES_MAX


@pytest.mark.parametrize("code", list(Refusal))
def test_every_refusal_has_a_status_and_the_protocols_words(code: Refusal) -> None:
    answer = refusal(Refused(code, "words"))
    assert 400 <= answer.status_code < 600
    assert b'"msg":"words"' in answer.body
