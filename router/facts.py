"""How a conversation stands, as the estimator asks for it.

Owns: the two numbers that an estimate begins with. Does not know: what is made of them.

Invariant (tests/test_facts.py): a read changes nothing, and agrees with a look at everybody.
"""

from router.core import Router
from router.estimate import PoolFacts

__all__ = ["pool_facts"]


def pool_facts(router: Router, conversation: str) -> PoolFacts | None:
    """Others before a conversation and agents at work for it; None where it stands in no lane.

    That is where it is offered to somebody just now, or its customer is away.
    """
    world = router.world
    if conversation not in world.line:
        return None
    lane, place = world.line.where(conversation)
    return PoolFacts(ahead=world.pool.ahead(lane, place), agents=world.pool.able(lane))
