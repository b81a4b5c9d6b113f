import math
import re
from xml.etree import ElementTree

import pytest

from loadtest.charts import Axis, bars, lines, nines


def _points(svg: str) -> list[tuple[float, float]]:
    """Those of the first curve."""
    root = ElementTree.fromstring(svg)
    found = root.findall("polyline")[0].attrib["points"]
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found.split())]


def test_a_chart_is_well_formed_says_what_it_is_and_is_the_same_each_time() -> None:
    curves = {"a<b": [(0, 1.0), (5, 3.0)], "c": [(0, 2.0), (5, 2.0)]}
    first = lines('waits & "more"', curves, Axis("s"), Axis("ms"), marks=[(2.0, "killed <9>")])
    assert first == lines(
        'waits & "more"', curves, Axis("s"), Axis("ms"), marks=[(2.0, "killed <9>")]
    )
    root = ElementTree.fromstring(first)
    assert root.attrib["aria-label"] == 'waits & "more"'
    said = [text.text for text in root.iter("text")]
    assert {"a<b", "c", "s", "ms", "killed <9>"} <= set(said)
    styles = re.findall(r'stroke-dasharray="([^"]*)"', first)
    assert len(set(styles)) == 2


def test_higher_is_further_up_and_later_further_right() -> None:
    points = _points(lines("x", {"": [(0, 0), (10, 5), (20, 10)]}, Axis("s"), Axis("n")))
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    (x0, y0), (x1, y1), (x2, y2) = points
    assert (x1 - x0, y0 - y1) == pytest.approx((x2 - x1, y1 - y2), abs=0.2)


def test_a_log_axis_gives_each_decade_the_same_room() -> None:
    curve = [(0.0, 1.0), (1.0, 10.0), (2.0, 100.0)]
    heights = [y for _, y in _points(lines("x", {"": curve}, Axis("s"), Axis("ms", math.log10)))]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert nines(99) - nines(90) == pytest.approx(nines(99.9) - nines(99))
    assert nines(100) < 6


def test_bars_stand_on_the_axis() -> None:
    svg = bars("x", [0, 2, 4], Axis("share"), Axis("agents"), 1.0)
    root = ElementTree.fromstring(svg)
    found = [(float(r.attrib["y"]), float(r.attrib["height"])) for r in root.findall("rect")]
    feet = {round(y + height, 1) for y, height in found}
    assert len(feet) == 1
    assert found[2][1] == pytest.approx(2 * found[1][1], abs=0.2)
    assert found[0][1] == pytest.approx(0)


@pytest.mark.parametrize("curve", [[], [(3.0, 0.0)], [(1.0, 1.0), (1.0, 1.0)]])
def test_nothing_or_a_single_value_draws_too(curve: list[tuple[float, float]]) -> None:
    for axis in (Axis("ms"), Axis("ms", math.log10)):
        ElementTree.fromstring(lines("x", {"": curve}, Axis("s"), axis))
