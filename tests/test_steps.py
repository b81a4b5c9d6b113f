"""The words of replies and of the last message."""

import pytest

from router import outgoing
from router.errors import CloseCode, Refusal, Refused
from router.events import Answer, CommandAnswered, CommandRefused
from router.ids import ConversationId
from router.steps import GOODBYE, Hang, as_refused, disconnect, refusal_reply, reply


def test_a_refusal_says_code_name_sentence_and_whether_to_try_again() -> None:
    refused = Refused(Refusal.RATE_LIMITED, "too many", retry_ms=300)
    assert refusal_reply(4, refused) == outgoing.Reply(
        id=4,
        ok=False,
        err=outgoing.Error(
            code=107, name="rate_limited", msg="too many", retry="after", retry_ms=300
        ),
    )


def test_missing_consent_names_the_terms_and_their_version() -> None:
    error = refusal_reply(4, Refused(Refusal.CONSENT_REQUIRED, terms=("pro", 2))).err
    assert error is not None
    assert (error.terms, error.version, error.retry) == ("pro", 2, "no")


def test_what_the_core_refused_is_said_with_everything_it_carries() -> None:
    refused = CommandRefused(
        code=Refusal.CLOSED, message="closed", outcome="taken", fallback="mail", retry_ms=1
    )
    error = reply(7, refused, None).err
    assert error == outgoing.Error(
        code=120,
        name="closed",
        msg="closed",
        retry="no",
        retry_ms=1,
        outcome="taken",
        fallback="mail",
    )
    assert as_refused(as_refused(refused)).code is Refusal.CLOSED


def test_an_answer_brings_its_fields_and_the_estimated_wait() -> None:
    answer = Answer(
        conversation=ConversationId("c1"), status="waiting", position=2, ahead=1, joined=True, seq=5
    )
    wait = outgoing.WaitBand(p50=10, p90=20)
    assert reply(7, CommandAnswered(answer), wait) == outgoing.Reply(
        id=7,
        ok=True,
        conversation="c1",
        status="waiting",
        position=2,
        ahead=1,
        joined=True,
        seq=5,
        wait_ms=wait,
    )


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (CloseCode.DRAIN, "resume"),
        (CloseCode.RATE_LIMITED, "resume"),
        (CloseCode.TOKEN_EXPIRED, "reconnect"),
        (CloseCode.INVALID_TOKEN, "stop"),
    ],
)
def test_the_last_words_say_what_to_do_next(code: CloseCode, action: str) -> None:
    assert disconnect(Hang(code, 250)) == outgoing.Disconnect(
        code=code, reason=code.word, action=action, delay_ms=250
    )


def test_a_goodbye_is_not_answered_with_last_words() -> None:
    assert disconnect(Hang(GOODBYE)) is None
