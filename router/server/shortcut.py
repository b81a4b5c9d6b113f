"""Reads whole messages off the front of what came in, so that the library need not.

Owns:
    Cutting and unmasking frames that are a message each; passing over pongs.

Does not know:
    Streams, limits (``meter`` has judged every header before), other control frames, fragments.

Invariants (tests/server/test_shortcut.py):
    Whatever the bytes, messages and rest together are what the library would have read from them:
    the first frame that is not a whole message, or not UTF-8, stays in the rest with all behind it.

Nearly every frame of a client is a message of its own that arrived in one piece. Reading it here
costs a tenth of what the library takes for it, which keeps the rest: fragments, pings, closes, and
everything that is wrong. A pong needs no reading: we ask by pings of our own, and that something
came is all there is to know (``meter``); ten thousand silent connections send 500 a second.
"""

from typing import Final

__all__ = ["whole_messages"]

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_TAKEN: Final = frozenset({_TEXT, _BINARY, 0x8A})
"""The third is a pong."""
_MASK_BYTES: Final = 4
_HEAD_BYTES_MIN: Final = 2 + _MASK_BYTES


def whole_messages(data: bytes | bytearray) -> tuple[list[str | bytes], bytes | bytearray]:
    """Cut off the unfragmented messages that ``data`` begins with.

    Args:
        data: Frames of a client, from the beginning of one; no header is cut short.

    Returns:
        The messages, and what is left for the library.
    """
    messages: list[str | bytes] = []
    start, end = 0, len(data)
    while end - start >= _HEAD_BYTES_MIN:
        first, size, head = data[start], data[start + 1] & 0x7F, 2
        if first not in _TAKEN or size == 127:
            break
        if size == 126:
            size, head = int.from_bytes(data[start + 2 : start + 4], "big"), 4
        payload_at = start + head + _MASK_BYTES
        stop = payload_at + size
        if stop > end:
            break
        message = _unmasked(data[start + head : payload_at], data[payload_at:stop], size)
        if first == _TEXT:
            try:
                messages.append(message.decode())
            except UnicodeDecodeError:
                break
        elif first == _BINARY:
            messages.append(message)
        start = stop
    return messages, data[start:]


def _unmasked(mask: bytes | bytearray, payload: bytes | bytearray, size: int) -> bytes:
    """XOR over one big number: in C, at a byte each."""
    stretched = (mask * (size // _MASK_BYTES + 1))[:size]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(stretched, "little")
    return number.to_bytes(size, "little")
