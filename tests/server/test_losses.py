"""Whose connection is lost again and again, beside a list of everything."""

from hypothesis import given
from hypothesis import strategies as st

from router.server.losses import LOSSES_MAX, WINDOW_S, Losses

LOST = st.lists(
    st.tuples(
        st.sampled_from(["acme", "other"]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([0.0, 1.0, WINDOW_S / LOSSES_MAX, 120.0, WINDOW_S]),
    ),
    max_size=60,
)


@given(LOST)
def test_each_answer_is_that_of_whoever_remembers_everything(
    lost: list[tuple[str, str, float]],
) -> None:
    losses, everything, now_s = Losses(), list[tuple[tuple[str, str], float]](), 0.0
    for tenant, agent, later_s in lost:
        now_s += later_s
        everything.append(((tenant, agent), now_s))
        recent = [whose for whose, at_s in everything if at_s > now_s - WINDOW_S]
        assert losses.add(tenant, agent, now_s) == (recent.count((tenant, agent)) > LOSSES_MAX)
        assert len(losses) == len(set(recent))


def test_who_is_not_lost_any_more_takes_no_memory() -> None:
    losses = Losses()
    for number in range(1_000):
        losses.add("acme", str(number), 0.0)
    losses.add("acme", "last", WINDOW_S)
    assert len(losses) == 1
