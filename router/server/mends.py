"""What a back end may do about a refusal, behind the core's own words.

Owns: names that are near, agents who are listed and not signed in, the call that does what was
meant, HTTP's word for ``op``. Does not know: which call is which command, sockets.

Invariant (tests/server/test_mends.py): a code never changes, and a sentence is only gone on with,
but for ``op``, which is a header here.

The core's sentences are in its events and so in the running hash over them; what helps a program
that calls over HTTP is added here.
"""

import re

from router.core import Router
from router.errors import Refusal, Refused
from router.suggestions import did_you_mean

__all__ = ["with_mend"]

_NOBODY = re.compile(r"there is no (?P<kind>agent|queue) '(?P<name>[^']*)'$")
_STATUS = re.compile(r"the conversation is (?P<status>\w+)$")
_IN_LINE = {"held", "waiting", "offered"}
_INSTEAD = {
    "end": (_IN_LINE, "cancel takes it out of the line"),
    "cancel": ({"active", "snoozed"}, "end ends it"),
    "transfer": (_IN_LINE, "only what an agent has is passed on; assign gives it to one"),
}
"""By the last word of a path: in which statuses another call does what was meant."""


def with_mend(refused: Refused, router: Router, path: str) -> Refused:
    """The same refusal with what to do about it, where that is known.

    Args:
        refused: What the core or a read said.
        router: The tenant's core.
        path: Of the call, as OpenAPI has it.
    """
    told = refused.message.replace("this op was", "this Idempotency-Key was")
    refused.message = told + _mend(refused, router, path)
    return refused


def _mend(refused: Refused, router: Router, path: str) -> str:
    nobody = _NOBODY.search(refused.message)
    if refused.code is Refusal.NOT_FOUND and nobody is not None:
        return _near(router, nobody["kind"], nobody["name"])
    stands = _STATUS.search(refused.message)
    if refused.code is Refusal.INVALID_TRANSITION and stands is not None:
        statuses, instead = _INSTEAD.get(path.rpartition("/")[2], (set(), ""))
        return f"; {instead}" if stands["status"] in statuses else ""
    return ""


def _near(router: Router, kind: str, name: str) -> str:
    world = router.world
    if kind == "queue":
        return did_you_mean(name, world.queues)
    if name in world.directory:
        return ": listed in the policy, and has not signed in so far"
    return did_you_mean(name, [*world.people.agents, *world.directory])
