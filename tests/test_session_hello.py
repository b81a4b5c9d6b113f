"""How a connection begins and stays its bearer's."""

import pytest

from router import outgoing
from router.commands import Actor, Claims, Connect
from router.errors import CloseCode, Refusal, Refused
from router.events import CommandRefused
from router.ids import ConnectionId
from router.steps import Hang, Say, Submit, Verify
from tests.helpers.tables import OK, Table, refusals

# -- hello -------------------------------------------------------------------------------------


def test_hello_becomes_a_token_to_check_and_then_a_connect() -> None:
    table = Table()
    (verify,) = table.say("hello")
    assert isinstance(verify, Verify)
    assert (verify.id, verify.token) == (1, "a.b.c")
    assert table.session.admit(verify, table.bearer(), table.now_ms) == [
        Submit(
            1,
            Connect(
                by=Actor("agent", "alice", ConnectionId("x1")),
                life="n1",
                device="d1",
                claims=Claims(name="A"),
                languages=("en", "fr-CA"),
                view="background",
                idle_ms=5,
            ),
            "hello",
        )
    ]
    assert not table.session.is_ready


@pytest.mark.parametrize("code", list(CloseCode))
@pytest.mark.parametrize("has_said_hello", [False, True])
def test_a_connection_may_end_for_any_reason_before_its_welcome(
    code: CloseCode, has_said_hello: bool
) -> None:
    """A load of 12,000 found one who fell silent while waiting: the whole node ended."""
    table = Table()
    if has_said_hello:
        table.say("hello")
    assert table.session.hang(code) == [Hang(code, 0)]
    assert table.session.is_closed


def test_a_hello_that_took_effect_is_answered_by_welcome_alone() -> None:
    assert Table().ready().session.is_ready


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal.UNAUTHORIZED, CloseCode.INVALID_TOKEN),
        (Refusal.FORBIDDEN, CloseCode.FORBIDDEN),
        (Refusal.TOKEN_EXPIRED, CloseCode.TOKEN_EXPIRED),
        (Refusal.OVERLOADED, CloseCode.OVERLOADED),
        (Refusal.DRAINING, CloseCode.DRAIN),
        (Refusal.LIMIT_EXCEEDED, CloseCode.TOO_MANY_CONNECTIONS),
        (Refusal.INTERNAL, CloseCode.SERVER_ERROR),
    ],
)
def test_a_failed_hello_gets_its_reply_and_then_the_close(
    refusal: Refusal, code: CloseCode
) -> None:
    table = Table()
    (verify,) = table.say("hello")
    assert isinstance(verify, Verify)
    steps = table.session.turn_away(verify, Refused(refusal))
    assert refusals(steps) == [refusal]
    assert steps[1:] == [Hang(code)]
    assert table.session.is_closed


def test_a_hello_that_the_core_refuses_ends_the_connection() -> None:
    table = Table()
    table.enter()
    steps = table.session.settle(1, CommandRefused(Refusal.FORBIDDEN, "no"))
    assert refusals(steps) == [Refusal.FORBIDDEN]
    assert steps[1:] == [Hang(CloseCode.FORBIDDEN)]


def test_a_role_that_is_not_the_tokens_is_forbidden() -> None:
    table = Table()
    (verify,) = table.say("hello", role="supervisor")
    assert isinstance(verify, Verify)
    steps = table.session.admit(verify, table.bearer(), table.now_ms)
    assert refusals(steps) == [Refusal.FORBIDDEN]
    assert steps[1:] == [Hang(CloseCode.FORBIDDEN)]


def test_a_command_before_hello_is_unauthorized_and_changes_nothing() -> None:
    table = Table()
    assert refusals(table.say("presence.set")) == [Refusal.UNAUTHORIZED]
    assert refusals(table.frame('{"t":"explode","id":2}')) == [Refusal.UNAUTHORIZED]
    assert table.say("activity") == []
    assert not table.session.is_closed


def test_a_frame_that_cannot_be_read_before_hello_ends_the_connection() -> None:
    assert Table().frame("nonsense") == [Hang(CloseCode.BAD_FRAME)]


def test_a_bad_field_in_hello_is_named_and_may_be_mended() -> None:
    table = Table()
    assert refusals(table.say("hello", role="ops")) == [Refusal.BAD_REQUEST]
    assert table.ready().session.is_ready


def test_a_second_hello_is_a_bad_request() -> None:
    table = Table().ready()
    assert refusals(table.say("hello")) == [Refusal.BAD_REQUEST]
    assert table.session.is_ready


def test_a_second_hello_while_the_first_is_looked_into_is_a_bad_request() -> None:
    table = Table()
    table.say("hello")
    assert refusals(table.say("hello")) == [Refusal.BAD_REQUEST]


# -- tokens ------------------------------------------------------------------------------------


def test_a_refreshed_token_connects_again() -> None:
    table = Table().ready()
    (verify,) = table.say("token.refresh")
    assert verify == Verify(2, "a.b.c", None)
    assert isinstance(verify, Verify)
    newer = table.bearer(expires_at_ms=10**13 + 1)
    (submit,) = table.session.admit(verify, newer, table.now_ms)
    assert isinstance(submit, Submit)
    assert isinstance(submit.command, Connect)
    assert table.session.settle(2, OK) == [Say(outgoing.Reply(id=2, ok=True))]
    assert table.session.bearer == newer


@pytest.mark.parametrize("changes", [{"id": "bob"}, {"tenant": "other"}, {"role": "supervisor"}])
def test_a_refreshed_token_is_the_same_persons(changes: dict[str, str]) -> None:
    table = Table().ready()
    (verify,) = table.say("token.refresh")
    assert isinstance(verify, Verify)
    steps = table.session.admit(verify, table.bearer(**changes), table.now_ms)
    assert refusals(steps) == [Refusal.FORBIDDEN]
    assert table.session.bearer == table.bearer()


def test_a_bad_refreshed_token_leaves_the_connection() -> None:
    table = Table().ready()
    (verify,) = table.say("token.refresh")
    assert isinstance(verify, Verify)
    steps = table.session.turn_away(verify, Refused(Refusal.UNAUTHORIZED))
    assert refusals(steps) == [Refusal.UNAUTHORIZED]
    assert table.session.is_ready
