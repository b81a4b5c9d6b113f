"""A secret that all nodes on one Redis share.

Owns: where it lies. Does not know: what is signed with it.

Invariant (tests/journal/test_redis_key.py): of several nodes that begin at once, all get the same.
"""

from contextlib import closing

from router.journal.redis_address import RedisAddress
from router.journal.redis_link import Link

__all__ = ["KEY", "shared_key"]

KEY = "fairline:visitors"


def shared_key(address: RedisAddress, own: bytes) -> bytes:
    """The secret in Redis; ``own`` becomes it where there is none.

    Raises:
        StorageError: Redis gives no answer, or refuses.
    """
    with closing(Link(address)) as link:
        (found,) = link.call(("GET", KEY))  # a full Redis would refuse SET even where it is there
        if found is None:
            _, found = link.call(("SET", KEY, own, "NX"), ("GET", KEY))
        return bytes(found)
