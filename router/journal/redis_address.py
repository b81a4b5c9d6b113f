"""Where Redis is, as an operator writes it.

Owns: the forms of the address, what is refused in one, the form that may be shown.
Does not know: connections.
Invariant: no error and no shown form holds a password or a user's name.

    redis://[[user]:password@]host[:port][/db]          one Redis or Valkey
    rediss://...                                        the same over TLS
    redis+sentinel://[[user]:password@]host[:port],host[:port]/service[/db]
                                                        whichever the Sentinels say is the primary

Behind ``?`` stand options by name and value: for TLS ``ssl_ca_certs``, ``ssl_certfile``,
``ssl_keyfile`` and ``ssl_check_hostname``; for Sentinels ``sentinel_username`` and
``sentinel_password``.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["Address", "parse_address"]

PORT = 6379
SENTINEL_PORT = 26379

_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
_SENTINEL = ("sentinel_username", "sentinel_password")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "redis": (),
    "rediss": _TLS,
    "redis+sentinel": _SENTINEL,
}


class Address(NamedTuple):
    """Where Redis is, and how to come in."""

    hosts: tuple[tuple[str, int], ...]
    """Of Redis, or of its Sentinels."""
    service: str = ""
    """What the Sentinels call it; empty where there are none."""
    db: int = 0
    username: str = ""
    password: str = ""
    is_tls: bool = False
    options: Mapping[str, str] = {}

    @property
    def shown(self) -> str:
        """For the log and for people: without user, password and options."""
        scheme = "redis+sentinel" if self.service else "rediss" if self.is_tls else "redis"
        hosts = ",".join(_spelt(host, port) for host, port in self.hosts)
        service = f"/{self.service}" if self.service else ""
        return f"{scheme}://{hosts}{service}/{self.db}"

    def __repr__(self) -> str:
        return f"Address({self.shown})"


def parse_address(url: str) -> Address:
    """Read an address.

    Raises:
        ValueError: it is none, or of a kind that is not served; the sentence says what to write.
    """
    scheme, mark, rest = url.partition("://")
    if scheme == "redis+cluster":
        raise ValueError(
            "a Redis cluster is not served: name one Redis (redis://host:6379/0) or its Sentinels"
            " (redis+sentinel://host:26379/service/0)"
        )
    if not mark or scheme not in _OPTIONS:
        raise ValueError(f"begin the address with one of {', '.join(_OPTIONS)} and ://")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        raise ValueError("the brackets of the host's address are not closed") from None
    who, _, where = parts.netloc.rpartition("@")
    username, _, password = who.partition(":")
    is_sentinel = scheme == "redis+sentinel"
    path = [unquote(part) for part in parts.path.split("/")[1:]] or [""]
    service = path.pop(0) if is_sentinel else ""
    if is_sentinel and not service:
        raise ValueError(
            "name the service behind the Sentinels: redis+sentinel://host:26379/service/0"
        )
    return Address(
        hosts=_hosts(where, SENTINEL_PORT if is_sentinel else PORT, is_sentinel=is_sentinel),
        service=service,
        db=_db(path),
        username=unquote(username),
        password=unquote(password),
        is_tls=scheme == "rediss",
        options=_options(scheme, parts.query),
    )


def _hosts(where: str, port: int, *, is_sentinel: bool) -> tuple[tuple[str, int], ...]:
    hosts = []
    for each in where.split(","):
        try:
            one = urlsplit(f"//{each}")
            host, known_port = one.hostname, one.port
        except ValueError:
            raise ValueError("a port is a number from 1 to 65535, behind host and :") from None
        if not host:
            raise ValueError("name a host: redis://host:6379/0")
        hosts.append((host, known_port or port))
    if len(hosts) > 1 and not is_sentinel:
        raise ValueError("name one host; several are for redis+sentinel:// only")
    return tuple(hosts)


def _db(path: list[str]) -> int:
    text = path[0] if path else ""
    if len(path) > 1 or not (text == "" or (text.isdecimal() and text.isascii())):
        raise ValueError("behind host and port stands a database's number, or nothing")
    return int(text or 0)


def _options(scheme: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = _OPTIONS[scheme]
    unknown = sorted(set(options) - set(known))
    if unknown:
        there = f"those of {scheme} are {', '.join(known)}" if known else f"{scheme} has none"
        raise ValueError(f"{unknown[0][:40]!r} is no option of the address; {there}")
    return options


def _spelt(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
