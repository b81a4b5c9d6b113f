"""The collector looks seldom while a server runs, and as before when it ends, however it ends."""

import gc

import pytest

from router.server.collector import LOOK_AFTER, looking_seldom


def test_what_was_before_is_in_force_again() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError):
        _fail()
    assert gc.get_threshold() == before != LOOK_AFTER


@looking_seldom()
def _fail() -> None:
    assert gc.get_threshold() == LOOK_AFTER
    raise KeyError
