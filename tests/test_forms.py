"""In which form the core runs."""

from router.forms import IS_PLAIN
from router.presence import Agent


def test_records_have_slots_as_python_and_nothing_else_in_either_form() -> None:
    agent = Agent(id="ann", role="agent")
    assert hasattr(Agent, "__slots__") is IS_PLAIN
    assert not hasattr(agent, "__dict__")
