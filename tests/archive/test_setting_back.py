"""An archive whose journal lost its end, beside one that never knew of it."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from router.archive.base import Audited, AuditQuery, Erased, Fact, Rated
from router.archive.reading import file_of
from router.archive.setting_back import set_back
from router.archive.sqlite import SqliteArchive
from router.errors import ArchiveUnavailable
from tests.archive.test_sqlite import facts_of, same
from tests.helpers.archives import DictArchive


def past(seed: int) -> list[Fact]:
    """A past without what a loss cannot give back."""
    return [
        one
        for one in facts_of(random.Random(seed), 120)
        if not isinstance(one.what, Erased | Rated)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_lost_is_gone_and_another_future_takes_its_place(
    tmp_path: Path, seed: int
) -> None:
    facts = past(seed)
    end = facts[len(facts) // 2].position
    kept = [one for one in facts if one.position <= end]
    with closing(SqliteArchive(tmp_path, ["acme"])) as archive:
        archive.write("acme", facts, facts[-1].position)
        trail = archive.audit("acme", AuditQuery())
    set_back(tmp_path, "acme", end)
    model = DictArchive("acme")
    model.write("acme", kept, end)
    # What was lost happens again, a command later: at places that other facts had.
    later = [one._replace(position=one.position + 1) for one in facts if one.position > end]
    with closing(SqliteArchive(tmp_path, ["acme"])) as archive:
        looked = {(one.at, one.actor, one.target) for one in archive.audit("acme", AuditQuery())}
        assert looked == {(one.at, one.actor, one.target) for one in trail}
        assert archive.position("acme") == end
        archive.write("acme", later, later[-1].position)
        model.write("acme", later, later[-1].position)
        new = [one for one in later if isinstance(one.what, Audited)]
        assert len(archive.audit("acme", AuditQuery(limit=10_000))) == len(trail) + len(new)
        _forget_trail(tmp_path)
        _forget_trail_of(model)
        same(archive, model)


def _forget_trail(folder: Path) -> None:
    with closing(sqlite3.connect(file_of(folder, "acme"))) as connection:
        connection.execute("DELETE FROM audit")
        connection.commit()


def _forget_trail_of(model: DictArchive) -> None:
    model.facts["acme"] = [one for one in model.facts["acme"] if not isinstance(one.what, Audited)]


def test_it_may_happen_again_and_again(tmp_path: Path) -> None:
    line = Fact(5, 0, 50, Audited("agent:a", "history", "customer:b", "q"))
    for _ in range(3):
        with closing(SqliteArchive(tmp_path, ["acme"])) as archive:
            archive.write("acme", [line], 5)
        set_back(tmp_path, "acme", 2)
    with closing(SqliteArchive(tmp_path, ["acme"])) as archive:
        assert archive.position("acme") == 2
        assert len(archive.audit("acme", AuditQuery())) == 3


def test_a_file_that_cannot_be_changed_is_as_it_was(tmp_path: Path) -> None:
    with closing(SqliteArchive(tmp_path, ["acme"])) as archive:
        archive.write("acme", past(1), 900)
    file = file_of(tmp_path, "acme")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE ratings")
        connection.commit()
    with pytest.raises(ArchiveUnavailable, match="cannot be set back"):
        set_back(tmp_path, "acme", 3)
    with closing(sqlite3.connect(file)) as connection:
        (position,) = connection.execute(
            "SELECT value FROM facts WHERE name = 'position'"
        ).fetchone()
    assert position == 900
