"""Agents by half hour."""

import json
from pathlib import Path

import pytest

from router.errors import SettingsError
from router.lab.erlang import staff_for
from router.lab.staff import Curve, Plan, run_staff, slots, verify

EXAMPLE = Path("config/staffing.toml")


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


def test_the_simulator_agrees_with_the_plan() -> None:
    curve = Curve(skill="help", arrivals=(90, 120, 150, 120, 90, 60), handling=4, patience=4)
    plan = Plan(curves=(curve,))
    needs = slots(plan)
    played = verify(plan, needs, seeds=range(1, 7))
    asked = sum(need.arrivals for need in needs)
    left = sum(need.left * need.arrivals for need in needs) / asked
    assert played["help.level"].is_near(0.82, relative=0.08)
    assert played["help.left"].is_near(left, relative=0.15, errors=4)


def test_two_skills_are_staffed_and_verified_each(tmp_path: Path) -> None:
    report = run_staff(EXAMPLE, verified=True, seeds=(1,))
    lines = report.splitlines()
    assert lines[0].split()[:3] == ["skill", "from", "arrivals"]
    assert lines[1].split()[:3] == ["service", "08:00", "34"]
    assert sum(line.startswith("stocks") for line in lines) == 20
    assert any(line.strip().startswith("stocks.level") for line in lines)
    document = json.loads(run_staff(EXAMPLE, as_json=True))
    assert len(document["slots"]) == 40
    assert document["verified"] == {}


def test_a_plan_that_is_wrong_is_told(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    for text, sentence in (
        ("curves = []", "add at least one"),
        ('[[curves]]\nskill = "a"\narrivals = [1]\nhandlng = 3', '(did you mean "handling"?)'),
        (2 * '[[curves]]\nskill = "a"\narrivals = [1]\nhandling = 3\n', "curves.a: is there twice"),
    ):
        file.write_text(text, "utf-8")
        with pytest.raises(SettingsError) as caught:
            run_staff(file)
        assert sentence in str(caught.value)
