"""The core against theory: queues whose answers are known, played through the unchanged router.

Each row names its system, a figure and the value that theory (or a long independent simulation)
gives. A run of ordinary length is judged with its own standard error beside the tolerance; with
FAIRLINE_LONG=1 in the environment the rows are played at full size (half an hour to an hour);
``pytest -rA`` then shows each figure beside its theory and what it may be off.

Longest idle first among equals is the rule of the FCFS-ALIS theory; the router puts the least
flexible agent before that, so the rows of that theory give all agents the same flexibility, by
languages that nobody asks for.
"""

import os
import sys
from collections.abc import Mapping
from functools import lru_cache

import pytest
from msgspec import structs

from router.lab.draws import Rates
from router.lab.erlang import ErlangA, ErlangC, erlang_c
from router.lab.figures import Estimate
from router.lab.scenario import AgentGroup, Demand
from router.lab.simulate import simulate
from router.policy import LanguageWish, Policy
from tests.lab.houses import LEVEL_TWO, UNIT_MS, demand, group, house, policy

IS_LONG = os.environ.get("FAIRLINE_LONG") == "1"
SEEDS = 6
RUN_MAX = 50_000
"""Arrivals in one run at most; more arrivals make more runs."""

HEAVY = 0.03 if IS_LONG else 0.2
"""For mean waits near saturation: a few short runs do not even know their own error well."""

Found = Mapping[str, Estimate]


def played(
    rules: Policy,
    agents: tuple[AgentGroup, ...],
    customers: tuple[Demand, ...],
    *,
    rate: float,
    arrivals: int,
    at_length: int = 600_000,
) -> Found:
    """The figures of so many arrivals; a fifth of each run warms it up."""
    total = at_length if IS_LONG else arrivals
    seeds = max(SEEDS, total // RUN_MAX)
    length = total / seeds / rate
    scenario = house(rules, agents, customers, length=length, seeds=seeds, warm_up=length / 5)
    found = simulate(scenario)
    assert found["overtakes.violation"].mean == 0
    return found


def assert_near(
    found: Found, expected: Mapping[str, float], *, relative: float, errors: float = 3.0
) -> None:
    """All figures at once, each with what was expected; ``pytest -rA`` shows every one."""
    for name, value in expected.items():
        mean, error = found[name].mean, found[name].error
        allowed = relative * abs(value) + errors * error
        sys.stdout.write(f"{name} theory {value:.5g} measured {mean:.5g} +- {error:.2g} ")
        sys.stdout.write(f"off {mean - value:+.2g} allowed {allowed:.2g}\n")
    off = {
        name: (found[name].mean, found[name].error, value)
        for name, value in expected.items()
        if not found[name].is_near(value, relative=relative, errors=errors)
    }
    assert not off


@pytest.mark.parametrize(
    ("agents", "rate", "wait_share", "relative"),
    [(3, 2.4, 0.64719, 0.01), (30, 25.0, 0.24989317, 0.02)],
    ids=["A6", "H5"],
)
def test_one_pool_waits_as_erlang_c_says(
    agents: int, rate: float, wait_share: float, relative: float
) -> None:
    assert erlang_c(agents, rate) == pytest.approx(wait_share, abs=1e-5)
    found = played(
        policy("a"), (group("s", "a", agents),), (demand("a", rate),), rate=rate, arrivals=15_000
    )
    assert_near(found, {"wait.share": wait_share, "busy": rate / agents}, relative=relative)
    assert_near(found, {"wait.mean": ErlangC(agents, rate, 1).mean_wait}, relative=HEAVY)


@pytest.mark.parametrize(
    ("agents", "rate", "leave", "size"),
    [
        (50, 48, 0.5, 1_500_000),
        (100, 100, 1, 600_000),
        (90, 100, 0.5, 600_000),
        (10, 8, 2, 600_000),
    ],
    ids=["I1", "I3", "I5", "I7"],
)
def test_impatient_customers_wait_and_leave_as_erlang_a_says(
    agents: int, rate: float, leave: float, size: int
) -> None:
    found = played(
        policy("a"),
        (group("s", "a", agents),),
        (demand("a", rate, patience=1 / leave),),
        rate=rate,
        arrivals=12_000,
        at_length=size,
    )
    exact = ErlangA(agents, rate, 1, leave)
    expected = {
        "wait.share": exact.p_wait,
        "wait.mean": exact.mean_wait,
        "left": exact.p_abandon,
        "busy": exact.utilisation,
    }
    assert_near(found, expected, relative=0.02)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (
            (1.0, 0.5),
            {
                "a.wait.share": 27 / 44,
                "b.wait.share": 9 / 11,
                "a.wait.mean": 27 / 22,
                "b.wait.mean": 27 / 11,
                "busy.s1": 0.68182,
                "busy.s2": 0.81818,
                "share.a.s1": 0.4545 / (0.4545 + 0.2121),
                "share.b.s2": 1.0,
            },
        ),
        (
            (0.9, 0.8),
            {
                "a.wait.share": 0.73683,
                "b.wait.share": 0.94150,
                "a.wait.mean": 2.45609,
                "b.wait.mean": 6.54958,
                "busy.s1": 0.75850,
                "busy.s2": 0.94150,
            },
        ),
    ],
    ids=["A1", "A2"],
)
def test_a_specialist_and_a_generalist_share_the_work_exactly(
    rates: tuple[float, float], expected: Mapping[str, float]
) -> None:
    found = played(
        policy("ab"),
        (group("s1", "a", languages=LEVEL_TWO), group("s2", "ab")),
        (demand("a", rates[0]), demand("b", rates[1])),
        rate=sum(rates),
        arrivals=15_000,
    )
    waits = {name: value for name, value in expected.items() if name.endswith("wait.mean")}
    shares = {name: value for name, value in expected.items() if name not in waits}
    assert_near(found, shares, relative=0.02)
    assert_near(found, waits, relative=HEAVY)


def test_a_ring_of_two_skills_each_is_nearly_one_pool() -> None:
    """A4; three pools of their own would wait 4, one pool of all 1.07865."""
    found = played(
        policy("abc"),
        (group("s1", "ab"), group("s2", "bc"), group("s3", "ca")),
        tuple(demand(kind, 0.8) for kind in "abc"),
        rate=2.4,
        arrivals=15_000,
    )
    assert_near(found, {"wait.share": 24 / 35, "wait.mean": 1.24868, "busy": 0.8}, relative=0.03)


@pytest.mark.parametrize("kinds", ["ab", "abcd", "abcdefgh"], ids=["M1-2", "M1-4", "M1-8"])
def test_nobody_idles_behind_a_head_that_they_cannot_serve(kinds: str) -> None:
    """A line in which only the head may start keeps 2/3, .45 and .31 of these agents busy."""
    flood = Rates((300.0, *[0.0] * 99), every=1.0)
    scenario = house(
        policy(kinds),
        tuple(group(kind, kind) for kind in kinds),
        tuple(demand(kind, flood) for kind in kinds),
        length=100,
        seeds=1,
        warm_up=1,
    )
    assert simulate(scenario)["busy"].mean == 1.0


@lru_cache
def with_head_start(head_start: float) -> Found:
    return played(
        policy("a", classes={"lo": 0, "hi": round(head_start * UNIT_MS)}),
        (group("s", "a", 10),),
        (demand("hi", 3, queue="a", klass="hi"), demand("lo", 6, queue="a", klass="lo")),
        rate=9,
        arrivals=15_000,
        at_length=1_000_000,
    )


@pytest.mark.parametrize(
    ("head_start", "high", "low"),
    [(0.5, 0.493, 0.739), (2, 0.236, 0.868), (5, 0.113, 0.929)],
    ids=["G4-0.5", "G4-2", "G4-5"],
)
def test_a_head_start_moves_waits_between_classes_and_keeps_their_sum(
    head_start: float, high: float, low: float
) -> None:
    """G4 and G5: whoever goes first, the same customers wait as long in all."""
    found = with_head_start(head_start)
    fair = with_head_start(0)
    # The published figures read 1.8 % low together.
    assert_near(found, {"hi.wait.mean": high / 0.982, "lo.wait.mean": low / 0.982}, relative=HEAVY)
    assert found["wait.mean"].mean == pytest.approx(fair["wait.mean"].mean, rel=0.01)
    assert fair["hi.wait.mean"].mean == pytest.approx(fair["lo.wait.mean"].mean, rel=0.05)
    assert 0 < found["overtakes.class"].mean <= 3 * head_start
    assert fair["overtakes.class"].mean == 0


CHAINS: list[tuple[int, float, float, float]] = [
    (1, 0.0384, 0.250, 0.12),
    (2, 0.0036, 0.053, 0.15),
    (6, 0.00364, 0.0471, 0.15),
]


@pytest.mark.parametrize(("skills", "refused", "wait", "relative"), CHAINS, ids=["C1", "C2", "C6"])
def test_two_skills_are_almost_as_good_as_all(
    skills: int, refused: float, wait: float, relative: float
) -> None:
    """Ninety agents, thirty places in line, six kinds; who is served at once needs no place."""
    kinds = "abcdef"
    if skills == 6:
        groups: tuple[AgentGroup, ...] = (group("all", kinds, 90),)
    else:
        groups = tuple(
            group(f"{first}{second}", first + (second if skills == 2 else ""), 3)
            for first in kinds
            for second in kinds
            if first != second
        )
    found = played(
        policy("q", needs=False, waiting_max=30),
        groups,
        tuple(demand(kind, 14, queue="q", needs=kind) for kind in kinds),
        rate=84,
        arrivals=18_000,
    )
    assert_near(found, {"refused": refused, "wait.mean": wait}, relative=relative)
    assert found["left"].mean == 0


@pytest.mark.parametrize(("loud", "wait"), [(2, 0.43), (6, 0.66)], ids=["F3-2", "F3-6"])
def test_one_loud_customer_hurts_the_others_hardly(loud: float, wait: float) -> None:
    """Twenty agents, 17 quiet customers a unit; by conversation the second row has no limit."""
    found = played(
        policy("a"),
        (group("s", "a", 20),),
        (demand("quiet", 17, queue="a"), demand("loud", loud, queue="a", people=1)),
        rate=17 + loud,
        arrivals=18_000,
        at_length=300_000,
    )
    assert_near(found, {"quiet.wait.mean": wait}, relative=HEAVY)
    assert found["loud.wait.mean"].mean > 2 * found["quiet.wait.mean"].mean


def test_idle_time_is_shared_by_speed_and_the_fast_are_not_punished() -> None:
    """B1: the longest idle is taken; fastest first would keep the slow idle three times as long."""
    fast = AgentGroup(id="fast", count=20, skills={"a": 50}, speed=2.0)
    found = played(
        policy("a"),
        (group("slow", "a", 20), fast),
        (demand("a", 54),),
        rate=54,
        arrivals=18_000,
        at_length=400_000,
    )
    expected = {"wait.share": 0.45, "busy.slow": 0.938, "busy.fast": 0.890}
    assert_near(found, expected, relative=0.02)
    ratio = (1 - found["busy.fast"].mean) / (1 - found["busy.slow"].mean)
    assert ratio == pytest.approx(1.755, rel=0.05)
    assert min(found["fair.slow"].mean, found["fair.fast"].mean) > 0.999


LANGUAGES: dict[str, tuple[int, tuple[str, ...]]] = {
    "one": (16, ("en",)),
    "french": (12, ("en", "fr")),
    "german": (10, ("en", "de")),
    "all": (8, ("en", "fr", "de", "it")),
}


def speaking(*, levelled: bool) -> Found:
    """Forty-six agents and four languages; levelled, all count as equally flexible."""
    agents = []
    for name, (count, spoken) in LANGUAGES.items():
        others = [f"x{letter}" for letter in "abcd"[len(spoken) :]] if levelled else []
        agents.append(
            AgentGroup(id=name, count=count, languages=dict.fromkeys((*spoken, *others), 100))
        )
    kinds = {"en": 24, "fr": 10, "de": 6, "it": 3}
    customers = tuple(
        structs.replace(demand(tag, rate, queue="q"), languages=(LanguageWish(tag),))
        for tag, rate in kinds.items()
    )
    return played(policy("q", needs=False), tuple(agents), customers, rate=43, arrivals=13_000)


@pytest.mark.parametrize(
    ("levelled", "busy_one", "busy_all", "waits"),
    [
        (True, 0.912, 0.968, {"wait.mean": 0.228, "en.wait.mean": 0.181, "it.wait.mean": 0.420}),
        (False, 0.956, 0.916, {"wait.mean": 0.198, "en.wait.mean": 0.155, "it.wait.mean": 0.369}),
    ],
    ids=["B3", "B4"],
)
def test_the_least_flexible_are_taken_first_and_rare_languages_wait_less(
    levelled: bool, busy_one: float, busy_all: float, waits: Mapping[str, float]
) -> None:
    found = speaking(levelled=levelled)
    assert_near(found, {"busy.one": busy_one, "busy.all": busy_all}, relative=0.006)
    assert_near(found, waits, relative=HEAVY)
