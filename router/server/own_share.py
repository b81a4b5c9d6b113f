"""The HTTP surface over what is the caller's own, an agent's share of the work above all.

Owns: the share's path, who may ask for it. Does not know: how a share is made up, what is kept.

Invariant (tests/server/test_own_share.py, tests/test_shares.py): an agent learns of nobody else's
figures but those of their equals together, without a name, and of none where they are too few.
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.errors import Refusal, Refused
from router.server.calls import Caller, Calls, json_response
from router.server.preference_calls import preference_routes
from router.server.preferences import Preferences
from router.shares import own_share

__all__ = ["OWN_SHARE", "own_routes"]

OWN_SHARE = "/v1/me/share"
AGENTS = frozenset({"agent"})


def own_routes(calls: Calls, preferences: Preferences) -> list[Route]:
    """The routes under ``/v1/me``, for the public port."""

    async def serve(_: Request, caller: Caller) -> Response:
        office = calls.office
        router, measures = office.routers[caller.tenant], office.measures(caller.tenant)
        found = own_share(router, measures, office.now_ms(), caller.actor.id)
        if found is None:
            raise Refused(Refusal.NOT_FOUND, "you are not signed in at a desktop")
        return json_response(found, headers={"cache-control": "no-store"})

    answer = partial(calls.answer, serve=serve, unknown="ask again", roles=AGENTS)
    return [Route(OWN_SHARE, answer), *preference_routes(calls, preferences)]
