"""Who hears from the engine: those who say so in the protocols' words."""

import pytest
import trio

from router.server.archiving import Archiving
from router.server.hearers import Audience, Effects, Measures, aside
from router.server.hub import Hub
from router.server.metrics import Metrics


def methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_nodes_parts_hear_everything_that_the_engine_says() -> None:
    for protocol, part in ((Audience, Hub), (Measures, Metrics), (Effects, Archiving)):
        assert methods(protocol)
        assert methods(protocol) <= set(dir(part))


class Ear:
    """Writes down when it holds back, and when not."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hold(self) -> None:
        self.told.append("hold")

    def release(self) -> None:
        self.told.append("release")


@pytest.mark.parametrize("goes_wrong", [False, True])
async def test_what_was_brought_goes_while_something_is_waited_for(goes_wrong: bool) -> None:
    ear = Ear()

    async def work() -> int:
        await trio.lowlevel.checkpoint()
        ear.told.append("work")
        if goes_wrong:
            raise KeyError
        return 7

    if goes_wrong:
        with pytest.raises(KeyError):
            await aside(ear, work())  # type: ignore[arg-type]
    else:
        assert await aside(ear, work()) == 7  # type: ignore[arg-type]
    assert ear.told == ["release", "work", "hold"]
