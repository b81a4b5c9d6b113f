import pytest

from tests.simulation.sabotage import SABOTAGES


@pytest.mark.parametrize("name", SABOTAGES)
def test_what_is_to_be_broken_is_still_there(name: str) -> None:
    """A breakage of something that was renamed would break nothing."""
    with SABOTAGES[name]():
        pass
