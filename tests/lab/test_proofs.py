"""The figures of the pages about the fair line: what playing gives, and beside theory."""

import pytest

from router.lab.erlang import ErlangA, ErlangC, strict_waits
from router.lab.proof_pictures import read
from router.lab.proofs import POINTS, Point, played

KEPT = read()


def test_every_place_of_every_picture_was_played() -> None:
    assert {name: tuple(point.at for point in points) for name, points in KEPT.items()} == {
        name: places for name, (places, _) in POINTS.items()
    }


def test_what_is_kept_is_what_playing_gives() -> None:
    kept = KEPT["erlang-a"][0]
    assert played("erlang-a", kept.at) == kept, (
        "the router decides otherwise now: python -m router.lab.proof_pictures"
    )


def test_a_picture_that_there_is_none_of_is_an_error() -> None:
    with pytest.raises(KeyError):
        played("tea", 1.0)


@pytest.mark.parametrize("point", KEPT["erlang-a"], ids=lambda point: f"{point.at:g} agents")
def test_those_who_leave_are_as_many_as_erlang_a_says(point: Point) -> None:
    exact = ErlangA(round(point.at), 48.0, 1.0, 0.5)
    for name, theory in (("wait.share", exact.p_wait), ("left", exact.p_abandon)):
        mean, error = point.figures[name]
        assert mean == pytest.approx(theory, abs=4 * error + 0.005), name


def test_a_head_start_moves_waits_and_makes_none() -> None:
    points = KEPT["head-start"]
    theory = ErlangC(10, 8.0, 1.0).mean_wait
    first, last = strict_waits(10, (8 / 3, 16 / 3), 1.0)
    for point in points:
        mean, error = point.figures["wait.mean"]
        assert mean == pytest.approx(theory, abs=4 * error)
    gold = [point.figures["gold.wait.mean"][0] for point in points]
    others = [point.figures["regular.wait.mean"][0] for point in points]
    assert gold == sorted(gold, reverse=True)
    assert others == sorted(others)
    slack = 4 * points[-1].figures["regular.wait.mean"][1]
    assert gold[-1] > first - slack
    assert others[-1] < last + slack


def test_a_loud_customer_costs_the_others_a_bounded_wait() -> None:
    waits = [
        point.figures.get("quiet.wait.mean", point.figures.get("wait.mean", (0.0, 0.0)))[0]
        for point in KEPT["loud"]
    ]
    loudest = KEPT["loud"][-1]
    assert max(waits) < ErlangC(20, 19.5, 1.0).mean_wait
    assert loudest.figures["loud.wait.mean"][0] > waits[-1]
