"""A recorded day, again and under another policy."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from router.core import CORE_VERSION
from router.errors import SettingsError
from router.journal.base import Record
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.journal.readonly import read_folder
from router.lab.book import Visit
from router.lab.record import Recorded, follow
from router.lab.stage import AgentPlan
from router.lab.whatif import More, compare, run_replay
from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step
from tests.lab.recorded import TENANT, Recorder, played, records
from tests.lab.test_stage import agent, visit

POLICY = Policy(
    queues=(
        Queue(id="help", wrap_up_ms=9_000),
        Queue(id="loans", needs=(SkillNeed("loans"),), wrap_up_ms=9_000),
    ),
    capacity={"chat": 1, "total": 1},
    classes={"regular": 0, "gold": 60_000},
)


def day(seed: int = 1) -> Recorder:
    """An hour of three agents: who leaves, who is better, who asks for what few can do."""
    rng = random.Random(seed)
    visits: list[Visit] = []
    at_ms = 0
    for number in range(120):
        at_ms += round(rng.expovariate(1 / 25_000))
        visits.append(
            visit(
                f"v{number}",
                at_ms,
                queue=rng.choice(["help", "help", "loans"]),
                klass=rng.choice(["regular", "regular", "gold"]),
                service_ms=round(rng.expovariate(1 / 50_000)) + 1,
                patience_ms=round(rng.expovariate(1 / 120_000)) + 1,
                wrap_up_ms=rng.choice([3_000, None]),
            )
        )
    skilled = AgentEntry(id="bob", skills={"loans": 50})
    agents: list[AgentPlan] = [
        agent("ann", answer_ms=lambda: 3_000),
        agent("bob", entry=skilled, answer_ms=lambda: 5_000),
        agent("cid", shifts=((600_000, 2_000_000),)),
    ]
    return played(POLICY, agents, visits)


def recorded_day() -> Recorded:
    return follow(records(day().asked), TENANT)


def test_the_same_policy_gives_the_same_day_again() -> None:
    """The mapping loses nothing here: nobody loses a connection, and all answer steadily."""
    found = compare(recorded_day(), None)
    assert list(found.columns) == ["recorded", "again"]
    assert found.columns["again"] == pytest.approx(found.columns["recorded"], nan_ok=True)
    assert found.columns["again"]["left"] > 0.1
    assert found.columns["again"]["overtakes.class"] > 0
    assert found.columns["again"]["overtakes.violation"] == 0


def test_without_classes_nobody_overtakes_by_class() -> None:
    flat = structs.replace(POLICY, classes={"regular": 0})
    found = compare(recorded_day(), flat)
    assert found.columns["other"]["overtakes.class"] == 0
    assert 0 < found.another_agent["all"] < 1
    assert set(found.another_agent) == {"all", "help", "loans"}


def test_a_wider_step_lets_the_rare_queue_wait_less() -> None:
    loans = structs.replace(POLICY.queues[1], steps=(Step(after_ms=20_000, needs=()),))
    wider = structs.replace(POLICY, queues=(POLICY.queues[0], loans))
    found = compare(recorded_day(), wider).columns
    assert found["other"]["loans.answer.p90"] < found["again"]["loans.answer.p90"]


def test_the_directory_of_the_other_policy_says_what_agents_hold() -> None:
    more = structs.replace(POLICY, agents=(AgentEntry(id="bob", capacity={"chat": 4, "total": 4}),))
    found = compare(recorded_day(), more).columns
    assert found["other"]["loans.answer.mean"] < found["again"]["loans.answer.mean"] / 2


def test_two_more_who_can_do_what_few_can_raise_its_service_level_and_no_others_fall() -> None:
    found = compare(recorded_day(), None, More(2, {"loans": 60})).columns
    again, other = found["again"], found["other"]
    assert other["loans.level"] > again["loans.level"] + 0.2
    assert other["help.level"] >= again["help.level"]
    assert other["left"] < again["left"]


def test_two_more_who_can_do_nothing_that_is_asked_for_leave_the_rare_queue_as_it_was() -> None:
    found = compare(recorded_day(), None, More(2, {"lamps": 60})).columns
    assert found["other"]["loans.answer.mean"] <= found["again"]["loans.answer.mean"]
    assert found["other"]["help.level"] > found["again"]["help.level"]


def test_the_report_has_a_line_for_each_figure() -> None:
    text = compare(recorded_day(), structs.replace(POLICY, score_band=1000)).text()
    lines = text.splitlines()
    assert lines[2].split() == ["recorded", "again", "other"]
    assert any(line.startswith("loans.answer.p90") for line in lines)
    assert any(line.startswith("  all: ") for line in lines)


def test_the_report_for_machines_is_json() -> None:
    document = json.loads(compare(recorded_day(), None).json())
    assert document["columns"]["again"]["asked"] == 120
    assert document["changed_policy"] is False


class QuickOps(DiskOps):
    """A disk that need not survive the test."""

    def fdatasync(self, descriptor: int) -> None:
        """See ``FileOps``."""


def write_journal(folder: Path) -> Path:
    log = SegmentLog.open(
        folder, core_version=CORE_VERSION, ops=QuickOps(), segment_bytes=64 * 1024
    )
    for record in records(day().asked):
        log.append([(record.tenant, record.payload)], record.now_ms)
    log.close()
    return folder


def test_a_journal_of_files_is_replayed(tmp_path: Path) -> None:
    folder = write_journal(tmp_path)

    def kept() -> Iterator[Record]:
        return read_folder(folder, core_version=CORE_VERSION)

    assert "again" in run_replay(kept(), TENANT)
    document = json.loads(run_replay(kept(), TENANT, POLICY, as_json=True))
    assert document["another_agent"]["all"] == 0
    with pytest.raises(SettingsError, match="no commands of tenant 'bank'"):
        run_replay(kept(), "bank")
