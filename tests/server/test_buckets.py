"""A plain histogram is the library's, value by value."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.registry import Collector

from router.server.buckets import Buckets, Doublings, as_counter, as_family

BOUNDS = (0.5, 1, 2.5, 10)


@given(st.lists(st.sampled_from([0, 0.1, 0.5, 0.6, 1, 1.0001, 2.5, 3, 10, 11, 1e9])))
def test_it_shows_what_the_library_would_show(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    buckets = Buckets(BOUNDS)
    reference = Histogram("t_seconds", "What.", ["a"], buckets=BOUNDS, registry=theirs)
    labelled = reference.labels("x")

    class Shown(Collector):
        def collect(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            return [as_family("t_seconds", "What.", ["a"], {("x",): buckets})]

    ours.register(Shown())
    for value in values:
        buckets.note(value)
        labelled.observe(value)
    assert buckets.count == len(values)
    assert generate_latest(ours).splitlines() == generate_latest(theirs).splitlines()


def test_a_bucket_shows_its_newest_example_to_who_reads_openmetrics() -> None:
    buckets = Buckets(BOUNDS)
    for value, trace in ((0.7, "old"), (0.9, "new"), (99.0, "long")):
        buckets.note(value)
        buckets.remember(value, trace, 1_000.5)

    class Shown(Collector):
        def collect(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            return [as_family("t_seconds", "What.", [], {(): buckets})]

    registry = CollectorRegistry()
    registry.register(Shown())
    page = generate_open(registry).decode()  # type: ignore[no-untyped-call]
    (family,) = open_families(page)  # type: ignore[no-untyped-call]
    told = {one.labels.get("le"): one.exemplar for one in family.samples if one.exemplar}
    assert {bound: one.labels["trace_id"] for bound, one in told.items()} == {
        "1.0": "new",
        "+Inf": "long",
    }
    assert told["1.0"].value == 0.9
    assert float(told["1.0"].timestamp) == 1_000.5
    assert b"trace_id" not in generate_latest(registry)


def test_a_counter_has_a_sample_for_each_series() -> None:
    family = as_counter("t", "What.", ["a", "b"], {("x", "y"): 3, ("x", "z"): 0})
    assert [(one.labels, one.value) for one in family.samples] == [
        ({"a": "x", "b": "y"}, 3),
        ({"a": "x", "b": "z"}, 0),
    ]


@given(st.lists(st.integers(0, 5_000)))
def test_doublings_are_the_library_s_histogram_with_these_bounds(values: list[int]) -> None:
    ours, theirs = Doublings(10), CollectorRegistry()
    reference = Histogram("t", "What.", buckets=(0, 3, 15, 63, 255, 1023), registry=theirs)
    for value in values:
        ours.note(value)
        reference.observe(value)
    family = as_family("t", "What.", [], {(): ours})
    told = {(one.name, *one.labels.values()): one.value for one in family.samples}
    (library,) = theirs.collect()
    assert told == {
        (one.name, *one.labels.values()): one.value
        for one in library.samples
        if not one.name.endswith("_created")
    }
