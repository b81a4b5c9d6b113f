from router.figures import SERVICE_LEVEL_FORMULA, agent_measures, queue_measures


def test_a_ratio_of_nothing_is_none() -> None:
    nothing = queue_measures("sales", {}, None)
    assert (nothing.service_level, nothing.abandonment, nothing.speed_of_answer_ms) == (None,) * 3
    assert nothing.handling_ms is None
    assert nothing.arrived == nothing.accepted == 0
    assert agent_measures("ada", {}).occupancy is None


def test_the_service_level_follows_its_formula() -> None:
    assert "(accepted + abandoned - short abandoned)" in SERVICE_LEVEL_FORMULA
    counts = {"accepted": 70, "accepted_in_target": 60, "abandoned": 15, "abandoned_short": 10}
    figures = queue_measures("sales", counts, 0.5)
    assert figures.service_level == 60 / 75
    assert figures.abandonment == 5 / 75
    assert figures.jain_waits == 0.5


def test_only_short_abandonments_are_nobodys_failure() -> None:
    figures = queue_measures("sales", {"abandoned": 3, "abandoned_short": 3}, None)
    assert figures.service_level is None
    assert figures.abandonment is None


def test_counts_come_out_under_their_own_names() -> None:
    counts = {"offer.accepted": 2, "offer.declined": 1, "overtake.class": 4, "looked_at": 9}
    figures = queue_measures("sales", counts, None)
    assert figures.offers == {"accepted": 2, "declined": 1}
    assert figures.overtakes == {"class": 4}
    assert figures.looked_at == 9


def test_occupancy_is_handling_over_available_time() -> None:
    counts = {"busy_ms": 300, "available_ms": 400, "services": 3, "handling_ms": 500}
    figures = agent_measures("ada", counts)
    assert figures.occupancy == 0.75
    assert figures.handling_ms == 166
