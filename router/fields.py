"""The kinds of fields of which clients' messages are made, and the form that all of them have.

Owns: the limit of each kind of field, wherever it occurs. Does not know: any message.
"""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = [
    "ID_MAX",
    "AttributeName",
    "AttributeText",
    "Body",
    "DurationMs",
    "Ident",
    "IncomingForm",
    "LastingMs",
    "MessageId",
    "Note",
    "Op",
    "Reason",
    "Seq",
    "Tag",
    "WantedLevel",
    "Word",
]

ID_MAX = 2**53 - 1
"""The largest integer that a browser can count to."""


_PRINTABLE = r"\A[^\x00-\x1f\x7f]*\Z"
MessageId = Annotated[int, Meta(ge=1, le=ID_MAX)]
Ident = Annotated[str, Meta(min_length=1, max_length=128, pattern=_PRINTABLE)]
Op = Annotated[str, Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]
Word = Annotated[str, Meta(max_length=128, pattern=_PRINTABLE)]
Reason = Annotated[str, Meta(max_length=200)]
Body = Annotated[str, Meta(min_length=1, max_length=8192)]
Note = Annotated[str, Meta(max_length=8192)]
Tag = Annotated[str, Meta(min_length=1, max_length=35, pattern=_PRINTABLE)]
Seq = Annotated[int, Meta(ge=0, le=ID_MAX)]
DurationMs = Annotated[int, Meta(ge=0, le=31_536_000_000)]
LastingMs = Annotated[int, Meta(ge=1, le=31_536_000_000)]
WantedLevel = Annotated[int, Meta(ge=1, le=100)]
AttributeName = Annotated[str, Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]
AttributeText = Annotated[str, Meta(max_length=256)]


class IncomingForm(Struct, frozen=True, kw_only=True, tag_field="t"):
    """The root of all messages from clients: the type under ``t``, the client's number."""

    id: MessageId
