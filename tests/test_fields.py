"""The kinds of fields of clients' messages."""

from typing import Any

import msgspec
import pytest

from router.fields import (
    ID_MAX,
    Body,
    Ident,
    LastingMs,
    MessageId,
    Op,
    Seq,
    WantedLevel,
    Word,
)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (MessageId, 1, 0),
        (MessageId, ID_MAX, ID_MAX + 1),
        (Seq, 0, -1),
        (LastingMs, 1, 0),
        (WantedLevel, 100, 101),
        (WantedLevel, 1, 0),
        (Ident, "a" * 128, "a" * 129),
        (Ident, "é b", "a\nb"),
        (Ident, "a", ""),
        (Op, "a" * 64, "a" * 65),
        (Word, "", "a\x7f"),
        (Body, "x" * 8192, "x" * 8193),
    ],
)
def test_a_field_lets_through_what_is_within_its_limits(kind: Any, good: Any, bad: Any) -> None:  # noqa: ANN401
    assert msgspec.convert(good, kind) == good
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, kind)
