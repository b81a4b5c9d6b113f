"""A request that was read says what the command says."""

from hypothesis import given
from hypothesis import strategies as st

from router.asked import Asked
from router.commands import Actor, RequestConversation
from router.policy import LanguageWish, SkillNeed

SAME = (
    *("conversation", "channel", "queue", "topic", "languages", "needs", "avoid", "brand"),
    *("attributes", "body", "priority", "deferrable"),
)

commands = st.builds(
    RequestConversation,
    by=st.builds(Actor, role=st.sampled_from(["customer", "service"]), id=st.just("ada")),
    conversation=st.text(max_size=2),
    op=st.just("op"),
    channel=st.text(max_size=2),
    queue=st.text(max_size=2),
    topic=st.text(max_size=2),
    languages=st.none() | st.just((LanguageWish("de", 2),)),
    needs=st.just(()) | st.just((SkillNeed("billing", 3),)),
    agent=st.none() | st.text(max_size=2),
    avoid=st.just(()) | st.just(("bob",)),
    brand=st.text(max_size=2),
    reopens=st.none() | st.text(max_size=2),
    attributes=st.dictionaries(st.text(max_size=1), st.text(max_size=1), max_size=1),
    body=st.text(max_size=2),
    customer=st.none() | st.just("cy"),
    priority=st.text(max_size=2),
    deferrable=st.booleans(),
)


@given(commands)
def test_it_says_what_the_command_says(command: RequestConversation) -> None:
    asked = Asked(command)
    for name in SAME:
        assert getattr(asked, name) == getattr(command, name)
    assert asked.agent == (command.agent or "")
    assert asked.reopens == (command.reopens or "")
    assert asked.connection == command.by.connection
    assert asked.by is command.by


@given(commands)
def test_a_customer_asks_for_nobody_else(command: RequestConversation) -> None:
    asked = Asked(command)
    assert asked.by_customer is (command.by.role == "customer")
    assert asked.customer == ("ada" if asked.by_customer else command.customer or "")
