"""Claims, meetings and messages."""

import msgspec

from router.ids import PersonKey
from router.records import Claim, Meeting, Message
from router.states import Show


def test_they_are_packed_in_rows_and_come_out_the_same() -> None:
    claim = Claim(Show.BUSY, "lunch", 5, Show.AVAILABLE)
    meeting = Meeting("c1", "ann", 7, "tax", "agent", rating=4)
    message = Message(1, PersonKey("agent:ann"), "Ann", "hello", "text", 9)
    for record in (claim, meeting, message):
        packed = msgspec.msgpack.encode(record)
        assert isinstance(msgspec.msgpack.decode(packed), list)
        assert msgspec.msgpack.decode(packed, type=type(record)) == record
