"""The picture is XML and shows what it should."""

import xml.etree.ElementTree as ElementTree

from router.lab.picture import draw
from router.lab.simulate import play
from tests.lab.houses import UNIT_MS, demand, group, house, policy


def test_a_picture_has_three_panels_and_a_bar_for_each_agent() -> None:
    scenario = house(
        policy("ab"),
        (group("one", "a", 2), group("both", "ab", 3)),
        (demand("a", 2), demand("b", 1)),
        length=100,
    )
    run = play(scenario, 1)
    text = draw("A < B & C", "services", run, UNIT_MS)
    root = ElementTree.fromstring(text)
    kinds = [child.tag.rpartition("}")[2] for child in root]
    assert kinds.count("polyline") == 3
    assert kinds.count("rect") == 1 + 3 + 5 + 2
    words = [child.text for child in root if child.tag.endswith("text")]
    assert words[0] == "A < B & C"
    assert {"a", "b", "one", "both"} <= set(words)
    assert draw("A < B & C", "services", play(scenario, 1), UNIT_MS) == text


def test_a_run_in_which_nobody_came_can_be_drawn() -> None:
    run = play(house(policy("a"), (group("s", "a"),), (demand("a", 0),), length=10), 1)
    assert ElementTree.fromstring(draw("empty", "min", run, UNIT_MS)).tag.endswith("svg")
