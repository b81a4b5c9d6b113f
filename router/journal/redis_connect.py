"""One connection to a Redis, made as everything here wants it.

Owns: time-outs, TLS, asking Sentinels for the primary, that redis-py itself tries nothing twice.
Does not know: what is said over it, threads, when to try again.

redis-py repeats commands whose answer it did not get, by default: a command that was carried out
would be carried out twice. Here every time-out is set and every retry is off; who lost an answer
decides what to do (tests/journal/test_redis_connect.py).
"""

import contextlib
from typing import Any, Protocol, cast

from router.errors import SettingsError
from router.journal.redis_address import RedisAddress

__all__ = ["TIMEOUT_S", "Wire", "connect", "need_redis"]

TIMEOUT_S = 1.0
"""For a connect, and for each read and write."""

_NAME = "fairline"
_MISSING = "redis-py is not installed: pip install 'fairline[redis]', or write journal = \"file\""


class Wire(Protocol):
    """What is used of redis-py's ``Connection``, with the types that it does not tell."""

    def connect(self) -> None:
        """Connects and signs in, unless that is done."""

    def can_read(self) -> bool:
        """Whether anything came that nobody waits for; raises where the other side is gone."""

    def disconnect(self) -> None:
        """Ends the connection, whatever is under way."""

    def send_command(self, *words: bytes | str | int) -> None:
        """Sends one command."""

    def send_packed_command(self, command: bytes | list[bytes]) -> None:
        """Sends what was packed already; several commands in one piece."""

    def read_response(self) -> Any:  # noqa: ANN401 - whatever the command answers
        """Reads one answer; raises those that are errors."""


def need_redis() -> None:
    """Sees to it that redis-py is there.

    Raises:
        SettingsError: It is not.
    """
    try:
        import redis.connection  # noqa: F401 - whether it can be loaded
    except ImportError as error:
        raise SettingsError(_MISSING, key="server.journal") from error


def connect(address: RedisAddress, *, timeout_s: float = TIMEOUT_S) -> Wire:
    """A connection to the server, or to the one that its Sentinels call primary; signed in.

    Blocks for some time-outs at most. Whoever has it closes it (``disconnect``).

    Raises:
        SettingsError: redis-py is missing.
        redis.exceptions.RedisError: Nobody answers, or not as wanted.
        OSError: The file of ``?ca=`` cannot be read.
    """
    need_redis()
    host, port = _primary(address, timeout_s) if address.service else address.hosts[0]
    connection = _connection(
        address, host, port, address.username, address.password, timeout_s, db=address.db
    )
    connection.connect()
    _introduce(connection)
    if address.service and _asked(connection, "ROLE")[0] != b"master":
        connection.disconnect()
        from redis.exceptions import ConnectionError as NoConnection

        raise NoConnection(f"{host}:{port} is no primary any more")
    return connection


def _primary(address: RedisAddress, timeout_s: float) -> tuple[str, int]:
    """Asks one Sentinel after another."""
    from redis.exceptions import ConnectionError as NoConnection
    from redis.exceptions import RedisError

    said = []
    for host, port in address.hosts:
        sentinel = _connection(
            address, host, port, address.sentinel_username, address.sentinel_password, timeout_s
        )
        try:
            sentinel.connect()
            found = _asked(sentinel, "SENTINEL", "get-master-addr-by-name", address.service)
        except RedisError as error:
            said.append(f"{host}:{port}: {error}")
            continue
        finally:
            sentinel.disconnect()
        if found:
            return found[0].decode(), int(found[1])
        said.append(f"{host}:{port} knows no {address.service!r}")
    raise NoConnection(f"no Sentinel names a primary ({'; '.join(said)})")


def _connection(
    address: RedisAddress,
    host: str,
    port: int,
    username: str,
    password: str,
    timeout_s: float,
    *,
    db: int = 0,
) -> Wire:
    from redis.backoff import NoBackoff
    from redis.connection import Connection, SSLConnection
    from redis.retry import Retry

    kind = SSLConnection if address.is_tls else Connection
    tls: dict[str, Any] = {"ssl_ca_certs": address.ca} if address.is_tls and address.ca else {}
    made = kind(
        host=host,
        port=port,
        db=db,
        username=username or None,
        password=password or None,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        protocol=2,
        driver_info=None,
        **tls,
    )
    return cast("Wire", made)


def _introduce(connection: Wire) -> None:
    """Says the name that ``CLIENT LIST`` shows; whoever may not goes without."""
    from redis.exceptions import ResponseError

    with contextlib.suppress(ResponseError):
        _asked(connection, "CLIENT", "SETNAME", _NAME)


def _asked(connection: Wire, *words: str) -> list[bytes]:
    connection.send_command(*words)
    answer: list[bytes] = connection.read_response()
    return answer
