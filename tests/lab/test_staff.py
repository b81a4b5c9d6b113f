"""Agents by half hour."""

import json
from pathlib import Path

import pytest

from router.errors import SettingsError
from router.lab.erlang import staff_for
from router.lab.plan import Curve, Plan
from router.lab.seats import apart
from router.lab.staff import _COLUMNS, run_staff, slots, verify
from router.policy import AgentEntry, Policy, Queue, SkillNeed

EXAMPLE = Path("config/staffing.toml")


def written(folder: Path, *skills: str, arrivals: int = 50) -> Path:
    """A short plan of some skills, two unless they are named."""
    file = folder / "plan.toml"
    curves = (
        f'[[curves]]\nskill = "{name}"\narrivals = {[arrivals] * 4}\nhandling = 4\npatience = 5\n'
        for name in skills or ("service", "stocks")
    )
    file.write_text("starts = 480\n" + "".join(curves), "utf-8")
    return file


def test_a_flat_day_needs_what_erlang_says() -> None:
    curve = Curve(skill="help", arrivals=(300.0,) * 40, handling=5, patience=3)
    needs = slots(Plan(curves=(curve,)))
    assert needs[-1].agents == staff_for(10, 5, within=1 / 3, target=0.8, mean_patience=3) == 52
    assert needs[-1].load == pytest.approx(50)
    assert needs[-1].level == pytest.approx(0.8155, abs=5e-5)
    assert needs[-1].left == pytest.approx(0.0452, abs=5e-5)
    assert needs[0].agents < 52  # the house fills up first


def test_after_a_peak_more_are_needed_than_arrivals_say() -> None:
    curve = Curve(skill="help", arrivals=(10, 10, 200, 10, 10), handling=20)
    needs = slots(Plan(curves=(curve,)))
    assert needs[3].load > 2 * needs[1].load
    assert needs[3].agents > needs[1].agents
    assert needs[2].load < 200 / 30 * 20


def test_breaks_are_paid_for_and_an_empty_slot_needs_nobody() -> None:
    curve = Curve(skill="help", arrivals=(0, 60), handling=3)
    empty, full = slots(Plan(curves=(curve,), shrinkage=0.25))
    assert (empty.agents, empty.paid, empty.busy) == (0, 0, 0)
    assert full.paid == -(-full.agents * 4 // 3)


def test_agents_with_several_chats_need_fewer_seats() -> None:
    curve = Curve(skill="help", arrivals=(90.0,) * 12, handling=(6.0, 8.0))
    (*_, one), (*_, two) = (slots(Plan(curves=(curve,)), {"help": at_once}) for at_once in (1, 2))
    assert (one.by, two.by) == ("Erlang C", "chats, Erlang C")
    assert one.agents == staff_for(3, 6, within=1 / 3, target=0.8)
    assert two.agents < one.agents
    assert two.load == pytest.approx(24, rel=1e-3)
    assert slots(Plan(curves=(curve,)))[-1] == two


def test_the_simulator_agrees_with_the_plan() -> None:
    curve = Curve(skill="help", arrivals=(90, 120, 150, 120, 90, 60), handling=4, patience=4)
    plan = Plan(curves=(curve,))
    needs = slots(plan)
    played = verify(apart(plan), needs, seeds=range(1, 7), rounds=0).first.day
    asked = sum(need.arrivals for need in needs)
    left = sum(need.left * need.arrivals for need in needs) / asked
    assert played["help.level"].is_near(0.82, relative=0.08)
    assert played["help.left"].is_near(left, relative=0.15, errors=4)


def test_each_slot_has_a_row_by_theory_one_as_played_and_one_corrected(
    tmp_path: Path,
) -> None:
    report = run_staff(written(tmp_path), verified=True, seeds=(1,), rounds=1).splitlines()
    assert report[0].split() == _COLUMNS.split()
    assert [line.split()[:3] for line in report[1:4]] == [
        ["service", "08:00", "Erlang"],
        ["service", "08:00", "simulated"],
        ["service", "08:00", "corrected"],
    ]
    assert sum(line.startswith("stocks") for line in report) == 12
    assert any("corrected in 1 rounds" in line for line in report)
    assert any(line.strip().startswith("stocks.level") for line in report)


def test_machines_get_the_same_and_null_for_what_is_not_there(tmp_path: Path) -> None:
    document = json.loads(run_staff(EXAMPLE, as_json=True))
    assert len(document["slots"]) == 40
    assert document["verified"] == {}
    played = json.loads(
        run_staff(written(tmp_path), verified=True, seeds=(1,), rounds=0, as_json=True)
    )
    assert [row["by"] for row in played["slots"][:3]] == ["Erlang A", "simulated", "corrected"]
    assert played["slots"][1]["busy"] is None
    assert played["slots"][2]["agents"] == played["slots"][0]["agents"]
    assert set(played["verified"]) == set(played["corrected"])
    assert all(each["skill"] in ("service", "stocks") for each in played["short"])


def test_a_policy_and_its_people_are_played(tmp_path: Path) -> None:
    """All queues are served by agents who can do all: fewer are enough."""
    names = ("a", "b", "c", "d", "e")
    rules = Policy(
        queues=tuple(Queue(id=name, needs=(SkillNeed(name),)) for name in names),
        agents=(AgentEntry(id="x", skills=dict.fromkeys(names, 60)),),
        capacity={"chat": 1, "total": 1},
    )
    plan = written(tmp_path, *names, arrivals=15)
    found = json.loads(
        run_staff(plan, policy=rules, verified=True, seeds=(1, 2, 3), rounds=4, as_json=True)
    )
    seats = {
        by: sum(row["agents"] for row in found["slots"] if row["by"] == by)
        for by in ("Erlang A", "corrected")
    }
    assert seats["corrected"] < 0.85 * seats["Erlang A"]
    assert found["short"] == []
    with pytest.raises(SettingsError, match="directory is empty"):
        run_staff(plan, policy=Policy(queues=rules.queues), verified=True)


def unproved_of(report: str) -> str:
    """The sentences about what was not proved."""
    return report[report.index("Not proved") :]


def test_where_nothing_was_played_nothing_is_proved(tmp_path: Path) -> None:
    said = unproved_of(run_staff(written(tmp_path)))
    assert said == "Not proved: nothing was played; --verify plays whole days with these agents."


def test_skills_that_share_agents_are_proved_together_and_others_only_apart(tmp_path: Path) -> None:
    names = ("a", "b")

    def said(*agents: AgentEntry) -> str:
        queues = tuple(Queue(id=name, needs=(SkillNeed(name),)) for name in names)
        rules = Policy(queues=queues, agents=agents)
        plan = written(tmp_path, *names, arrivals=15)
        return unproved_of(run_staff(plan, policy=rules, verified=True, seeds=(1,), rounds=0))

    one, other = (AgentEntry(id=name, skills={name: 60}) for name in names)
    both = AgentEntry(id="both", skills=dict.fromkeys(names, 60))
    assert "all were played together" in said(one, other, both)
    assert "all were played together" not in said(one, other)
    assert "none of these does" in said(one, other)
    assert "none of these does" not in said(one, other, both)
    alone = unproved_of(run_staff(written(tmp_path, "a"), verified=True, seeds=(1,), rounds=0))
    assert "several" not in alone, "there is but one skill"


@pytest.mark.parametrize("rounds", [0, 6])
def test_slots_of_which_the_days_say_nothing_are_named_and_are_not_those_that_are_short(
    tmp_path: Path, rounds: int
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        "slot = 30\nstarts = 480\n[[curves]]\nskill = 'help'\n"
        "arrivals = [0, 40, 44, 0, 50, 46, 40, 36]\n"
        "handling = 4\npatience = 4\ntarget = 0.8\nwithin = 0.5\n",
        encoding="utf-8",
    )

    def played(*, as_json: bool) -> str:
        return run_staff(plan, verified=True, seeds=(4,), rounds=rounds, as_json=as_json)

    found = json.loads(played(as_json=True))
    corrected = [row for row in found["slots"] if row["by"] == "corrected"]
    wanted = [
        row["starts"]
        for row in corrected
        if row["level"] is None or abs(row["level"] - 0.8) < row["error"]
    ]
    assert {480, 570} <= set(wanted), "nobody comes then"
    assert any(row["starts"] in wanted and (row["level"] or 0) > 0.8 for row in corrected)
    assert [one["starts"] for one in found["unproved"]] == wanted
    short = {one["starts"] for one in found["short"]}
    assert bool(short) == (rounds == 0)
    assert not short & set(wanted)
    clocks = ", ".join(f"{int(at) // 60:02d}:{int(at) % 60:02d}" for at in wanted)
    said = unproved_of(played(as_json=False))
    assert f"the target of help in {len(wanted)} of 8 slots" in said
    assert f"more): {clocks}\n" in said


def test_the_level_of_a_language_or_a_class_is_not_shown_apart(tmp_path: Path) -> None:
    rules = Policy(
        queues=(Queue(id="a", needs=(SkillNeed("a"),)),),
        agents=(AgentEntry(id="x", skills={"a": 60}),),
        classes={"regular": 0, "gold": 30_000},
    )
    plan = written(tmp_path, "a", arrivals=15)
    text = plan.read_text("utf-8")
    for more, is_said in (("", False), ("classes = {gold = 0.3}\n", True)):
        plan.write_text(text + more, encoding="utf-8")
        report = run_staff(plan, policy=rules, verified=True, seeds=(1,), rounds=0)
        assert ("the level of one language or class" in unproved_of(report)) == is_said
