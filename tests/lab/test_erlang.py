"""The formulas against published and independently computed figures."""

import math

import pytest

from router.lab.erlang import (
    Chats,
    ErlangA,
    ErlangC,
    accumulating_waits,
    erlang_b,
    erlang_c,
    garnett,
    garnett_abandonment,
    halfin_whitt,
    limited_sharing_wait,
    offered_loads,
    square_root_staffing,
    staff_for,
    strict_waits,
    wave_load,
)

EXACT = 1e-8


@pytest.mark.parametrize(
    ("agents", "load", "lost"),
    [(1, 1, 0.5), (5, 3, 0.11005435), (30, 25, 0.05260317), (100, 90, 0.02695738)],
)
def test_erlang_b_gives_the_table_of_lost_shares(agents: int, load: float, lost: float) -> None:
    assert erlang_b(agents, load) == pytest.approx(lost, abs=EXACT)


@pytest.mark.parametrize(
    ("agents", "load", "waiting"),
    [
        (1, 0.5, 0.5),
        (5, 4, 0.55411255),
        (14, 10, 0.17413193),
        (30, 25, 0.24989317),
        (100, 90, 0.21694048),
        (100, 95, 0.50645685),
        (3, 2.4, 0.64719),
    ],
)
def test_erlang_c_gives_the_table_of_waiting_shares(
    agents: int, load: float, waiting: float
) -> None:
    assert erlang_c(agents, load) == pytest.approx(waiting, abs=EXACT if load != 2.4 else 1e-5)


def test_a_load_that_nobody_can_carry_is_an_error() -> None:
    with pytest.raises(ValueError, match="10 agents cannot carry 10 erlang"):
        erlang_c(10, 10)


def test_erlang_c_agrees_with_another_calculator_to_the_last_digit() -> None:
    house = ErlangC(14, 100 / 30, 1 / 3)
    assert house.p_wait == pytest.approx(0.1741319335950498, abs=1e-15)
    assert house.service_level(20 / 60) == pytest.approx(0.8883500191794669, abs=1e-14)
    assert house.utilisation == pytest.approx(0.7142857, abs=1e-7)


def test_erlang_c_has_the_published_waits_of_fifty_agents() -> None:
    house = ErlangC(50, 48, 1)
    assert house.p_wait == pytest.approx(0.694456, abs=1e-6)
    assert house.mean_wait == pytest.approx(0.347228, abs=1e-6)
    assert house.mean_line == pytest.approx(16.67, abs=0.01)
    assert house.utilisation == pytest.approx(0.96)
    assert house.wait_quantile(0.9) * 60 == pytest.approx(58.14, abs=0.01)
    assert house.wait_tail(house.wait_quantile(0.9)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("rates", "agents", "p_wait", "p_abandon", "mean_wait", "utilisation"),
    [
        ((48, 1, 0.5), 50, 0.467774, 0.0309122, 0.0618245, 0.930324),
        ((100, 1, 1), 100, 0.513299, 0.039861, 0.039861, 0.960139),
        ((100, 1, 0.5), 90, 0.937677, 0.103364, 0.206729, 0.996262),
        ((8, 1, 2), 10, 0.247519, 0.068405, 0.034203, 0.745276),
    ],
)
def test_erlang_a_gives_the_table(
    rates: tuple[float, float, float],
    agents: int,
    p_wait: float,
    p_abandon: float,
    mean_wait: float,
    utilisation: float,
) -> None:
    house = ErlangA(agents, *rates)
    assert house.p_wait == pytest.approx(p_wait, abs=6e-7)
    assert house.p_abandon == pytest.approx(p_abandon, abs=6e-7)
    assert house.mean_wait == pytest.approx(mean_wait, abs=6e-7)
    assert house.utilisation == pytest.approx(utilisation, abs=6e-7)


def test_erlang_a_knows_how_many_would_wait_and_how_many_are_served_in_time() -> None:
    house = ErlangA(50, 48, 1, 0.5)
    assert house.offered_within(20 / 60) == pytest.approx(0.967943, abs=1e-6)
    assert house.served_within(20 / 60) == pytest.approx(0.943019, abs=1e-6)
    assert house.offered_within(0) == pytest.approx(1 - house.p_wait)
    assert house.served_within(1000) == pytest.approx(1 - house.p_abandon)


def test_with_patience_as_long_as_a_service_the_house_is_poisson() -> None:
    house = ErlangA(100, 100, 1, 1)
    logs = (count * math.log(100) - 100 - math.lgamma(count + 1) for count in range(100, 400))
    assert house.p_wait == pytest.approx(math.fsum(math.exp(log) for log in logs), abs=1e-12)


BETAS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5)


def test_halfin_whitt_gives_the_table() -> None:
    table = (1, 0.72093, 0.50454, 0.34175, 0.22336, 0.08469, 0.02688, 0.00701)
    assert [halfin_whitt(beta) for beta in BETAS] == pytest.approx(table, abs=6e-6)


@pytest.mark.parametrize(
    ("impatience", "table"),
    [
        (0.5, (0.58579, 0.46860, 0.35718, 0.25919, 0.17896, 0.07331, 0.02440, 0.00655)),
        (1.0, (0.5, 0.40129, 0.30854, 0.22663, 0.15866, 0.06681, 0.02275, 0.00621)),
    ],
)
def test_garnett_gives_the_table(impatience: float, table: tuple[float, ...]) -> None:
    assert [garnett(beta, impatience) for beta in BETAS] == pytest.approx(table, abs=6e-6)


def test_garnett_is_near_the_exact_house_of_a_thousand_agents() -> None:
    agents = square_root_staffing(1000, 0.5)
    house = ErlangA(agents, 1000, 1, 0.5)
    left = house.p_abandon / house.p_wait
    assert garnett(0.5, 0.5) == pytest.approx(house.p_wait, rel=0.02)
    assert garnett_abandonment(0.5, 0.5, agents) == pytest.approx(left, rel=0.02)


def test_square_root_staffing_gives_the_exact_waiting_shares() -> None:
    of_hundred = [erlang_c(square_root_staffing(100, beta), 100) for beta in (0.5, 1, 1.5, 2)]
    assert of_hundred == pytest.approx([0.51571, 0.23701, 0.09544, 0.03320], abs=6e-6)
    assert square_root_staffing(1000, 1) == 1032
    assert erlang_c(1032, 1000) == pytest.approx(0.22306, abs=6e-6)
    assert halfin_whitt(32 / math.sqrt(1000)) == pytest.approx(0.21867, abs=6e-6)


STAFF = [
    (100 / 30, 3, 14, 0.8884, 7.84, 12, 0.8080, 0.0531),
    (10, 5, 57, 0.8454, 10.56, 52, 0.8155, 0.0452),
    (40, 5, 210, 0.8072, 11.27, 194, 0.8107, 0.0493),
]


@pytest.mark.parametrize(("rate", "handling", "c", "c_level", "c_s", "a", "a_level", "left"), STAFF)
def test_staffing_finds_the_fewest_agents(
    rate: float,
    handling: float,
    c: int,
    c_level: float,
    c_s: float,
    a: int,
    a_level: float,
    left: float,
) -> None:
    within = 20 / 60
    assert staff_for(rate, handling, within=within, target=0.8) == c
    assert staff_for(rate, handling, within=within, target=0.8, mean_patience=3) == a
    patient = ErlangC(c, rate, 1 / handling)
    assert patient.service_level(within) == pytest.approx(c_level, abs=5e-5)
    assert patient.mean_wait * 60 == pytest.approx(c_s, abs=5e-3)
    house = ErlangA(a, rate, 1 / handling, 1 / 3)
    assert house.offered_within(within) == pytest.approx(a_level, abs=5e-5)
    assert house.p_abandon == pytest.approx(left, abs=5e-5)


def test_staffing_of_a_thousand_erlang() -> None:
    assert staff_for(200, 5, within=20 / 60, target=0.8) == 1015
    house = ErlangC(1015, 200, 1 / 5)
    assert house.service_level(20 / 60) == pytest.approx(0.8059, abs=5e-5)
    assert house.mean_wait * 60 == pytest.approx(10.55, abs=5e-3)


def test_nobody_is_needed_where_nobody_comes() -> None:
    assert staff_for(0, 5, within=1, target=0.8) == 0


def test_two_classes_share_the_wait_of_all() -> None:
    fair = ErlangC(10, 9, 1).mean_wait
    strict = strict_waits(10, (3, 6), 1)
    gathering = accumulating_waits(10, (3, 6), 1, 2)
    assert fair == pytest.approx(0.66873, abs=5e-6)
    assert strict == pytest.approx((0.09553, 0.95533), abs=5e-6)
    assert gathering == pytest.approx((0.43271, 0.78674), abs=5e-6)
    for first, second in (strict, gathering):
        assert (3 * first + 6 * second) / 9 == pytest.approx(fair)


@pytest.mark.parametrize(
    ("rate", "minutes", "p_wait", "wait", "stay"),
    [
        (3, (6,), 0.550769, 1.652307, 7.652307),
        (3, (6, 8), 0.000242, None, 6.2271),
        (4.5, (6, 8), 0.325203, 0.650406, 8.214768),
        (4.5, (6, 8, 10.5), 0.004875, None, 7.741445),
    ],
)
def test_several_chats_at_once_give_the_table(
    rate: float, minutes: tuple[float, ...], p_wait: float, wait: float | None, stay: float
) -> None:
    house = Chats(20, rate, minutes)
    assert house.p_wait == pytest.approx(p_wait, abs=6e-7)
    assert house.mean_stay == pytest.approx(stay, abs=6e-5 if stay == 6.2271 else 6e-7)
    if wait is not None:
        assert house.mean_wait == pytest.approx(wait, abs=6e-7)


def test_too_many_chats_are_an_error() -> None:
    with pytest.raises(ValueError, match="come"):
        Chats(2, 3, (1,))


def test_sharing_moves_the_wait_and_keeps_the_stay() -> None:
    waits = [limited_sharing_wait(limit, 0.8, 1) for limit in (1, 2, 3, 5)]
    assert waits == pytest.approx([4, 3.2, 2.56, 1.6384])


def test_the_load_of_a_wave_lags_behind_its_arrivals() -> None:
    short = [wave_load(hour, 100, 40, 24, 0.5) for hour in (0, 6, 12, 18)]
    assert short == pytest.approx([47.4261, 69.6631, 52.5739, 30.3369], abs=5e-5)
    peak = max((wave_load(6 + step / 1e4, 100, 40, 24, 0.5), step / 1e4) for step in range(9000))
    assert peak == pytest.approx((69.8308, 0.4972), abs=1e-4)
    late = max((wave_load(6 + step / 1e4, 100, 40, 24, 6), step / 1e4) for step in range(60_000))
    assert late == pytest.approx((728.887, 3.8346), abs=1e-3)


def test_the_load_of_a_day_in_slots_is_the_wave_of_fine_slots() -> None:
    slots = 24 * 60
    rates = [100 + 40 * math.sin(2 * math.pi * (slot + 0.5) / slots) for slot in range(slots)]
    loads = offered_loads(rates, 1 / 60, 0.5)
    wave = [wave_load((slot + 0.5) / 60, 100, 40, 24, 0.5) for slot in range(slots)]
    assert loads == pytest.approx(wave, rel=1e-4)
    assert offered_loads([30.0] * 4, 0.5, 0.1) == pytest.approx([3.0] * 4)
