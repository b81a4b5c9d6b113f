"""The archive's commands, as an operator types them."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from router.archive.base import Assigned, Audited, Fact, Happened, Rated
from router.archive.sqlite import SqliteArchive
from router.server.cli import main
from tests.helpers.archives import talk
from tests.helpers.real_server import RealServer

FACTS: list[Happened] = [
    Audited("agent:alice", "history", "conversation:c1", "quality"),
    Audited("supervisor:sofia", "assign", "conversation:c2", "to bob"),
    talk("c1", "tnt"),
    talk("c2", "t", "dora"),
    Assigned("a1", "c1", "alice", "carl", "support", 40, None),
    Rated("c1", "carl", "alice", 5, "=SUM(A1:A9), or so"),
]
DAY_MS = 86_400_000


@pytest.fixture
def server(tmp_path: Path) -> RealServer:
    made = RealServer(tmp_path)
    archive = SqliteArchive(tmp_path / "data" / "archive", ["acme"])
    placed = [Fact(n, 0, n * DAY_MS, one) for n, one in enumerate(FACTS, start=1)]
    archive.write("acme", placed, len(placed))
    archive.close()
    connection = sqlite3.connect(tmp_path / "data" / "archive" / "acme.sqlite")
    connection.execute("UPDATE facts SET value = 0 WHERE name = 'position'")
    connection.commit()
    connection.close()
    return made


def say(capsys: pytest.CaptureFixture[str], server: RealServer, *words: str) -> str:
    main([*words, "--config", str(server.config)])
    return capsys.readouterr().out


def test_the_trail_is_printed_for_people_the_newest_last(
    capsys: pytest.CaptureFixture[str], server: RealServer
) -> None:
    assert say(capsys, server, "audit").splitlines() == [
        "1970-01-02 00:00:00  agent:alice  history  conversation:c1  (quality)",
        "1970-01-03 00:00:00  supervisor:sofia  assign  conversation:c2  (to bob)",
    ]
    assert len(say(capsys, server, "audit", "--limit", "1").splitlines()) == 1
    assert len(say(capsys, server, "audit", "--limit", "0").splitlines()) == 2


def test_the_trail_is_narrowed_and_printed_for_machines(
    capsys: pytest.CaptureFixture[str], server: RealServer
) -> None:
    line = json.loads(say(capsys, server, "audit", "--actor", "agent:alice", "--json"))
    assert (line["target"], line["purpose"], line["position"]) == ("conversation:c1", "quality", 1)
    rows = list(csv.DictReader(io.StringIO(say(capsys, server, "audit", "--csv"))))
    assert [row["actor"] for row in rows] == ["agent:alice", "supervisor:sofia"]
    since = say(capsys, server, "audit", "--since", "1970-01-02T12:00", "--json")
    assert json.loads(since)["actor"] == "supervisor:sofia"
    until = say(capsys, server, "audit", "--until", "1970-01-03", "--json")
    assert json.loads(until)["actor"] == "agent:alice"
    assert say(capsys, server, "audit", "--target", "conversation:none") == ""
    assert say(capsys, server, "audit", "--action", "join.monitor") == ""


def test_an_export_has_every_row_as_lines_of_json_or_cells(
    capsys: pytest.CaptureFixture[str], server: RealServer
) -> None:
    command = ("archive", "export", "--kind")
    lines = say(capsys, server, *command, "transcripts").splitlines()
    told = [(row["conversation"], row["kind"], row["seq"]) for row in map(json.loads, lines)]
    assert told == [("c1", "text", 1), ("c1", "note", 1), ("c1", "text", 2), ("c2", "text", 1)]
    one = say(capsys, server, *command, "transcripts", "--customer", "dora").splitlines()
    assert [json.loads(line)["customer"] for line in one] == ["dora"]
    since = say(capsys, server, *command, "assignments", "--since", "1970-01-06")
    assert json.loads(since)["conversation"] == "c1"
    assert say(capsys, server, *command, "assignments", "--until", "1970-01-06") == ""
    ended = say(capsys, server, *command, "conversations", "--until", "1970-01-02").splitlines()
    assert [json.loads(line)["conversation"] for line in ended] == ["c1", "c2"]
    cells = say(capsys, server, *command, "ratings", "--form", "csv")
    (row,) = csv.DictReader(io.StringIO(cells))
    assert row["comment"] == "'=SUM(A1:A9), or so", "no spreadsheet computes what a customer wrote"
    assert json.loads(say(capsys, server, *command, "assignments"))["agent"] == "alice"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("audit", "--since", "yesterday"), "'yesterday' is no time; write 2026-01-31"),
        (("audit", "--tenant", "acne"), "did you mean"),
        (("archive", "erase", "--customer", "carl"), "start the server first"),
    ],
)
def test_a_mistake_is_a_sentence(
    capsys: pytest.CaptureFixture[str],
    server: RealServer,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        say(capsys, server, *words)
    assert caught.value.code == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.process
def test_a_customer_is_erased_by_the_running_server(
    capsys: pytest.CaptureFixture[str], server: RealServer
) -> None:
    server.start()
    try:
        said = say(capsys, server, "archive", "erase", "--customer", "carl")
        assert said == "Erased what is over of carl.\n"
        lines = say(capsys, server, "archive", "export", "--kind", "transcripts").splitlines()
        assert [json.loads(line)["customer"] for line in lines] == ["dora"]
        trail = say(capsys, server, "audit", "--action", "erase", "--json")
        assert json.loads(trail)["target"] == "customer:carl"
    finally:
        server.kill()
