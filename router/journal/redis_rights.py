"""What a user of Redis must be allowed to do, and which of it one is not.

Owns: the commands that Fairline uses, and the line for an ACL that allows them and nothing else.
Does not know: what any is for, who the user is.

Invariant (tests/journal/test_redis_rights.py): asking for what is missing changes nothing. Each
command is put in line behind a ``MULTI`` and discarded: rights are looked at there, and nothing is
carried out.
"""

from router.journal.redis_connect import Wire

__all__ = ["ACL", "COMMANDS", "missing"]

_KEY = "fairline:nowhere"
COMMANDS: dict[str, tuple[str, ...]] = {
    "ping": ("PING",),
    "info": ("INFO", "server"),
    "function|load": ("FUNCTION", "LOAD", "REPLACE", "x"),
    "fcall": ("FCALL", "fairline_append", "1", _KEY),
    "get": ("GET", _KEY),
    "set": ("SET", _KEY, "x"),
    "del": ("DEL", _KEY),
    "unlink": ("UNLINK", _KEY),
    "rename": ("RENAME", _KEY, _KEY),
    "exists": ("EXISTS", _KEY),
    "hget": ("HGET", _KEY, "x"),
    "hmget": ("HMGET", _KEY, "x"),
    "hgetall": ("HGETALL", _KEY),
    "hset": ("HSET", _KEY, "x", "y"),
    "hdel": ("HDEL", _KEY, "x"),
    "hincrby": ("HINCRBY", _KEY, "x", "1"),
    "hlen": ("HLEN", _KEY),
    "xadd": ("XADD", _KEY, "1-1", "x", "y"),
    "xrange": ("XRANGE", _KEY, "-", "+", "COUNT", "1"),
    "xrevrange": ("XREVRANGE", _KEY, "+", "-", "COUNT", "1"),
    "xlen": ("XLEN", _KEY),
    "xdel": ("XDEL", _KEY, "1-1"),
    "xtrim": ("XTRIM", _KEY, "MINID", "1-1"),
    "zadd": ("ZADD", _KEY, "1", "x"),
    "zrem": ("ZREM", _KEY, "x"),
    "zrange": ("ZRANGE", _KEY, "0", "0"),
    "zrevrange": ("ZREVRANGE", _KEY, "0", "0"),
    "wait": ("WAIT", "0", "1"),
}
"""By the name that an ACL has for it, a form of each."""

_AROUND = ("multi", "exec", "discard")
_LEFT_OUT = ("config|get", "client|setname", "role")
"""Allowed as well; one can do without."""

ACL = " ".join(["~fairline:*", *(f"+{name}" for name in (*COMMANDS, *_AROUND, *_LEFT_OUT))])
"""What follows ``ACL SETUSER NAME on >PASSWORD``."""


def missing(wire: Wire) -> list[str]:
    """The commands that the user of this connection may not use, as an ACL names them.

    Raises:
        redis.exceptions.RedisError: The server does not answer.
    """
    lacking = [name for name in ("multi", "discard") if not _may(wire, name.upper())]
    if lacking:
        return lacking  # without both, what is asked next would be done
    for name, words in COMMANDS.items():
        _may(wire, "MULTI")
        if not _may(wire, *words):
            lacking.append(name)
        _may(wire, "DISCARD")
    return [*lacking, *([] if _may(wire, "EXEC") else ["exec"])]


def _may(wire: Wire, *words: str) -> bool:
    """Whether the user may say this; another refusal of the server is none of the user's rights."""
    from redis.exceptions import NoPermissionError, ResponseError

    wire.send_command(*words)
    try:
        wire.read_response()
    except NoPermissionError:
        return False
    except ResponseError as error:
        return "NOPERM" not in str(error)  # of EXEC it stands within another one
    return True
