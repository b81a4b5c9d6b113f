"""Pages of what is kept, against all of it at once."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from router.archive.base import Assigned, Audited, Erased, Fact, Happened, Rated
from router.archive.pages import BY_AGENT, BY_QUEUE, BYTES_MAX, KINDS, PageQuery, Place
from router.archive.sqlite import SqliteArchive
from tests.helpers.archives import conversation, talk

CUSTOMERS = ("ada", "bo", "cy")
Row = dict[str, object]


def random_facts(rng: random.Random, first: int, count: int) -> list[Fact]:
    """Several facts share a position, some times too; conversations end out of order."""
    facts: list[Fact] = []
    for number in range(first, first + count):
        customer, name = rng.choice(CUSTOMERS), f"c{number}"
        made: list[Happened] = [
            talk(name, rng.choice(["", "t", "tnt", "nn", "ttttn"]), customer, at_ms=number * 10),
            Assigned(f"a{number}", name, "alice", customer, "support", 40, None),
            Rated(name, customer, "alice", 5, ""),
            Audited("agent:alice", "history", f"conversation:{name}", ""),
            Audited("service:crm", "erase", f"customer:{customer}", ""),
        ]
        if rng.random() < 0.1:
            made.append(Erased(customer))
        chosen = [one for one in made if rng.random() < 0.7]
        facts += [Fact(number, place, number // 3 * 30, one) for place, one in enumerate(chosen)]
    return facts


def paged(archive: SqliteArchive, kind: str, query: PageQuery) -> list[Row]:
    rows: list[Row] = []
    after: Place = ()
    while True:
        page = archive.page("acme", kind, query, after)
        assert len(page.rows) <= query.limit
        assert page.more or page.place == archive.page("acme", kind, query, page.place).place
        rows += page.rows
        after = page.place
        if not page.more:
            return rows


@pytest.mark.parametrize("seed", range(4))
def test_page_by_page_gives_every_row_once_and_in_order(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    archive = SqliteArchive(tmp_path, ["acme"])
    archive.write("acme", random_facts(rng, 1, 60), 60)
    for kind in KINDS:
        for query in (
            PageQuery(limit=rng.randint(1, 9)),
            PageQuery(limit=3, customer="bo"),
            PageQuery(limit=4, since=200, until=400),
            PageQuery(limit=2, conversation="c7"),
        ):
            whole = list(archive.rows("acme", kind, query))
            assert paged(archive, kind, query) == whole, (kind, query)
    archive.close()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, "agent") for kind in BY_AGENT] + [(kind, "queue") for kind in BY_QUEUE],
)
def test_rows_are_asked_for_by_agent_and_by_queue(tmp_path: Path, kind: str, name: str) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    for number in range(1, 13):
        agent, queue = ("alice", "bob")[number % 2], ("support", "billing")[number % 3 == 0]
        one = talk(f"c{number}", "tn", at_ms=number * 10, queue=queue)
        one.last_agent = agent
        made: list[Happened] = [
            one,
            Assigned(f"a{number}", one.id, agent, "carl", queue, 40, None),
            Rated(one.id, "carl", agent, 5, ""),
        ]
        facts = [Fact(number, place, number * 10, what) for place, what in enumerate(made)]
        archive.write("acme", facts, number)
    whole = list(archive.rows("acme", kind, PageQuery()))
    for value in ("bob", "billing", "nobody"):
        query = (
            PageQuery(limit=2, agent=value) if name == "agent" else PageQuery(limit=2, queue=value)
        )
        assert paged(archive, kind, query) == [row for row in whole if row[name] == value]
    archive.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_whoever_follows_gets_what_comes_though_what_was_read_is_erased(
    tmp_path: Path, seed: int, kind: str
) -> None:
    """The newest rows are erased too, and SQLite gives their numbers to those that come next."""
    rng = random.Random(seed)
    archive = SqliteArchive(tmp_path, ["acme"])
    told: list[Row] = []
    after: Place = ()
    end = 0
    for _ in range(25):
        count = rng.randint(1, 4)
        archive.write("acme", random_facts(rng, end + 1, count), end + count)
        end += count
        if rng.random() < 0.4:
            end += 1
            archive.write("acme", [Fact(end, 0, end // 3 * 30, Erased(rng.choice(CUSTOMERS)))], end)
        query = PageQuery(limit=rng.randint(1, 12))
        page = archive.page("acme", kind, query, after)
        told += page.rows
        after = page.place
    query = PageQuery(limit=100)
    while (page := archive.page("acme", kind, query, after)).rows:
        told, after = [*told, *page.rows], page.place
    assert _names(told) == list(dict.fromkeys(_names(told))), "nothing is told twice"
    left = _names(list(archive.rows("acme", kind, PageQuery())))
    assert [name for name in _names(told) if name in set(left)] == left
    archive.close()


def _names(rows: Sequence[Row]) -> list[str]:
    return [
        " ".join(
            str(row.get(name)) for name in ("conversation", "id", "entry", "kind", "seq", "target")
        )
        for row in rows
    ]


def test_a_conversation_s_facts_are_told_as_such(tmp_path: Path) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    one = conversation("c1")
    one.attributes = {"page": "/cart"}
    archive.write("acme", [Fact(1, 0, 1, one)], 1)
    (row,) = archive.page("acme", "conversations", PageQuery(), ()).rows
    assert (row["conversation"], row["attributes"]) == ("c1", {"page": "/cart"})
    assert (row["arrived_at"], row["ended_at"], row["took_part"]) == (1_000, 1_100, [])
    archive.close()


def test_a_page_is_bounded_in_bytes(tmp_path: Path) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    one = talk("c1", "tt")
    body = "x" * (BYTES_MAX // 2 + 1)
    one.messages = [msgspec.structs.replace(said, body=body) for said in one.messages]
    archive.write("acme", [Fact(1, 0, 1, one)], 1)
    first = archive.page("acme", "transcripts", PageQuery(), ())
    assert ([row["seq"] for row in first.rows], first.more) == ([1], True)
    rest = archive.page("acme", "transcripts", PageQuery(), first.place)
    assert ([row["seq"] for row in rest.rows], rest.more) == ([2], False)
    archive.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_of_another_kind_is_none(tmp_path: Path, kind: str) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    for place in ((1,), ("a", 1, 1), (1, 1, 1, 1), (1, 1, 1.5)):
        with pytest.raises(ValueError, match="no place"):
            archive.page("acme", kind, PageQuery(), place)  # type: ignore[arg-type]
    archive.close()
