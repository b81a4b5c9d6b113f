import json
import random
from pathlib import Path
from typing import Any

import pytest

from loadtest.comparing import EarlierUnreadableError, compare, read_figures, unlike


def _figures(seed: int, ms: float) -> dict[str, Any]:
    chance = random.Random(seed)
    windows = [
        {"at": at, "answers": 30, "offer_ms": [chance.expovariate(1 / ms) for _ in range(30)]}
        for at in range(40)
    ]
    samples = [{"at": at + 0.5, "cpu": 0.3, "resident_mib": 90.0} for at in range(40)]
    return {"windows": windows, "samples": samples, "measured": [2, 38]}


def test_a_run_against_itself_differs_by_nothing() -> None:
    figures = _figures(1, 5.0)
    for each in compare(figures, figures, draws=200):
        assert each.before == each.now
        assert each.low <= 0 <= each.high
        assert not each.is_certain


def test_a_run_twice_as_slow_is_told_from_chance_and_one_alike_is_not() -> None:
    before = _figures(1, 5.0)
    slower = {each.measure: each for each in compare(before, _figures(2, 10.0), draws=300)}
    p50 = slower["offer p50"]
    assert p50.is_certain
    assert 0 < p50.low < p50.now - p50.before < p50.high
    assert not slower["answers a second"].is_certain
    alike = {each.measure: each for each in compare(before, _figures(3, 5.0), draws=300)}
    assert not alike["offer p50"].is_certain
    assert "may be chance" in alike["offer p50"].sentence


def test_the_same_runs_give_the_same_interval_and_the_warm_up_does_not_count() -> None:
    before, now = _figures(1, 5.0), _figures(2, 6.0)
    assert compare(before, now, draws=100) == compare(before, now, draws=100)
    now["windows"][0]["offer_ms"] = [9_999.0] * 1_000
    assert compare(before, now, draws=100)[0] == compare(before, _figures(2, 6.0), draws=100)[0]


@pytest.mark.parametrize("name", ["report.html", "figures.json"])
def test_what_is_no_report_is_refused_by_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with pytest.raises(EarlierUnreadableError, match=name):
        read_figures(file)
    for text in ("<p>hello</p>", "{", '{"a": 1}', "[]"):
        file.write_text(text, "utf-8")
        with pytest.raises(EarlierUnreadableError, match=name):
            read_figures(file)
    good = _figures(1, 1.0)
    text = json.dumps(good)
    wrapped = f'<script type="application/json" id="figures">{text}</script>'
    file.write_text(text if name.endswith("json") else wrapped, "utf-8")
    assert read_figures(file) == good


def test_runs_that_were_not_alike_are_told() -> None:
    setup = {"arrivals": "Poisson 30/s", "people": "300 agents", "seed": "1"}
    before = {"scenario": "steady", "setup": setup, "generator": {"is_bottleneck": False}}
    assert unlike(before, before) == []
    assert unlike(before, {**before, "setup": {**setup, "seed": "2"}}) == []
    (other,) = unlike(before, {**before, "setup": {**setup, "arrivals": "Poisson 60/s"}})
    assert "in its arrivals (Poisson 30/s; now Poisson 60/s)" in other
    (name,) = unlike(before, {**before, "scenario": "storm"})
    assert "in its scenario (steady; now storm)" in name
    (late,) = unlike({**before, "generator": {"is_bottleneck": True}}, before)
    assert "could not keep time" in late
