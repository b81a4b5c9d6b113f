"""The core's records in the rows that the archive will have."""

import json
from pathlib import Path

import msgspec

from router.archive.base import Fact
from router.archive.pages import PageQuery
from router.archive.sqlite import SqliteArchive
from router.core import Router
from router.ids import CustomerId
from router.server.live_rows import conversation_row, message_rows, profile_row
from tests.helpers.archives import talk
from tests.helpers.cores import Core

ONLY_ABOUT_IT = {"topic", "arrived_at", "ended_at", "reason", "code", "attributes"}
"""What an archived message repeats of its conversation."""


def test_a_conversation_that_ended_is_the_same_here_and_in_the_archive(tmp_path: Path) -> None:
    one = talk("c1", "tnt")
    one.attributes = {"page": "/cart"}
    archive = SqliteArchive(tmp_path, ["acme"])
    archive.write("acme", [Fact(1, 0, 1, one)], 1)
    (kept,) = archive.page("acme", "conversations", PageQuery(), ()).rows
    live = json.loads(msgspec.json.encode(conversation_row(one)))
    assert live.pop("record") == "conversations"
    assert live.pop("status") == "closed"
    assert live == kept
    said = archive.page("acme", "transcripts", PageQuery(), ()).rows
    archive.close()
    assert [
        {name: value for name, value in row.items() if name not in ONLY_ABOUT_IT} for row in said
    ] == [
        {name: value for name, value in row.items() if name != "record"}
        for row in message_rows(one)
    ]


def test_a_profile_says_what_is_known_and_nothing_of_a_stranger() -> None:
    core = Core()
    assert list(profile_row(Router("acme"), CustomerId("carl"))) == []
    core.here("customer:carl")
    carl = core.router.world.people.customers["carl"]
    carl.attributes = {"city": "Bern"}
    carl.accepted_terms = {"shop": 2}
    (row,) = profile_row(core.router, CustomerId("carl"))
    assert (row["customer"], row["attributes"], row["accepted"]) == (
        "carl", {"city": "Bern"}, {"shop": 2},
    )  # fmt: skip
    assert msgspec.json.encode(row)
