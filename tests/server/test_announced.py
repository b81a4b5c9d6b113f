"""What became of announced waits, by queue."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric

from router.commands import SetPolicy
from router.core import Router
from router.policy import Policy, Queue
from router.server.announced import ERRORS, LEAST_MS, RATIOS, Announced

Counts = dict[tuple[str, ...], float]
waits = st.lists(
    st.tuples(
        st.sampled_from(["q", "other"]),
        st.integers(0, 3_600_000),
        st.floats(0, 1e6),
        st.floats(0, 3),
    ),
    max_size=30,
)


def _routers(*queues: str) -> dict[str, Router]:
    router = Router("acme")
    router.apply(SetPolicy(policy=Policy(queues=tuple(Queue(id=name) for name in queues))), 1)
    return {"acme": router}


def _counts(families: list[Metric]) -> Counts:
    return {
        (sample.name.removeprefix("fairline_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_queue_of_the_policy_is_there_before_anybody_waited_and_other_tenants_are_not() -> None:
    announced = Announced()
    announced.note("~doctor", "q", (1.0, 1.0, 1.0), 5)
    shown = _counts(list(announced.families(_routers("q", "late"))))
    for queue in ("q", "late"):
        assert shown["wait_estimate_error_seconds_count", "acme", queue] == 0
        for told in ("0.5", "0.9"):
            assert shown["wait_over_estimate_ratio_count", "acme", queue, told] == 0
    assert not [key for key in shown if "~doctor" in key]


@given(waits)
def test_every_wait_is_counted_once_in_its_queue_where_it_belongs(
    noted: list[tuple[str, int, float, float]],
) -> None:
    announced = Announced()
    for queue, waited_ms, median_ms, wider in noted:
        announced.note("acme", queue, (median_ms, median_ms, median_ms * (1 + wider)), waited_ms)
    shown = _counts(list(announced.families(_routers("q"))))
    for queue in {"q", *(one[0] for one in noted)}:
        mine = [one[1:] for one in noted if one[0] == queue]
        for bound in ERRORS:
            key = ("wait_estimate_error_seconds_bucket", "acme", queue, f"{bound:.1f}")
            assert shown[key] == sum(abs(waited - told) / 1000 <= bound for waited, told, _ in mine)
        high = [(waited, max(told * (1 + wider), LEAST_MS)) for waited, told, wider in mine]
        for part in RATIOS:
            found = shown["wait_over_estimate_ratio_bucket", "acme", queue, "0.9", str(float(part))]
            assert found == sum(waited / most <= part for waited, most in high)


def test_a_wait_of_nearly_nothing_is_not_many_times_what_was_announced() -> None:
    announced = Announced()
    announced.note("acme", "q", (200.0, 500.0, 900.0), 8_000)
    shown = _counts(list(announced.families(_routers("q"))))
    for told in ("0.5", "0.9"):
        assert shown["wait_over_estimate_ratio_bucket", "acme", "q", told, "0.75"] == 0
        assert shown["wait_over_estimate_ratio_bucket", "acme", "q", told, "1.0"] == 1
