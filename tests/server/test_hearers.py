"""Who hears from the engine: those who say so in the protocols' words."""

from router.server.archiving import Archiving
from router.server.hearers import Audience, Effects, Measures
from router.server.hub import Hub
from router.server.metrics import Metrics


def methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_nodes_parts_hear_everything_that_the_engine_says() -> None:
    for protocol, part in ((Audience, Hub), (Measures, Metrics), (Effects, Archiving)):
        assert methods(protocol)
        assert methods(protocol) <= set(dir(part))
