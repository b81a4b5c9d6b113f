"""What to do about a refusal, for programs that call over HTTP."""

import pytest
from msgspec import structs

from router.commands import SetPolicy
from router.errors import Refusal, Refused
from router.policy import AgentEntry
from router.server.mends import with_mend
from tests.helpers.cores import POLICY, Core

ONE = "/v1/conversations/{conversation}"


def core() -> Core:
    made = Core()
    made.do(SetPolicy(policy=structs.replace(POLICY, agents=(AgentEntry(id="beatrice"),))))
    made.here("agent:alice")
    return made


def mended(code: Refusal, message: str, path: str = ONE) -> str:
    found = with_mend(Refused(code, message, retry_ms=7), core().router, path)
    assert (found.code, found.retry_ms) == (code, 7)
    return found.message


@pytest.mark.parametrize(
    ("told", "mend"),
    [
        ("there is no queue 'suport'", ' (did you mean "support"?)'),
        ("there is no queue 'mars'", ""),
        ("there is no agent 'alicia'", ' (did you mean "alice"?)'),
        ("there is no agent 'beatrix'", ' (did you mean "beatrice"?)'),
        ("there is no agent 'beatrice'", ": listed in the policy, and has not signed in so far"),
        ("there is no agent 'zoe'", ""),
        ("there is no such conversation", ""),
    ],
)
def test_names_that_are_near_are_told(told: str, mend: str) -> None:
    assert mended(Refusal.NOT_FOUND, told) == told + mend


@pytest.mark.parametrize(
    ("call", "status", "mend"),
    [
        ("end", "waiting", "; cancel takes it out of the line"),
        ("end", "ended", ""),
        ("cancel", "active", "; end ends it"),
        ("cancel", "wrap_up", ""),
        ("transfer", "held", "; only what an agent has is passed on; assign gives it to one"),
        ("assign", "ended", ""),
    ],
)
def test_the_call_that_does_what_was_meant_is_named(call: str, status: str, mend: str) -> None:
    told = f"the conversation is {status}"
    assert mended(Refusal.INVALID_TRANSITION, told, f"{ONE}/{call}") == told + mend


def test_the_key_has_the_name_of_its_header() -> None:
    told = "this op was used before with other content"
    expected = "this Idempotency-Key was used before with other content"
    assert mended(Refusal.CONFLICT, told) == expected
