from hypothesis import given
from hypothesis import strategies as st

from router.ids import person_key

ROLES = st.sampled_from(["agent", "customer", "supervisor", "service"])


def test_a_person_is_known_by_role_and_id() -> None:
    assert person_key("agent", "ada") == "agent:ada"


@given(ROLES, st.text(), ROLES, st.text())
def test_two_persons_never_share_a_key(role: str, one: str, other_role: str, other: str) -> None:
    same = person_key(role, one) == person_key(other_role, other)
    assert same == ((role, one) == (other_role, other))
