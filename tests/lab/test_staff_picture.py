"""The staffing picture is XML and shows what it should."""

import math
import xml.etree.ElementTree as ElementTree

import pytest

from router.lab.staff_picture import Row, draw_staff


def row(skill: str, starts: float, by: str, agents: int, level: float, error: float = 0.0) -> Row:
    return Row(skill, starts, by, agents - 1.5, agents, level, error)


THEORY = [
    row(skill, starts, "Erlang A", agents, 0.85)
    for skill, agents in (("a < b", 4), ("c", 8))
    for starts in (480.0, 510.0, 540.0)
]
TARGETS = {"a < b": 0.8, "c": 0.9}


def lines_of(text: str) -> list[list[tuple[float, float]]]:
    root = ElementTree.fromstring(text)
    return [
        [
            (float(x), float(y))
            for x, y in (pair.split(",") for pair in line.get("points", "").split())
        ]
        for line in root
        if line.tag.endswith("polyline")
    ]


def test_theory_has_a_load_agents_a_level_and_a_target_for_each_skill() -> None:
    text = draw_staff("Agents needed: x & y", THEORY, TARGETS, 30)
    root = ElementTree.fromstring(text)
    words = [child.text for child in root if child.tag.endswith("text")]
    assert words[0] == "Agents needed: x & y"
    assert {"load", "theory", "target", "a < b: agents, and the load in erlang", "8:00"} <= set(
        words
    )
    assert "corrected" not in words
    assert len(lines_of(text)) == 2 * 4
    assert draw_staff("Agents needed: x & y", THEORY, TARGETS, 30) == text


def test_what_was_played_stands_beside_theory_with_its_errors() -> None:
    played = [
        one
        for each in THEORY
        for one in (
            each,
            row(each.skill, each.starts, "simulated", each.agents, 0.7),
            row(each.skill, each.starts, "corrected", each.agents + 1, 0.82, 0.02),
        )
    ]
    text = draw_staff("t", played, TARGETS, 30)
    assert len(lines_of(text)) == 2 * 7
    assert text.count('stroke-opacity="0.5"') == 6
    target, load, theory, level, simulated, corrected, corrected_level = lines_of(text)[:7]
    assert corrected[0][1] < theory[0][1] < load[0][1]  # more agents are higher up
    assert level[0][1] < corrected_level[0][1] < target[0][1] < simulated[0][1]


@pytest.mark.parametrize("level", [math.nan, 0.0, 1.0])
def test_a_slot_without_a_level_leaves_the_line_where_it_was(level: float) -> None:
    rows = [*THEORY[:3], row("a < b", 570.0, "corrected", 0, level, level)]
    text = draw_staff("t", rows, {"a < b": 0.8}, 30)
    assert "nan" not in text
    assert ElementTree.fromstring(text).tag.endswith("svg")
