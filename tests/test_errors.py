import pytest

from router import errors
from router.errors import (
    CloseCode,
    ProtocolError,
    Refusal,
    Refused,
    Retry,
    SettingsError,
    close_action,
)

PROTOCOL_WORDS = {
    100: "internal", 101: "unauthorized", 102: "forbidden", 103: "not_found",
    104: "unknown_type", 105: "bad_request", 106: "limit_exceeded", 107: "rate_limited",
    108: "overloaded", 109: "token_expired", 110: "purpose_required", 111: "conflict",
    113: "offer_gone", 114: "capacity_full", 115: "invalid_transition",
    116: "subscription_state", 118: "draining", 119: "consent_required", 120: "closed",
}  # fmt: skip


def test_refusals_have_the_codes_and_words_of_the_protocol() -> None:
    assert {int(refusal): refusal.word for refusal in Refusal} == PROTOCOL_WORDS


def test_only_passing_troubles_may_be_tried_again_later() -> None:
    later = {refusal.word for refusal in Refusal if refusal.retry is Retry.AFTER}
    assert later == {"internal", "rate_limited", "overloaded", "draining"}


@pytest.mark.parametrize(
    ("band", "action"),
    [(4100, "resume"), (4200, "resume"), (4300, "reconnect"), (4500, "stop")],
)
def test_the_band_of_a_close_code_says_what_a_client_does(band: int, action: str) -> None:
    codes = [code for code in CloseCode if band <= code < band + 100]
    assert codes
    assert {close_action(code) for code in [*codes, band + 99]} == {action}


def test_a_frame_too_big_stops_a_client() -> None:
    assert close_action(CloseCode.TOO_BIG) == "stop"


def test_close_reasons_fit_into_a_close_frame() -> None:
    assert max(len(code.word) for code in CloseCode) <= 32


def test_a_refusal_without_a_sentence_speaks_its_word() -> None:
    refused = Refused(Refusal.OFFER_GONE, outcome="taken")
    assert (refused.message, str(refused), refused.outcome) == ("offer gone", "offer_gone", "taken")


def test_every_error_has_the_same_root() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if issubclass(kind, Exception)]
    assert all(issubclass(kind, errors.RouterError) for kind in own)
    assert issubclass(errors.JournalUnavailable, errors.StorageError)


def test_errors_carry_what_their_reader_needs() -> None:
    assert ProtocolError(CloseCode.BAD_FRAME).code is CloseCode.BAD_FRAME
    error = SettingsError("write host:port", file="a.toml", key="server.bind")
    assert (error.file, error.key, str(error)) == ("a.toml", "server.bind", "write host:port")
