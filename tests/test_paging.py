"""Pages of a transcript, going back in time."""

import re

from hypothesis import given
from hypothesis import strategies as st

from router import outgoing
from router.conversations import Message
from router.paging import PAGE_BYTES_MAX, Before, newest, shown, shown_person, visible, weight
from router.wire import Encoding, Packet
from tests.helpers.archives import message, talk


def read_back(said: list[Message], limit: int, *, notes: bool) -> list[Message]:
    """All pages, each asked for by the oldest message of the one before."""
    read: list[Message] = []
    before, more = Before(), True
    while more:
        page, more = newest(visible(said, before, notes=notes), limit)
        assert len(page) <= limit
        read = [*page, *read]
        if page:
            oldest = page[0]
            is_note = oldest.kind == "note"
            before = Before(note=oldest.seq) if is_note else Before(seq=oldest.seq)
    return read


@given(st.text("tn", max_size=40), st.integers(1, 7))
def test_going_back_gives_every_message_once_and_in_order(kinds: str, limit: int) -> None:
    said = talk("c", kinds).messages
    assert read_back(said, limit, notes=True) == said
    texts = [one for one in said if one.kind == "text"]
    assert read_back(said, limit, notes=False) == texts


@given(st.text("tn", max_size=40), st.integers(2, 7))
def test_who_goes_back_by_texts_alone_misses_no_note_where_a_page_has_room(
    kinds: str, limit: int
) -> None:
    said = talk("c", re.sub("n+", "n", kinds)).messages
    read: list[Message] = []
    before, more = Before(), True
    while more:
        page, more = newest(visible(said, before, notes=True), limit)
        read = [*page, *read]
        assert not more or page[0].kind == "text"
        before = Before(seq=page[0].seq) if page else before
    assert read == said


def test_a_page_fits_into_a_frame_whatever_is_said() -> None:
    said = [message(seq, body="\u0001" * 8_192) for seq in range(1, 501)]
    page, more = newest(reversed(said), 500)
    assert more
    assert sum(map(weight, page)) <= PAGE_BYTES_MAX
    reply = outgoing.Reply(id=1, ok=True, messages=tuple(shown(one) for one in page), more=more)
    for encoding in Encoding:
        assert len(Packet(reply).encoded(encoding)) < 1024 * 1024


def test_one_message_comes_however_little_room_there_is() -> None:
    page, more = newest(iter([message(2), message(1)]), 1, 0)
    assert ([one.seq for one in page], more) == ([2], True)


def test_a_kind_is_shown_the_same_wherever_it_was_read() -> None:
    stored = message(1, kind="".join(["te", "xt"]))
    bytes_of = [
        Packet(outgoing.Reply(id=1, ok=True, messages=(shown(one),))).encoded(Encoding.JSON)
        for one in (stored, message(1))
    ]
    assert bytes_of[0] == bytes_of[1]
    assert shown(message(1), "c1").conversation == "c1"


def test_a_person_is_shown_under_a_name() -> None:
    person = shown_person(message(1).author, "Alice")
    assert (person.id, person.role, person.name) == ("alice", "agent", "Alice")
