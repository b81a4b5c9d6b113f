"""All of a customer's past, wherever it lies."""

import random

import pytest

from router.archive.across import Live, Wanted, page_of_customer
from router.archive.base import Asked, Fact
from router.cards import Message as Shown
from router.conversations import Conversation
from router.errors import ArchiveUnavailable
from router.paging import PAGE_BYTES_MAX, Before, shown
from tests.helpers.archives import DictArchive, talk


def live(one: Conversation) -> Live:
    return Live(Asked(one.arrived_ms, one.id), one.last_agent, one.queue, tuple(one.messages))


def read_back(archive: DictArchive | None, here: list[Live], wanted: Wanted) -> list[Shown]:
    """All pages, each asked for by the oldest message of the one before."""
    read: list[Shown] = []
    more = True
    while more:
        found = page_of_customer(archive, "acme", here, wanted)
        assert found is not None
        page, more = found
        assert page or not more
        read = [*page, *read]
        if page:
            first = page[0]
            is_note = first.kind == "note"
            before = Before(note=first.seq) if is_note else Before(seq=first.seq)
            wanted = wanted._replace(conversation=first.conversation, before=before)
    return read


@pytest.mark.parametrize("seed", range(20))
def test_going_back_gives_everything_once_wherever_it_lies(seed: int) -> None:
    chance = random.Random(seed)
    archive = DictArchive("acme")
    here: list[Live] = []
    everything: list[Conversation] = []
    for number in range(12):
        kinds = "".join(chance.choices("ttn", k=chance.randint(0, 8)))
        customer = chance.choice(["carl", "carl", "dora"])
        one = talk(f"c{number}", kinds, customer, at_ms=chance.randint(0, 6) * 1_000)
        place = chance.choice(["core", "archive", "both"])
        if place != "core":
            archive.write("acme", [Fact(number + 1, 0, 1, one)], number + 1)
        if place != "archive" and customer == "carl":
            here.append(live(one))
        if customer == "carl":
            everything.append(one)
    everything.sort(key=lambda one: (one.arrived_ms, one.id))
    for notes in (True, False):
        wanted = Wanted("carl", chance.randint(1, 9), notes)
        expected = [
            shown(said, one.id)
            for one in everything
            for said in one.messages
            if notes or said.kind == "text"
        ]
        assert read_back(archive, here, wanted) == expected


def test_conversations_of_agents_who_are_not_ones_own_are_left_out() -> None:
    archive = DictArchive("acme")
    archive.write("acme", [Fact(1, 0, 1, talk("c1", "t"))], 1)
    wanted = Wanted("carl", 10, notes=True, hidden=frozenset({"alice"}))
    assert page_of_customer(archive, "acme", [live(talk("c2", "t"))], wanted) == ([], False)


def test_what_lies_behind_much_that_is_hidden_is_found_all_the_same() -> None:
    archive = DictArchive("acme")
    made = [talk("c00", "t"), *(talk(f"c{n:02}", "t", queue="hr", at_ms=n) for n in range(1, 40))]
    made[0].arrived_ms = 0
    for number, one in enumerate(made, start=1):
        archive.write("acme", [Fact(number, 0, 1, one)], number)
    wanted = Wanted("carl", 3, notes=True, confidential=frozenset({"hr"}), reader="bob")
    page = page_of_customer(archive, "acme", [], wanted)
    assert page is not None
    assert ([message.conversation for message in page[0]], page[1]) == (["c00"], False)


@pytest.mark.parametrize(
    ("reader", "expected"), [("alice", ["c1", "c2"]), ("bob", ["c2"]), ("", ["c2"])]
)
def test_what_is_confidential_is_read_by_whoever_served_in_it(
    reader: str, expected: list[str]
) -> None:
    one, other = talk("c1", "t", queue="hr"), talk("c2", "t")
    wanted = Wanted("carl", 10, notes=True, confidential=frozenset({"hr"}), reader=reader)
    archive = DictArchive("acme")
    archive.write("acme", [Fact(1, 0, 1, one), Fact(2, 0, 1, other)], 2)
    for kept, here in ((archive, []), (None, [live(one), live(other)])):
        page = page_of_customer(kept, "acme", here, wanted)
        assert page is not None
        assert [message.conversation for message in page[0]] == expected
        named = page_of_customer(kept, "acme", here, wanted._replace(conversation="c1"))
        assert (named is not None) is (reader == "alice")


def test_a_page_that_ends_in_anothers_conversation_ends_nowhere() -> None:
    archive = DictArchive("acme")
    archive.write("acme", [Fact(1, 0, 1, talk("c1", "t", "dora"))], 1)
    for name in ("c1", "none"):
        wanted = Wanted("carl", 10, notes=True, conversation=name)
        assert page_of_customer(archive, "acme", [], wanted) is None


def test_nothing_is_read_that_is_hidden_though_it_is_named() -> None:
    archive = DictArchive("acme")
    archive.write("acme", [Fact(1, 0, 1, talk("c1", "t"))], 1)
    wanted = Wanted("carl", 10, notes=True, hidden=frozenset({"alice"}), conversation="c1")
    assert page_of_customer(archive, "acme", [], wanted) is None


def test_without_an_archive_there_is_what_the_core_has() -> None:
    one = talk("c1", "tnt")
    page = page_of_customer(None, "acme", [live(one)], Wanted("carl", 10, notes=False))
    assert page is not None
    assert [message.seq for message in page[0]] == [1, 2]


def test_pages_over_many_conversations_fit_into_a_frame() -> None:
    archive = DictArchive("acme")
    for number in range(60):
        one = talk(f"c{number:02}", "")
        one.add(talk("x", "t").messages[0].author, "Carl", "\u0001" * 8_000, "text", 1)
        archive.write("acme", [Fact(number + 1, 0, 1, one)], number + 1)
    found = page_of_customer(archive, "acme", [], Wanted("carl", 500, notes=True))
    assert found is not None
    page, more = found
    assert more
    assert sum(len(message.body) for message in page) <= PAGE_BYTES_MAX + 8_192


def test_an_archive_that_cannot_be_read_is_no_empty_past() -> None:
    archive = DictArchive("acme")
    archive.is_full = True
    with pytest.raises(ArchiveUnavailable):
        page_of_customer(archive, "acme", [], Wanted("carl", 10, notes=True))
