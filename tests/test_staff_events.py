"""The facts that concern agents and those who watch over them."""

from typing import get_args

import msgspec
import pytest

from router import events, staff_events
from router.staff_events import EventForm

KINDS = [getattr(staff_events, name) for name in staff_events.__all__ if name != "EventForm"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_is_a_fact_of_the_core(kind: type[msgspec.Struct]) -> None:
    assert kind in get_args(events.Event)
    assert issubclass(kind, EventForm)
    assert getattr(events, kind.__name__) is kind
