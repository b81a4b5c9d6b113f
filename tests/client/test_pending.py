"""Commands that wait for their answer."""

import pytest

from router.cards import Error
from router.client.pending import Pending, Refused, Waiting
from router.outgoing import Reply


def _message(conversation: str, body: str) -> Waiting:
    return Waiting("message.send", {"conversation": conversation, "body": body})


def _sent(pending: Pending, now_s: float = 0.0) -> list[str]:
    bodies = []
    for number, one in enumerate(pending.due(now_s), start=1):
        one.id = number
        one.tries += 1
        bodies.append(one.fields.get("body", one.type))
    return bodies


def _no(id_: int, retry: str, retry_ms: int | None = None) -> Reply:
    error = Error(code=107, name="rate_limited", msg="slower", retry=retry, retry_ms=retry_ms)
    return Reply(id=id_, ok=False, err=error)


def test_messages_of_one_conversation_go_one_after_the_other() -> None:
    pending = Pending()
    for one in (_message("a", "first"), _message("a", "second"), _message("b", "other")):
        pending.add(one)
    assert _sent(pending) == ["first", "other"]
    assert _sent(pending) == []
    pending.answer(Reply(id=1, ok=True), 0.0)
    assert _sent(pending) == ["second"]


def test_a_message_that_is_tried_again_is_not_overtaken() -> None:
    pending = Pending()
    for body in ("first", "second"):
        pending.add(_message("a", body))
    _sent(pending)
    pending.answer(_no(1, "after", 2_000), 10.0)
    assert _sent(pending, 11.0) == []
    assert pending.next_s() == 12.0 or pending.next_s() == float("-inf")
    assert _sent(pending, 12.0) == ["first"]


async def test_a_refusal_reaches_who_waits_with_its_words() -> None:
    pending = Pending()
    one = _message("a", "no")
    pending.add(one)
    _sent(pending)
    pending.answer(_no(1, "no"), 0.0)
    with pytest.raises(Refused, match="107 rate_limited: slower"):
        await one.wait()
    assert len(pending) == 0


async def test_what_means_nothing_later_goes_with_its_connection_and_the_rest_is_kept() -> None:
    pending = Pending()
    look, write = Waiting("history", {}), _message("a", "kept")
    pending.add(look)
    pending.add(write)
    _sent(pending)
    pending.detach()
    with pytest.raises(Refused, match="0 lost"):
        await look.wait()
    assert _sent(pending) == ["kept"]
    assert write.tries == 2


def test_an_answer_to_nothing_is_no_error() -> None:
    pending = Pending()
    pending.answer(Reply(id=0, ok=False), 0.0)
    assert len(pending) == 0
