"""Staffing plans: what they say, and what is said of their mistakes."""

from pathlib import Path

import pytest

from router.errors import SettingsError
from router.lab.plan import Curve, load

CURVE = '[[curves]]\nskill = "a"\narrivals = [1]\nhandling = 3\n'


def test_the_example_is_a_plan() -> None:
    plan = load(Path("config/staffing.toml"))
    assert [curve.skill for curve in plan.curves] == ["service", "stocks"]
    assert plan.shrinkage == 0.25


def test_handling_grows_with_what_an_agent_has() -> None:
    measured = Curve(skill="a", arrivals=(1,), handling=(6.0, 8.0))
    assert measured.minutes(1) == (6,)
    assert measured.minutes(2) == (6, 8)
    assert measured.minutes(4) == pytest.approx((6, 8, 12, 16))
    assert Curve(skill="a", arrivals=(1,), handling=5.0).minutes(3) == (5, 5, 5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("curves = []", "curves: add at least one [[curves]]"),
        (CURVE.replace("handling", "handlng"), '(did you mean "handling"?)'),
        (2 * CURVE, "curves.a: is there twice"),
        (CURVE.replace("= 3", "= [6, 5]"), "curves.a.handling: a conversation is not shorter"),
        (CURVE + "languages = {de = 0.7, en = 0.7}", "shares of the customers: 1.4 is over 1"),
        (CURVE + '[[agents]]\nid = "x"\nends = 30', "agents[0]: leave out starts and ends"),
    ],
)
def test_a_plan_that_is_wrong_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert sentence in str(caught.value)
