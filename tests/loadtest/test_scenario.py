from pathlib import Path

import pytest

from loadtest.scenario import Arrivals, ScenarioError, load, problems, squeezed

FOLDER = Path(__file__).parents[2] / "loadtest" / "scenarios"
GOOD = """
name = "x"
[load]
seconds = 5
[arrivals]
rate = 3
[[lines]]
id = "shop"
[[desks]]
id = "all"
count = 2
"""


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_every_scenario_of_the_house_is_right(file: Path) -> None:
    scenario = load(file)
    assert scenario.about
    assert scenario.targets
    assert f"loadtest run loadtest/scenarios/{file.name}" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("seconds = 5", "secnds = 5", 'unknown field `secnds` (did you mean "seconds"?)'),
        ("seconds = 5", "seconds = -5", "load.seconds: Expected `float` > 0"),
        ("rate = 3", "rate = 0", "arrivals: give a rate above 0 or points"),
        ("rate = 3", "points = [[5, 1], [2, 1]]", "arrivals.points: seconds must not go back"),
        ("rate = 3", "points = [[5, -1]]", "arrivals.points: a rate lies between 0 and 5000"),
        ("count = 2", 'count = 2\nlines = ["shp"]', 'line \'shp\' (did you mean "shop"?)'),
        ("count = 2", "count = 2\n[customers]\nconnected = 29999", "take at most 30000"),
        ("count = 2", "count = 2\n[customers]\npriority_share = 0.5", "load.head_start: say what"),
        ("count = 2", 'count = 2\n[[faults]]\nat = 99\nkind = "drop"', "faults[0].at: must lie"),
        ("count = 2", 'count = 2\n[[targets]]\nmeasure = "offer_p99"\nat_most = 1', "did you mean"),
        ("count = 2", 'count = 2\n[[targets]]\nmeasure = "lost"', "give at_most or at_least"),
        ("name", "name = [", "line 2"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_field(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(GOOD.replace(before, after), "utf-8")
    with pytest.raises(ScenarioError) as raised:
        load(file)
    assert sentence in str(raised.value)


def test_a_kill_needs_a_journal_that_survives_it(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    text = GOOD.replace("seconds = 5", 'seconds = 5\njournal = "memory"')
    file.write_text(text + '[[faults]]\nat = 4\nkind = "kill"\n', "utf-8")
    with pytest.raises(ScenarioError, match=r'needs load\.journal = "file"'):
        load(file)


def test_kills_come_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    kill = '[[faults]]\nat = {}\nkind = "kill"\nlasts = 1\n'
    file.write_text(GOOD + kill.format(4) + kill.format(5.5), "utf-8")
    with pytest.raises(ScenarioError, match=r"faults\[1\]\.at: .* is back at 6; be later"):
        load(file)
    file.write_text(GOOD + kill.format(4) + kill.format(6), "utf-8")
    assert len(load(file).faults) == 2


def test_nodes_that_stand_by_need_a_journal_that_all_of_them_see(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(GOOD.replace("seconds = 5", "seconds = 5\nnodes = 2"), "utf-8")
    with pytest.raises(ScenarioError, match=r'load\.nodes: .* need load\.journal = "redis"'):
        load(file)
    text = GOOD.replace("seconds = 5", 'seconds = 5\nnodes = 2\njournal = "redis"')
    file.write_text(text + '[[faults]]\nat = 4\nkind = "kill"\n', "utf-8")
    assert load(file).load.nodes == 2


def test_a_rate_runs_in_straight_lines_between_points() -> None:
    law = Arrivals(points=((0, 10), (10, 30), (10, 5), (20, 5)))
    rates = [law.rate_at(second) for second in (0, 5, 9.999, 10, 15, 99)]
    assert rates == pytest.approx([10, 20, 30, 5, 5, 5], abs=0.01)
    assert law.highest == 30


def test_a_squeezed_curve_rises_as_high_and_sooner() -> None:
    knee = load(Path("loadtest/scenarios/knee.toml"))
    short = squeezed(knee, 25)
    assert list(short.arrivals.points) == [(0, 10), (5, 10), (30, 510)]
    assert (short.load.seconds, short.load.knee_window) == (25, 2)
    assert list(problems(short)) == []
    assert short.arrivals.rate_at(17.5) == knee.arrivals.rate_at(55)


@pytest.mark.parametrize(
    ("name", "seconds", "sentence"),
    [
        ("outage", 10, "cannot be squeezed"),
        ("knee", 101, "at most its 100 s"),
        ("knee", 0, "above"),
    ],
)
def test_what_cannot_be_squeezed_is_told(name: str, seconds: float, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        squeezed(load(Path(f"loadtest/scenarios/{name}.toml")), seconds)
