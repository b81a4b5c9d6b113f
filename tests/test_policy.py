import msgspec
import pytest

from router.policy import (
    AgentEntry,
    Brand,
    Policy,
    Queue,
    SkillNeed,
    Step,
    problems,
)

SOUND = Policy(
    queues=(
        Queue(
            id="billing",
            needs=(SkillNeed(skill="billing", level=30),),
            steps=(Step(after_ms=30_000, needs=()), Step(after_ms=60_000, any_language=True)),
            overflow="support",
        ),
        Queue(id="support", overflow="leave_message"),
    ),
    brands=(Brand(id="pro", queues=("billing",)),),
    agents=(AgentEntry(id="ada", skills={"billing": 80}),),
)


def _paths(**changes: object) -> list[str]:
    return [path for path, _ in problems(msgspec.structs.replace(SOUND, **changes))]


def test_a_sound_policy_has_no_problems() -> None:
    assert problems(SOUND) == []


def test_a_policy_without_queues_or_classes_says_so() -> None:
    assert "queues" in _paths(queues=(), brands=())
    assert _paths(classes={}) == ["classes"]


@pytest.mark.parametrize(
    ("queue", "path"),
    [
        (Queue(id="billing", channels=()), "queues[0].channels"),
        (Queue(id="billing", channels=("total",)), "queues[0].channels"),
        (Queue(id="billing", overflow="nowhere"), "queues[0].overflow"),
        (Queue(id="billing", overflow="billing"), "queues[0].overflow"),
        (Queue(id="billing", steps=(Step(after_ms=9), Step(after_ms=9))), "queues[0].steps"),
        (Queue(id="billing", steps=(Step(after_ms=9), Step(after_ms=5))), "queues[0].steps"),
    ],
)
def test_a_queue_that_cannot_work_is_named_by_its_path(queue: Queue, path: str) -> None:
    assert _paths(queues=(queue,)) == [path]


def test_ids_that_are_there_twice_are_named() -> None:
    twice = (AgentEntry(id="ada"), AgentEntry(id="bea"), AgentEntry(id="ada"))
    assert _paths(agents=twice) == ["agents[2].id"]
    assert "queues[1].id" in _paths(queues=(Queue(id="billing"), Queue(id="billing")))


def test_a_head_start_beyond_the_bound_is_a_problem() -> None:
    assert _paths(classes={"regular": 0, "gold": 90_001}) == ["classes.gold"]
    assert _paths(classes={"regular": 0, "gold": 90_001}, head_start_max_ms=100_000) == []


def test_a_brand_may_only_name_queues_that_exist() -> None:
    assert _paths(brands=(Brand(id="pro", queues=("nowhere",)),)) == ["brands[0].queues"]


def test_every_problem_says_how_to_mend_it() -> None:
    broken = Policy(classes={}, brands=(Brand(id="a", queues=("x",)),))
    assert all(len(sentence) > 20 for _, sentence in problems(broken))
    assert len(problems(broken)) == 3


def test_a_policy_survives_both_encodings() -> None:
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(SOUND), type=Policy) == SOUND


def test_an_unknown_key_and_a_level_over_100_are_refused() -> None:
    for raw in ({"grace": 1}, {"agents": [{"id": "a", "skills": {"x": 101}}]}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(raw, Policy)


@pytest.mark.parametrize("hours", ["Mon 08:00-20:00", "Mon 20:00-08:00 UTC", "Mo 08:00-09:00 UTC"])
def test_hours_that_cannot_be_read_are_named_by_their_path(hours: str) -> None:
    queues = (Queue(id="billing", hours="Mon-Fri 08:00-20:00 UTC"), Queue(id="b", hours=hours))
    assert _paths(queues=queues) == ["queues[1].hours"]
    assert _paths(brands=(Brand(id="pro", hours=hours),)) == ["brands[0].hours"]


def test_an_offer_shows_nothing_of_a_confidential_queue() -> None:
    secret = Queue(id="secret", confidential=True, offer_preview=80)
    ((path, _),) = problems(Policy(queues=(secret,)))
    assert path == "queues[0].offer_preview"


def test_nobody_overflows_into_a_queue_that_would_refuse_them() -> None:
    members = Queue(id="members", verified_only=True)
    policy = Policy(queues=(Queue(id="all", overflow="members"), members))
    ((path, sentence),) = problems(policy)
    assert (path, "verified_only = true" in sentence) == ("queues[0].overflow", True)
    both = Queue(id="all", overflow="members", verified_only=True)
    assert problems(Policy(queues=(both, members))) == []
