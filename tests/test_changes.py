"""What differs between two policies."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from router.changes import CHANGES_MAX, Change, changes, spoken
from router.policy import AgentEntry, Policy, Queue, ServiceLevel, SkillNeed, Step

BASE = Policy(
    queues=(Queue(id="a", needs=(SkillNeed("x", 30),)), Queue(id="b")),
    agents=(AgentEntry(id="alice", languages={"en": 100}),),
)


def having(**fields: object) -> Policy:
    return msgspec.structs.replace(BASE, **fields)


def told(new: Policy) -> list[tuple[str, object, object]]:
    return [(one.path, one.old, one.new) for one in changes(BASE, new)]


def test_equal_policies_differ_nowhere() -> None:
    assert changes(BASE, msgspec.convert(msgspec.to_builtins(BASE), Policy)) == ()


def test_each_value_that_differs_is_told_by_its_path_with_old_and_new() -> None:
    queues = (msgspec.structs.replace(BASE.queues[0], wrap_up_ms=5, hours="x"), BASE.queues[1])
    assert told(having(grace_ms=1_000, queues=queues)) == [
        ("grace_ms", 120_000, 1_000),
        ("queues.a.wrap_up_ms", 0, 5),
        ("queues.a.hours", "", "x"),
    ]


def test_what_is_added_or_taken_away_is_one_change_by_its_id() -> None:
    new = Queue(id="c")
    assert told(having(queues=(new, *BASE.queues))) == [
        ("queues.c", None, msgspec.to_builtins(new))
    ]
    assert told(having(agents=())) == [("agents.alice", msgspec.to_builtins(BASE.agents[0]), None)]
    assert told(having(classes={"regular": 0})) == [
        ("classes.gold", 30_000, None),
        ("classes.urgent", 90_000, None),
    ]


def test_another_order_is_a_change_of_the_list() -> None:
    assert told(having(queues=BASE.queues[::-1])) == [("queues", ["a", "b"], ["b", "a"])]


def test_lists_without_ids_are_told_whole() -> None:
    steps = (Step(after_ms=5),)
    queues = (msgspec.structs.replace(BASE.queues[0], steps=steps), BASE.queues[1])
    assert told(having(queues=queues)) == [
        ("queues.a.steps", (), msgspec.to_builtins(steps)),
    ]


def test_a_policy_written_anew_is_told_in_bounds_and_so_is_a_long_value() -> None:
    crowd = tuple(AgentEntry(id=f"a{number}") for number in range(CHANGES_MAX + 50))
    assert len(changes(BASE, having(agents=crowd))) == CHANGES_MAX
    line = spoken((Change("a", None, "x" * 10_000), Change("b", 1, 2)))
    assert line.startswith('a: null -> "xxx')
    assert line.endswith("...; b: 1 -> 2")
    assert len(line) < 500


WORDS = st.text("abc", min_size=1, max_size=2)


@given(
    one=st.dictionaries(WORDS, st.integers(0, 3)),
    other=st.dictionaries(WORDS, st.integers(0, 3)),
)
def test_policies_differ_where_and_only_where_something_is_told(
    one: dict[str, int], other: dict[str, int]
) -> None:
    found = changes(having(cost=one), having(cost=other))
    assert {change.path for change in found} == {
        f"cost.{name}" for name in one.keys() | other.keys() if one.get(name) != other.get(name)
    }


def test_what_was_never_said_is_nothing_and_what_is_said_counts() -> None:
    plain, patient = ServiceLevel(), ServiceLevel(longest_ms=900_000)
    assert changes(plain, patient) == (Change("longest_ms", None, 900_000),)
    assert changes(patient, plain) == (Change("longest_ms", 900_000, None),)
    assert spoken(changes(plain, patient)) == "longest_ms: null -> 900000"
