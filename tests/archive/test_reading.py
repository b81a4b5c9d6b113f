"""Reading one tenant's archive, beside the server or without one."""

import sqlite3
from pathlib import Path

import pytest

from router.archive.base import Assigned, Audited, AuditQuery, Fact, Happened, Rated, Seen, Stay
from router.archive.pages import PageQuery
from router.archive.reading import KINDS, Reader, file_of
from router.archive.schema import STEPS, prepare
from router.archive.sqlite import SqliteArchive
from router.assignments import Decision, pack
from router.candidates import Candidate
from router.errors import ArchiveCorrupt, ArchiveUnavailable
from router.paging import Before
from tests.helpers.archives import conversation, talk

BEST = Candidate("alice", 900, 1000, 800, 0, 500, 2, 77, 1)
DECISION = pack(Decision("c1", "alice", 7, 1_000, "longest_idle", (BEST,)))


def filled(folder: Path) -> SqliteArchive:
    archive = SqliteArchive(folder, ["acme"])
    facts: list[Happened] = [
        talk("c1", "tnt", "carl"),
        talk("c2", "t", "dora"),
        Assigned("a1", "c1", "alice", "carl", "support", 40, DECISION),
        Rated("c1", "carl", "alice", 5, "=SUM(1)"),
        Audited("agent:alice", "history", "conversation:c1", "quality"),
        Audited("supervisor:sofia", "join.monitor", "conversation:c2", ""),
        Audited("agent:alice", "history", "customer:carl", "care"),
    ]
    placed = [Fact(n, 0, n * 100, one) for n, one in enumerate(facts, start=1)]
    archive.write("acme", placed, len(placed))
    return archive


@pytest.mark.parametrize("is_running", [True, False])
def test_it_is_read_beside_the_writer_and_after_it(tmp_path: Path, is_running: bool) -> None:
    archive = filled(tmp_path)
    if not is_running:
        archive.close()
    reader = Reader(tmp_path, "acme")
    found = reader.conversation("c1")
    assert found is not None
    assert (found.customer, found.agent, found.seq, found.note_seq) == ("carl", "alice", 2, 1)
    assert reader.position() == 7
    assert [one.seq for one in reader.messages("c1", Before(), 9, notes=False)] == [2, 1]
    if is_running:
        archive.close()


def test_reading_changes_no_byte(tmp_path: Path) -> None:
    filled(tmp_path).close()
    file = file_of(tmp_path, "acme")
    before = file.read_bytes()
    reader = Reader(tmp_path, "acme")
    assert reader.audit(AuditQuery())
    for kind in KINDS:
        assert list(reader.rows(kind))
    assert file.read_bytes() == before
    with reader._open() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM audit")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (AuditQuery(), [3, 2, 1]),
        (AuditQuery(limit=2), [3, 2]),
        (AuditQuery(before=3), [2, 1]),
        (AuditQuery(actor="agent:alice"), [3, 1]),
        (AuditQuery(target="conversation:c2"), [2]),
        (AuditQuery(action="history", since=600), [3]),
        (AuditQuery(until=700), [2, 1]),
        (AuditQuery(actor="agent:alice", until=600), [1]),
        (AuditQuery(actor="nobody"), []),
    ],
)
def test_the_trail_is_asked_by_person_target_action_and_time(
    tmp_path: Path, query: AuditQuery, expected: list[int]
) -> None:
    filled(tmp_path).close()
    assert [seen.entry for seen in Reader(tmp_path, "acme").audit(query)] == expected


def test_a_line_of_the_trail_says_who_what_when_and_why(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (line,) = Reader(tmp_path, "acme").audit(AuditQuery(target="conversation:c1"))
    assert line == Seen(1, 500, "agent:alice", "history", "conversation:c1", "quality", 5)


def test_rows_of_each_kind_come_in_order_and_for_one_customer(tmp_path: Path) -> None:
    filled(tmp_path).close()
    reader = Reader(tmp_path, "acme")
    told = [(row["conversation"], row["kind"], row["seq"]) for row in reader.rows("transcripts")]
    assert told == [("c1", "text", 1), ("c1", "note", 1), ("c1", "text", 2), ("c2", "text", 1)]
    assert [row["customer"] for row in reader.rows("transcripts", PageQuery(customer="dora"))] == [
        "dora"
    ]
    (assignment,) = reader.rows("assignments", PageQuery(customer="carl"))
    assert (assignment["rule"], assignment["waited_ms"]) == ("longest_idle", 40)
    assert "alice" in str(assignment["decision"])
    assert [row["score"] for row in reader.rows("ratings")] == [5]
    assert [row["purpose"] for row in reader.rows("audit", PageQuery(customer="carl"))] == ["care"]
    assert len(list(reader.rows("audit"))) == 3


def test_no_archive_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable, match="there is no archive here"):
        Reader(tmp_path, "acme").audit(AuditQuery())
    file_of(tmp_path, "acme").write_bytes(b"garbage " * 1_000)
    with pytest.raises(ArchiveCorrupt, match="damaged"):
        Reader(tmp_path, "acme").audit(AuditQuery())


def test_an_archive_that_is_damaged_further_in_says_so(tmp_path: Path) -> None:
    filled(tmp_path).close()
    file = file_of(tmp_path, "acme")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 3])
    with pytest.raises((ArchiveUnavailable, ArchiveCorrupt), match=r"acme\.sqlite"):
        list(Reader(tmp_path, "acme").rows("transcripts"))


def test_stays_are_told_with_their_times_between_two_instants(tmp_path: Path) -> None:
    archive = SqliteArchive(tmp_path, ["acme"])
    first, second = conversation("c1", at_ms=1_000), conversation("c2", at_ms=5_000)
    second.first_assigned_at_ms, second.ended_reason, second.klass = None, "abandoned", "gold"
    first.deferrable = True
    facts = [Fact(n, 0, n * 100, one) for n, one in enumerate((first, second), start=1)]
    archive.write("acme", facts, len(facts))
    archive.close()
    reader = Reader(tmp_path, "acme")
    assert list(reader.stays()) == [
        Stay("support", "chat", "", 1_000, 1_010, 1_100, "agent", True),
        Stay("support", "chat", "gold", 5_000, None, 5_100, "abandoned", False),
    ]
    assert [one.arrived_at for one in reader.stays(1_001)] == [5_000]
    assert [one.arrived_at for one in reader.stays(0, 5_000)] == [1_000]


def test_the_stays_of_a_file_that_no_start_has_brought_up_yet_are_read_as_they_are(
    tmp_path: Path,
) -> None:
    """``fairline staff --from-archive`` of a newer release, beside an older server that runs."""
    connection = sqlite3.connect(file_of(tmp_path, "acme"), isolation_level=None)
    prepare(connection, file_of(tmp_path, "acme"), "acme", STEPS[:1])
    row = ("c1", 1, "carl", "alice", "support", "chat", "", "", "", 5, 7, 9, "agent", "", 0, 0)
    connection.execute(
        f"INSERT INTO conversations VALUES (NULL{', ?' * len(row)}, '{{}}', '[]')", row
    )
    connection.close()
    before = file_of(tmp_path, "acme").read_bytes()
    assert list(Reader(tmp_path, "acme").stays()) == [
        Stay("support", "chat", "", 5, 7, 9, "agent", None)
    ]
    assert file_of(tmp_path, "acme").read_bytes() == before
