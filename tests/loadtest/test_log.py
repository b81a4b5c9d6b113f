"""The loader against invented logs, and against the figures of the real one where it is at hand."""

import gzip
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.log import PATIENCE_MEAN_S, LogError, calls_of_day, patience_mean_s, read_log
from tests.helpers.bank_logs import DAY, row, twenty_calls, write_log

HERE = Path(__file__).resolve()
DATA = Path(os.environ.get("FAIRLINE_DATA") or HERE.parents[2].parent / "shared" / "data")
FEBRUARY = DATA / "bank-calls-1999-02.csv.gz"


@pytest.fixture
def february(capsys: pytest.CaptureFixture[str]) -> Path:
    """The real log is not part of the project: absent, its test says so for all to see."""
    if not FEBRUARY.exists():
        reason = f"NOT TESTED: the bank log is not at {FEBRUARY} (name its folder: FAIRLINE_DATA)"
        with capsys.disabled():
            sys.stdout.write(f"\n{reason}\n")
        pytest.skip(reason)
    return FEBRUARY


def test_february_gives_the_published_figures(february: Path) -> None:
    calls = read_log(february)
    queued = [call.wait_s for call in calls if call.has_queued]

    assert len(calls) == 33344
    assert Counter(call.outcome for call in calls) == {"agent": 27162, "hang": 5904, "phantom": 278}
    assert Counter(call.type for call in calls) == {
        "PS": 21460,
        "NW": 7604,
        "NE": 2750,
        "TT": 1088,
        "IN": 293,
        "PE": 149,
    }
    assert sum(call.has_reached_agents for call in calls) == 31125
    assert round(sum(queued) / len(queued), 1) == 75.7
    assert len({call.customer for call in calls if call.customer}) == 4081
    assert len({call.agent for call in calls if call.agent}) == 24
    assert round(patience_mean_s(calls)) == PATIENCE_MEAN_S
    assert max(call.joined_s - call.arrive_s for call in calls if call.has_reached_agents) < 600


def test_a_written_log_reads_back_as_it_was(tmp_path: Path) -> None:
    calls = twenty_calls()

    assert read_log(write_log(tmp_path / "log.csv", calls)) == calls


def test_a_compressed_log_reads_like_a_plain_one(tmp_path: Path) -> None:
    plain = write_log(tmp_path / "log.csv", twenty_calls())
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert read_log(packed) == read_log(plain)


@pytest.mark.parametrize(
    ("find", "put", "complaint"),
    [
        ("arrive_s", "arrival", "line 1: expected the columns"),
        ("35995", "soon", "line 2: arrive_s is 'soon'"),
        ("35995", "-5", "line 2: arrive_s is '-5'"),
        ("agent,36000", "bored,36000", "line 2: outcome is 'bored'"),
        ("2001-05-06,35995,", "2001-05-06,", "line 2: 11 cells, not 12"),
    ],
)
def test_a_row_that_cannot_be_understood_is_named(
    tmp_path: Path, find: str, put: str, complaint: str
) -> None:
    path = write_log(tmp_path / "log.csv", twenty_calls())
    path.write_text(path.read_text().replace(find, put, 1))

    with pytest.raises(LogError, match=complaint):
        read_log(path)


def test_a_damaged_archive_is_an_error_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(b"no gzip at all")

    with pytest.raises(LogError, match=r"log\.csv\.gz"):
        read_log(path)


def test_a_day_holds_who_asked_for_an_agent_in_order_of_joining() -> None:
    late, early, other_day = row(200), row(100), row(50, day="2001-05-07")

    assert calls_of_day([late, other_day, early], DAY) == [early, late]


def test_patience_falls_back_where_nobody_hung_up() -> None:
    assert patience_mean_s([row(100)]) == PATIENCE_MEAN_S
    assert patience_mean_s([row(100, wait_s=30), row(200, wait_s=10, service_s=None)]) == 40.0


def test_a_queue_entry_with_a_day_too_many_is_put_back() -> None:
    call = row(42_586, wait_s=115)
    early = replace(call, arrive_s=42_581, queue_s=42_516 + 86_400)
    past_midnight = replace(call, arrive_s=86_394, queue_s=86_400)

    assert early.joined_s == 42_516
    assert past_midnight.joined_s == 86_400
