"""Scenario files: what they say, and what is said of their mistakes."""

from pathlib import Path

import msgspec
import pytest

from router.errors import SettingsError
from router.lab.draws import Exponential, Poisson
from router.lab.scenario import Scenario, load

EXAMPLES = Path("config/scenarios")

GOOD = """
name = "one queue"
length = 100
warm_up = 10

[policy]
classes = {regular = 0, gold = 1000}
[[policy.queues]]
id = "help"
needs = [{skill = "help"}]
assign = "direct"

[[agents]]
id = "team"
count = 2
skills = {help = 60}

[[demand]]
id = "people"
queue = "help"
class = "gold"
arrivals = {law = "poisson", rate = 1.5}
service = {law = "exponential", mean = 1}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "scenario.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_scenario_says_who_comes_and_who_serves(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, GOOD))
    assert scenario.unit_ms == 60_000
    assert scenario.agents[0].skills == {"help": 60}
    assert scenario.demand[0].klass == "gold"
    assert scenario.demand[0].arrivals == Poisson(1.5)
    assert scenario.demand[0].service == Exponential(1)
    assert scenario.demand[0].patience is None


@pytest.mark.parametrize(
    ("old", "new", "sentence", "key"),
    [
        ('unit = "x"', "", "", ""),
        ("count = 2", "cuont = 2", "there is no key 'cuont' here (did you mean \"count\"?)", "ag"),
        ("rate = 1.5", "rate = -1", "Expected `float` >= 0.0", "demand[0].arrivals.rate"),
        ('queue = "help"', 'queue = "helb"', '(did you mean "help"?)', ""),
        ('class = "gold"', 'class = "tin"', "'tin' is none of regular, gold", ""),
        ('queue = "help"', 'queue = "help"\nchannel = "fax"', "help takes chat", ""),
        ("warm_up = 10", "warm_up = 100", "warm_up: must end before length = 100", ""),
        ("count = 2", "starts = 5\nends = 5", "agents[0].ends: must be after starts = 5", ""),
        ("gold = 1000", "gold = 99000", "policy.classes.gold: 99000 is more than", ""),
        ("count = 2", "count = ", "is not TOML", ""),
        ('[[demand]]\nid = "people"', '[[demand]]\nid = "a b"', "matching regex", "demand"),
    ],
)
def test_each_mistake_has_its_sentence(
    tmp_path: Path, old: str, new: str, sentence: str, key: str
) -> None:
    if not sentence:
        assert load(write(tmp_path, GOOD.replace("warm_up", f"{old}\nwarm_up"))).unit == "x"
        return
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert sentence in str(caught.value)
    assert caught.value.file == str(file)
    assert key in caught.value.key


def test_the_same_id_twice_is_a_mistake(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[agents]]") :]
    with pytest.raises(SettingsError, match=r"agents\[1\]\.id: 'team' is there twice") as caught:
        load(write(tmp_path, GOOD + again))
    assert "demand[1].id: 'people' is there twice" in str(caught.value)


def test_a_scenario_needs_agents_and_demand_and_no_directory(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[[agents]]")] + '[[policy.agents]]\nid = "ann"\n'
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, f"agents = []\ndemand = []\n{text}"))
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["policy.agents", "agents", "demand"]


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_example_is_right(file: Path) -> None:
    scenario = load(file)
    assert scenario.about
    assert msgspec.convert(msgspec.to_builtins(scenario), Scenario) == scenario
