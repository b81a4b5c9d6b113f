"""The ``ETag`` of a policy in force, and what an ``If-Match`` asks for.

Owns: the form of the tag. Does not know: requests, or how a policy is put in force.

Invariant (tests/server/test_policy_tags.py): two policies that were in force one after the other
have different tags, equal ones too; a restart changes no tag.

The tag names the position at which the policy was set, so the core itself can refuse to put one
over another than was read, whoever set that and by whatever way (``SetPolicy.over``).
"""

import zlib

import msgspec

from router.core import Router
from router.errors import Refusal, Refused
from router.policy import Policy

__all__ = ["place_of", "policy_tag"]


def policy_tag(router: Router, of: Policy | None = None) -> dict[str, str]:
    """The header with the tag of the policy in force; without one where that is not ``of``."""
    if of is not None and of != router.policy:
        return {}
    return {"etag": f'"{_tag(router)}"'}


def place_of(if_match: str, router: Router) -> int:
    """The position of the policy that a request wants to change; 0 where any will do.

    Raises:
        Refused: CONFLICT, it is in force no more.
    """
    if if_match.strip() in ("", "*"):
        return 0
    wanted = [one.strip().removeprefix("W/").strip('"') for one in if_match.split(",")]
    if _tag(router) not in wanted:
        raise Refused(
            Refusal.CONFLICT, "another policy was put in force meanwhile; read it and change that"
        )
    return router.world.policy_at


def _tag(router: Router) -> str:
    content = zlib.crc32(msgspec.json.encode(router.policy))
    return f"{router.world.policy_at}-{content:08x}"
