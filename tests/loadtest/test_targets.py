import pytest

from loadtest.scenario import MEASURES, Target
from loadtest.targets import hold, unit_of

QUIET = {"violations": 0.0, "errors": 0.0}


def test_a_target_is_a_sentence_with_its_verdict() -> None:
    targets = [Target("offer_p99_ms", at_most=50), Target("jain", at_least=0.9)]
    held = hold(targets, {**QUIET, "offer_p99_ms": 84.0, "jain": 0.95})
    assert [each["sentence"] for each in held] == [
        "99 of 100 offers: 84 ms ≤ 50 ms: FAIL",
        "Jain's index of the agents' work: 0.95 ≥ 0.9: pass",
        "violations of the ledger: 0 ≤ 0: pass",
        "errors: 0 ≤ 0: pass",
    ]
    assert [each["passed"] for each in held] == [False, True, True, True]


def test_what_was_not_measured_fails_its_target() -> None:
    (held, *_) = hold([Target("knee_per_s", at_least=1)], QUIET)
    assert held["sentence"] == "conversations a second at the knee: not measured ≥ 1: FAIL"
    assert not held["passed"]


@pytest.mark.parametrize("name", ["violations", "errors"])
def test_violations_and_errors_fail_a_run_that_asks_for_nothing(name: str) -> None:
    assert all(each["passed"] for each in hold([], QUIET))
    assert not all(each["passed"] for each in hold([], {**QUIET, name: 1.0}))
    own = hold([Target(name, at_most=5)], {**QUIET, name: 1.0})
    assert all(each["passed"] for each in own)


def test_units_are_those_of_the_names() -> None:
    units = {name: unit_of(name) for name in MEASURES}
    assert units["knee_per_s"] == "/s"
    assert units["cpu_ms_per_conversation"] == " ms"
    assert (units["offer_p99_ms"], units["back_s"], units["jain"]) == (" ms", " s", "")
