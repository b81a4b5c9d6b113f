from router import assignments
from router.assignments import Assignments, Decision, pack
from router.candidates import Candidate

CANDIDATE = Candidate("ada", 900, 1000, 800, 0, 1000, 2, 17, 4)
DECISION = Decision("c1", "ada", 12, 1_000, "longest_idle", (CANDIDATE,))


def test_what_was_packed_comes_out_the_same() -> None:
    kept = Assignments()
    kept.keep("a1", pack(DECISION))
    assert kept.find("a1") == DECISION
    assert kept.find("a2") is None


def test_the_oldest_decisions_go_first() -> None:
    kept = Assignments()
    for number in range(assignments.KEPT_MAX + 3):
        kept.keep(f"a{number}", b"")
    assert len(kept.packed) == assignments.KEPT_MAX
    assert next(iter(kept.packed)) == "a3"


def test_ten_candidates_take_little_room() -> None:
    assert (
        len(pack(Decision("c" * 26, "ada", 1 << 40, 1 << 41, "longest_idle", (CANDIDATE,) * 10)))
        < 400
    )
