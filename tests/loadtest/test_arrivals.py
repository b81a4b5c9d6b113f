from collections import Counter
from itertools import pairwise

from loadtest.arrivals import arrivals, arrivals_of
from tests.helpers.loads import scenario

LONG = {"seconds": 600.0, "warm_up": 0.0, "processes": 3, "tenants": 2}
TWO = [{"id": "shop", "share": 3.0}, {"id": "bank", "patience": 5.0}]


def test_processes_share_the_same_arrivals_whatever_their_number() -> None:
    chosen = scenario(load=LONG, lines=TWO)
    whole = list(arrivals(chosen))
    parts = [one for process in range(3) for one in arrivals_of(chosen, process)]
    assert sorted(parts, key=lambda one: one.number) == whole
    assert [one.number for one in whole] == list(range(len(whole)))
    assert [one.at for one in whole] == sorted(one.at for one in whole)
    alone = scenario(load={**LONG, "processes": 1}, lines=TWO)
    assert list(arrivals(alone)) == whole


def test_another_seed_is_another_day() -> None:
    first, second = (list(arrivals(scenario(load={"seed": seed}))) for seed in (1, 2))
    assert [one.at for one in first] != [one.at for one in second]


def test_counts_are_those_of_a_poisson_process_along_the_curve() -> None:
    points = [[0, 10], [300, 10], [300, 50], [600, 50]]
    chosen = scenario(load=LONG, arrivals={"rate": 0.0, "points": points}, lines=TWO)
    found = list(arrivals(chosen))
    halves = Counter(one.at >= 300 for one in found)
    for half, mean in ((False, 3_000), (True, 15_000)):
        assert abs(halves[half] - mean) < 5 * mean**0.5
    gaps = [later.at - one.at for one, later in pairwise(found) if later.at < 300]
    squares = sum(gap * gap for gap in gaps) / len(gaps) / (sum(gaps) / len(gaps)) ** 2
    assert 1.8 < squares < 2.2  # of an exponential law it is 2


def test_lines_tenants_patience_and_priority_have_their_shares() -> None:
    chosen = scenario(
        load={**LONG, "head_start": 3.0}, lines=TWO, customers={"priority_share": 0.25}
    )
    found = list(arrivals(chosen))
    count = len(found)
    assert abs(sum(one.line == "shop" for one in found) / count - 0.75) < 0.02
    assert abs(sum(one.tenant for one in found) / count - 0.5) < 0.02
    assert abs(sum(one.has_priority for one in found) / count - 0.25) < 0.02
    patience = [one.patience for one in found if one.line == "bank"]
    assert abs(sum(patience) / len(patience) - 5) < 0.4
