"""Pages of a transcript: which messages a reader gets who goes back in time.

Owns: where a page ends and begins, and how large it may be. Does not know: who may read, or whether
the messages come from the core or from the archive.

Invariants (tests/test_paging.py): going back page by page with the oldest message of each, a reader
gets every message that they may see once and in order; no page is too large for a frame.

Texts and notes count apart, and notes lie between the texts by time. A page that is not the last
begins with a text, so that a reader who knows of texts alone misses no note; only where more notes
follow each other than fit does it begin with a note, and the next one is asked for by that.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from router.cards import Message as Shown
from router.cards import Person
from router.conversations import Message
from router.ids import PersonKey

__all__ = ["PAGE_BYTES_MAX", "Before", "newest", "shown", "shown_person", "visible", "weight"]

PAGE_BYTES_MAX = 384 * 1024
"""As JSON, which is the longer encoding: far below the 1 MiB of a frame, and two of them fit into
what a connection may be owed."""
MESSAGE_BYTES = 300
"""What a message weighs beside its body, at most."""


class Before(NamedTuple):
    """Where a page ends: before the text or the note of this number; None is no bound."""

    seq: int | None = None
    note: int | None = None


def visible(messages: Sequence[Message], before: Before, *, notes: bool) -> Iterator[Message]:
    """What lies before the bound, the newest first; without notes where they are not to be seen."""
    end = len(messages)
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        bound = before.note if message.kind == "note" else before.seq
        if bound is not None and message.seq >= bound:
            end = place
    for place in range(end - 1, -1, -1):
        if notes or messages[place].kind != "note":
            yield messages[place]


def newest(
    messages: Iterable[Message], limit: int, byte_max: int = PAGE_BYTES_MAX
) -> tuple[list[Message], bool]:
    """The first ``limit`` of what comes newest first, in their order; and whether there are more.

    At least one comes, however long it is.
    """
    chosen: list[Message] = []
    byte_count = 0
    for message in messages:
        byte_count += weight(message)
        if chosen and (len(chosen) >= limit or byte_count > byte_max):
            _drop_first_notes(chosen)
            return chosen[::-1], True
        chosen.append(message)
    return chosen[::-1], False


def weight(message: Message) -> int:
    """How many bytes of a page a message takes at most; JSON writes some letters as six."""
    return len(msgspec.json.encode(message.body)) + MESSAGE_BYTES


def _drop_first_notes(chosen: list[Message]) -> None:
    """Leaves the oldest notes of a page to the next one, unless there is nothing else in it."""
    if any(message.kind == "text" for message in chosen):
        while chosen[-1].kind == "note":
            chosen.pop()


def shown(message: Message, conversation: str | None = None) -> Shown:
    """A message as people see it; with its conversation where several are read at once."""
    sender = shown_person(message.author, message.author_name)
    # A kind that was read from the archive is no default to the encoder, and so would be written.
    kind = "text" if message.kind == "text" else "note"
    return Shown(message.seq, sender, message.body, message.at_ms, kind, conversation=conversation)


def shown_person(key: PersonKey, name: str) -> Person:
    """A person by key, under a name."""
    role, _, subject = key.partition(":")
    return Person(subject, role, name)
