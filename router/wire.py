"""Both encodings of everything on the wire.

Owns: how a frame is read and written, and what is said of one that cannot be read.
Does not know: what a message means, who may send it, sessions, or sockets.

Invariants (tests/test_wire.py): whatever the bytes, ``decode`` returns and never raises; what one
encoding says the other says too; a message is encoded once for each encoding however many receive
it.

msgspec does the work. Besides its own errors, bad UTF-8 and the recursion limit leave its decoders,
which about a thousand nested brackets reach even inside a field that is ignored.

Reading costs what the frame's bytes cost, whoever sent it: all the mistakes of a policy are looked
for when a session asks, for those who may send one.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Raw, Struct

from router.errors import Refusal
from router.incoming import ID_MAX, Incoming
from router.mistaken import policy_mistakes
from router.outgoing import Outgoing

__all__ = ["FRAME_MESSAGES_MAX", "TYPES", "Bad", "Encoding", "Packet", "decode", "join"]

FRAME_MESSAGES_MAX = 16
"""An array of more is refused whole."""


class Encoding(StrEnum):
    """The subprotocols, by the names that are negotiated."""

    JSON = "fairline.v1.json"
    MSGPACK = "fairline.v1.msgpack"


TYPES = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Incoming))
"""The value of ``t`` of every message that a client may send."""


class Bad(NamedTuple):
    """A message that cannot be served as it stands: what its reply says; ``id`` 0 if unknown."""

    id: int
    code: Refusal
    message: str
    look: Callable[[], str] | None = None
    """Finds every mistake of a policy; dear, so not for everybody who sends something."""

    def every_mistake(self) -> str:
        """All that is wrong, in one line: whoever writes a policy would rather mend it once."""
        return (self.look() if self.look is not None else "") or self.message


class _Envelope(Struct):
    """The two fields that every message has, of whatever kind they are."""

    t: Any = None
    id: Any = None


class _Codec(NamedTuple):
    message: msgspec.json.Decoder[Incoming] | msgspec.msgpack.Decoder[Incoming]
    envelope: msgspec.json.Decoder[_Envelope] | msgspec.msgpack.Decoder[_Envelope]
    plain: msgspec.json.Decoder[dict[str, Any]] | msgspec.msgpack.Decoder[dict[str, Any]]
    array: msgspec.json.Decoder[list[Raw]] | msgspec.msgpack.Decoder[list[Raw]]
    array_starts: frozenset[str | int]
    """The first characters or bytes of an array; for JSON also the blanks that may precede it."""


_CODECS = {
    Encoding.JSON: _Codec(
        msgspec.json.Decoder(Incoming),
        msgspec.json.Decoder(_Envelope),
        msgspec.json.Decoder(dict[str, Any]),
        msgspec.json.Decoder(list[Raw]),
        frozenset("[ \t\r\n"),
    ),
    Encoding.MSGPACK: _Codec(
        msgspec.msgpack.Decoder(Incoming),
        msgspec.msgpack.Decoder(_Envelope),
        msgspec.msgpack.Decoder(dict[str, Any]),
        msgspec.msgpack.Decoder(list[Raw]),
        frozenset([*range(0x90, 0xA0), 0xDC, 0xDD]),
    ),
}
_UNREADABLE = (msgspec.DecodeError, ValueError, TypeError, OverflowError, RecursionError)
"""``ValueError`` for bad UTF-8 and timestamps that no calendar has; more than is known to occur."""

_ENCODERS: dict[Encoding, msgspec.json.Encoder | msgspec.msgpack.Encoder] = {
    Encoding.JSON: msgspec.json.Encoder(),
    Encoding.MSGPACK: msgspec.msgpack.Encoder(),
}


def decode(encoding: Encoding, frame: str | bytes) -> list[Incoming | Bad]:
    """Reads a frame: one message, or an array of up to ``FRAME_MESSAGES_MAX``.

    Each message stands for itself: one bad one does not take the others of its array with it.
    """
    codec = _CODECS[encoding]
    if frame[:1] and frame[0] in codec.array_starts:
        return _decode_array(codec, frame)
    return [_decode_message(codec, frame)]


def _decode_array(codec: _Codec, frame: str | bytes) -> list[Incoming | Bad]:
    first = frame.lstrip()[:1] if isinstance(frame, str) else b""
    if isinstance(frame, str) and first != "[":
        return [_decode_message(codec, frame)]
    try:
        parts = codec.array.decode(frame)  # type: ignore[arg-type]  # str goes to JSON alone
    except _UNREADABLE as error:
        return [Bad(0, Refusal.BAD_REQUEST, _sentence(error))]
    if len(parts) > FRAME_MESSAGES_MAX:
        text = f"a frame holds at most {FRAME_MESSAGES_MAX} messages, this one {len(parts)}"
        return [Bad(0, Refusal.LIMIT_EXCEEDED, text)]
    return [_decode_message(codec, part) for part in parts]


def _decode_message(codec: _Codec, raw: str | bytes | Raw) -> Incoming | Bad:
    try:
        return codec.message.decode(raw)  # type: ignore[arg-type]
    except _UNREADABLE as error:
        return _diagnose(codec, raw, error)


def _diagnose(codec: _Codec, raw: str | bytes | Raw, error: Exception) -> Bad:
    """Says what is wrong with a message, under its own id where that can be read."""
    try:
        envelope = codec.envelope.decode(raw)  # type: ignore[arg-type]
    except _UNREADABLE:
        return Bad(0, Refusal.BAD_REQUEST, _sentence(error))
    number, kind = envelope.id, envelope.t
    if type(number) is not int or not 1 <= number <= ID_MAX:
        return Bad(0, Refusal.BAD_REQUEST, "id: expected a positive integer")
    if not isinstance(kind, str):
        return Bad(number, Refusal.BAD_REQUEST, "t: expected the type of the message")
    if kind not in TYPES:
        return Bad(number, Refusal.UNKNOWN_TYPE, "t: this type of message is not known")
    if kind == "policy.set":
        look = partial(_policy_mistakes, codec, raw)
        return Bad(number, Refusal.BAD_REQUEST, _sentence(error), look)
    return Bad(number, Refusal.BAD_REQUEST, _sentence(error))


def _policy_mistakes(codec: _Codec, raw: str | bytes | Raw) -> str:
    """Everything that is wrong with a policy; nothing where it cannot be read without its types."""
    try:
        tree = codec.plain.decode(raw)  # type: ignore[arg-type]
    except _UNREADABLE:
        return ""
    return policy_mistakes(tree.get("policy", {}), "policy")


def _sentence(error: Exception) -> str:
    """Turns a decoder's error into one that begins with the field's path, as clients name it."""
    if not isinstance(error, msgspec.ValidationError):
        return "the frame cannot be decoded"
    text, _, path = str(error).partition(" - at `$")
    if "matching regex" in text:
        text = "control characters are not allowed"
    field_path = path.rstrip("`").lstrip(".")
    if field_path.startswith("[...]") or not field_path:
        return text
    return f"{field_path}: {text}"


class Packet:
    """One message to clients, encoded once for each encoding that a receiver asks for."""

    __slots__ = ("_encoded", "message")

    def __init__(self, message: Outgoing) -> None:
        self.message = message
        self._encoded: dict[Encoding, bytes] = {}

    def encoded(self, encoding: Encoding) -> bytes:
        """The bytes of the message; JSON is UTF-8."""
        encoded = self._encoded.get(encoding)
        if encoded is None:
            encoded = self._encoded[encoding] = _ENCODERS[encoding].encode(self.message)
        return encoded


def join(encoding: Encoding, parts: Sequence[bytes]) -> bytes:
    """Puts encoded messages, 2 to ``FRAME_MESSAGES_MAX`` of them, into the array of one frame."""
    assert 2 <= len(parts) <= FRAME_MESSAGES_MAX, len(parts)
    if encoding is Encoding.JSON:
        return b"[" + b",".join(parts) + b"]"
    head = bytes([0x90 | len(parts)]) if len(parts) < 16 else b"\xdc\x00\x10"
    return head + b"".join(parts)
