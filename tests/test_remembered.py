"""A remembered answer comes out of its row as it went in."""

import msgspec

from router.events import Answer
from router.ids import ConversationId
from router.remembered import Remembered


def test_a_row_holds_what_was_asked_and_what_was_said() -> None:
    kept = Remembered(1 << 55, Answer(ConversationId("c"), "waiting", 3, 2), 1_000)
    packed = msgspec.msgpack.encode(kept)
    assert msgspec.msgpack.decode(packed, type=list) == [
        1 << 55,
        {"conversation": "c", "status": "waiting", "position": 3, "ahead": 2},
        1_000,
    ]
    assert msgspec.msgpack.decode(packed, type=Remembered) == kept
