"""The archive on the disk: against a model in dicts, twice, in pieces, full, erased and pruned."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from router.archive.base import (
    Asked,
    Assigned,
    Audited,
    AuditQuery,
    Erased,
    Fact,
    Happened,
    Keep,
    Rated,
)
from router.archive.pages import PageQuery
from router.archive.sqlite import SqliteArchive
from router.assignments import Decision, pack
from router.errors import ArchiveLocked, ArchiveUnavailable
from router.paging import Before
from tests.helpers.archives import DictArchive, conversation, filed, talk

CUSTOMERS = ("carl", "dora", "ed")
QUEUES = ("support", "billing")
DECISION = pack(Decision("c", "alice", 7, 1_000, "longest_idle", ()))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SqliteArchive]:
    opened = SqliteArchive(tmp_path, ["acme", "other"])
    yield opened
    opened.close()


def facts_of(chance: random.Random, count: int) -> list[Fact]:
    """A past, in the order of its positions; some positions hold several facts."""
    found: list[Fact] = []
    position = 1
    for number in range(count):
        if chance.random() < 0.8:
            position += chance.randint(1, 5)
        customer = chance.choice(CUSTOMERS)
        place = found[-1].place + 1 if found and found[-1].position == position else 0
        what = _happened(chance, number, customer)
        found.append(Fact(position, place, position * 10, what))
    return found


def _happened(chance: random.Random, number: int, customer: str) -> Happened:
    name = f"c{number}"
    queue = chance.choice(QUEUES)
    match chance.randint(0, 9):
        case 0 | 1 | 2 | 3:
            kinds = "".join(chance.choices("ttn", k=chance.randint(0, 9)))
            return talk(name, kinds, customer, at_ms=chance.randint(0, 50) * 100, queue=queue)
        case 4 | 5:
            return Assigned(f"a{number}", name, "alice", customer, queue, 7, DECISION)
        case 6:
            return Rated(f"c{chance.randint(0, number)}", customer, "alice", 3, f"fine {number}")
        case 7 if chance.random() < 0.2:
            return Erased(customer)
        case _:
            return Audited(f"agent:{chance.choice('ab')}", "history", f"customer:{customer}", "q")


def same(archive: SqliteArchive, model: DictArchive) -> None:
    """Everything that can be asked has the same answer."""
    names = [f"c{number}" for number in range(300)]
    assert archive.position("acme") == model.position("acme")
    for name in names:
        assert archive.conversation("acme", name) == model.conversation("acme", name)
        for before in (Before(), Before(3), Before(note=2), Before(2, 1)):
            for notes in (True, False):
                asked = ("acme", name, before, 5)
                assert archive.messages(*asked, notes=notes) == model.messages(*asked, notes=notes)
    for customer in CUSTOMERS:
        for end in (None, Asked(2_000, "c5"), Asked(0, "")):
            for notes in (True, False):
                wanted = ("acme", customer, end, 7)
                assert archive.conversations_of(*wanted, notes=notes) == model.conversations_of(
                    *wanted, notes=notes
                )
    lines = [(seen.at, seen.actor, seen.position) for seen in archive.audit("acme", AuditQuery())]
    known = [(seen.at, seen.actor, seen.position) for seen in model.audit("acme", AuditQuery())]
    assert lines == known
    assert counts(archive) == counts(model)
    for since_ms, position in ((0, 10_000), (1_500, 10_000), (0, 40)):
        waits, known_waits = (
            each.first_waits("acme", since_ms, position) for each in (archive, model)
        )
        assert sorted(waits) == sorted(known_waits)
        assert [wait.at_ms for wait in waits] == sorted(wait.at_ms for wait in waits)


def counts(archive: SqliteArchive | DictArchive) -> list[int]:
    """How many assignments and ratings there are of each customer."""
    if isinstance(archive, DictArchive):
        whats = [fact.what for fact in archive.facts["acme"]]
        return [
            sum(isinstance(one, kind) and one.customer == customer for one in whats)
            for customer in CUSTOMERS
            for kind in (Assigned, Rated)
        ]
    return [
        sum(1 for _ in archive.rows("acme", kind, PageQuery(customer=customer)))
        for customer in CUSTOMERS
        for kind in ("assignments", "ratings")
    ]


@pytest.mark.parametrize("seed", range(6))
def test_it_says_what_the_model_says_whatever_happened(archive: SqliteArchive, seed: int) -> None:
    chance = random.Random(seed)
    model = DictArchive("acme")
    facts = facts_of(chance, 120)
    while facts:
        count = chance.randint(1, 20)
        while count < len(facts) and facts[count].position == facts[count - 1].position:
            count += 1
        batch, facts = facts[:count], facts[count:]
        for each in (archive, model):
            each.write("acme", batch, batch[-1].position)
    same(archive, model)
    assert archive.position("other") == 0
    assert archive.conversation("other", "c1") is None


def test_feeding_twice_changes_nothing(tmp_path: Path) -> None:
    facts = facts_of(random.Random(7), 100)
    archive = SqliteArchive(tmp_path, ["acme"])
    archive.write("acme", facts, facts[-1].position)
    before = everything(archive)
    archive.write("acme", facts, facts[-1].position)
    archive.close()
    archive = SqliteArchive(tmp_path, ["acme"])
    assert archive.position("acme") == facts[-1].position
    archive.write("acme", facts[50:], facts[-1].position)
    assert everything(archive) == before
    archive.close()


def test_overlapping_batches_are_kept_once(tmp_path: Path) -> None:
    facts = [Fact(number, 0, number, Audited("a", "b", "c", "")) for number in range(1, 10)]
    archive = SqliteArchive(tmp_path, ["acme"])
    archive.write("acme", facts[:5], 5)
    archive.write("acme", facts[2:], 9)
    assert [seen.position for seen in archive.audit("acme", AuditQuery())] == list(range(9, 0, -1))
    archive.close()


def everything(archive: SqliteArchive) -> list[dict[str, object]]:
    kinds = ("transcripts", "assignments", "ratings", "audit")
    return [row for kind in kinds for row in archive.rows("acme", kind, PageQuery())]


def test_a_position_goes_on_where_there_is_nothing_to_keep(archive: SqliteArchive) -> None:
    archive.write("acme", [], 70)
    archive.write("acme", [], 60)
    assert archive.position("acme") == 70


def test_a_write_that_fails_leaves_nothing(archive: SqliteArchive, tmp_path: Path) -> None:
    archive.write("acme", [Fact(1, 0, 1, conversation("c1"))], 1)
    connection = sqlite3.connect(tmp_path / "acme.sqlite")
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
    )
    facts = [Fact(2, 0, 2, talk("c2", "ttt")), Fact(3, 0, 3, Audited("a", "b", "c", ""))]
    with pytest.raises(ArchiveUnavailable, match="disk is full"):
        archive.write("acme", facts, 3)
    assert archive.position("acme") == 1
    assert archive.conversation("acme", "c2") is None
    connection.execute("DROP TRIGGER full")
    connection.close()
    archive.write("acme", facts, 3)
    assert archive.conversation("acme", "c2") == filed(talk("c2", "ttt"))


def test_two_writers_are_refused(tmp_path: Path) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    with pytest.raises(ArchiveLocked, match=r"uses this archive already.*\(server\.data\)"):
        SqliteArchive(tmp_path, ["acme"])
    archive.close()
    SqliteArchive(tmp_path, ["acme"]).close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ArchiveUnavailable, match="cannot be opened"):
        SqliteArchive(tmp_path / "file", ["acme"])


def test_a_damaged_file_lets_go_of_the_lock(tmp_path: Path) -> None:
    SqliteArchive(tmp_path, ["acme"]).close()
    (tmp_path / "other.sqlite").write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(Exception, match="damaged"):
            SqliteArchive(tmp_path, ["acme", "other"])


def test_an_erased_customer_is_gone_from_the_bytes_too(tmp_path: Path) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    secret = talk("c1", "tnt", "carl")
    secret.add(secret.messages[0].author, "Carl", "my number is 4711-0815", "text", 5)
    kept = talk("c2", "t", "dora")
    audit = Audited("agent:alice", "history", "customer:carl", "quality")
    facts: Sequence[Happened] = (
        secret,
        kept,
        Assigned("a1", "c1", "alice", "carl", "support", 7, None),
        Rated("c1", "carl", "alice", 5, "good"),
        audit,
        Erased("carl"),
    )
    archive.write("acme", [Fact(1, 0, 1, facts[0])], 1)
    archive.write("acme", [Fact(n, 0, n, one) for n, one in enumerate(facts[1:], start=2)], 6)
    assert archive.conversation("acme", "c1") is None
    assert archive.conversation("acme", "c2") == filed(kept)
    assert list(archive.rows("acme", "assignments", PageQuery())) == []
    assert list(archive.rows("acme", "ratings", PageQuery())) == []
    assert [seen.target for seen in archive.audit("acme", AuditQuery())] == ["customer:carl"]
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"4711-0815" not in files, "not even in the log of a file that is open"
    archive.close()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"4711-0815" not in files
    assert b"c2 0" in files


def test_what_is_too_old_goes_in_pieces_by_kind_and_queue(archive: SqliteArchive) -> None:
    facts: list[Happened] = []
    for number in range(20):
        queue = QUEUES[number % 2]
        facts.append(talk(f"c{number}", "ttn", at_ms=number * 1_000, queue=queue))
        facts.append(Assigned(f"a{number}", f"c{number}", "alice", "carl", queue, 7, None))
        facts.append(Audited("a", "b", f"c{number}", ""))
    placed = [Fact(n, 0, n * 100, one) for n, one in enumerate(facts, start=1)]
    archive.write("acme", placed, 60)
    keep = Keep(transcripts_before=10_000, assignments_before=2_000, queues={"billing": 15_000})
    rounds = 0
    while archive.prune("acme", keep, 10):
        rounds += 1
    assert rounds >= 5
    rows = {str(row["conversation"]) for row in archive.rows("acme", "transcripts", PageQuery())}
    expected = {f"c{n}" for n in range(20) if n * 1_000 + 100 >= (15_000 if n % 2 else 10_000)}
    assert rows == expected
    left = list(archive.rows("acme", "assignments", PageQuery()))
    assert len(left) == sum(isinstance(f.what, Assigned) and f.at_ms >= 2_000 for f in placed)
    assert len(archive.audit("acme", AuditQuery())) == 20
    archive.prune("acme", Keep(audit_before=3_000), 1_000)
    assert all(seen.at >= 3_000 for seen in archive.audit("acme", AuditQuery()))


def test_nothing_goes_where_everything_is_kept(archive: SqliteArchive) -> None:
    archive.write("acme", [Fact(1, 0, 1, talk("c1", "t"))], 1)
    assert archive.prune("acme", Keep(), 10) == 0


def test_a_conversation_was_accepted_once_however_often_it_was_passed_on(
    archive: SqliteArchive,
) -> None:
    model = DictArchive("acme")
    given = [
        Fact(place, 0, 1_000 * place, Assigned(f"a{place}", "c1", agent, "carl", "q", 7, None))
        for place, agent in enumerate(("alice", "bela", "alice"), start=1)
    ]
    for each in (archive, model):
        each.write("acme", given, 3)
        (wait,) = each.first_waits("acme", 0, 3)
        assert (wait.at_ms, wait.end) == (1_000, "accepted")
        assert each.first_waits("acme", 1_500, 3) == []
        assert each.first_waits("acme", 0, 0) == []
