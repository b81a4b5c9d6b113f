"""Against wsproto as the oracle: whatever the frames, both read the same."""

from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, TextMessage

from router.server.shortcut import whole_messages
from tests.helpers.raw import BINARY, CLOSE, PING, PONG, TEXT, frame

CONTINUATION = 0
FINAL = 0x80


def _library(data: bytes) -> list[str | bytes]:
    """The messages that the library reads, put together from fragments."""
    connection = Connection(ConnectionType.SERVER)
    assert connection.state is ConnectionState.OPEN
    found: list[str | bytes] = []
    parts: list[str | bytes] = []
    connection.receive_data(data)
    for event in connection.events():
        if isinstance(event, TextMessage | BytesMessage):
            parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
            if event.message_finished:
                empty = "" if isinstance(event, TextMessage) else b""
                found.append(empty.join(parts))  # type: ignore[arg-type]  # of one kind
                parts = []
    return found


texts = st.text(max_size=300).map(lambda text: frame(text.encode(), TEXT))
blobs = st.one_of(st.binary(max_size=300), st.binary(min_size=120, max_size=130))
binaries = blobs.map(lambda data: frame(data, BINARY))
controls = st.sampled_from([PING, PONG]).map(lambda opcode: frame(b"x", opcode))


@given(st.lists(st.one_of(texts, binaries, controls), max_size=6), st.integers(0, 40))
def test_messages_and_rest_are_what_the_library_reads(frames: list[bytes], cut: int) -> None:
    data = b"".join(frames)
    data = data[: max(0, len(data) - cut)]
    messages, rest = whole_messages(data)
    assert messages + _library(bytes(rest)) == _library(data)


@given(st.lists(st.one_of(texts, binaries), min_size=1, max_size=6))
def test_all_of_whole_messages_are_taken(frames: list[bytes]) -> None:
    data = b"".join(frames)
    messages, rest = whole_messages(data)
    assert messages == _library(data)
    assert rest == b""
    assert [type(message) for message in messages] == [
        str if each[0] & 0xF == TEXT else bytes for each in frames
    ]


def test_what_is_no_whole_message_stays_for_the_library() -> None:
    good, masked = frame(b"hello", TEXT), 0x80
    not_utf8 = frame(b"\xff\xfe", TEXT)
    fragment = bytes([TEXT, masked | 1]) + b"\0\0\0\0a"
    long = bytes([FINAL | BINARY, masked | 127]) + (70_000).to_bytes(8, "big") + bytes(4 + 70_000)
    for other in (not_utf8, fragment, long, frame(b"", PING), frame(b"", CLOSE), good[:-1]):
        assert whole_messages(good + other + good) == (["hello"], other + good)
    assert whole_messages(b"") == ([], b"")
