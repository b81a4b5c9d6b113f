"""Where a Redis is, read from one address.

Owns: the forms an address may have, what is asked for in it, how it is shown.
Does not know: sockets, how anybody connects (``router.journal.redis_connect``).

    redis://[USER:PASSWORD@]HOST[:6379][/NUMBER]
    rediss://...                    the same over TLS; ?ca=FILE names who signed its certificate
    redis+sentinel://[USER:PASSWORD@]HOST[:26379][,HOST...]/SERVICE[/NUMBER]
    rediss+sentinel://...           the same over TLS, Sentinels and server

What asks the Sentinels stands in ``?sentinel_username=`` and ``?sentinel_password=`` where they ask
for any. USER and PASSWORD are percent-encoded where they have one of ``:/?#@%``.

Invariants (tests/journal/test_redis_address.py): what is shown of an address has no credentials,
nor has the sentence about a wrong one; what is shown, read again, is the same place.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

__all__ = ["PORT", "SCHEMES", "SENTINEL_PORT", "RedisAddress", "address_of"]

PORT = 6379
SENTINEL_PORT = 26379
SCHEMES = ("redis", "rediss", "redis+sentinel", "rediss+sentinel")
_CLUSTER = ("redis+cluster", "rediss+cluster")
_DATABASES_MAX = 65_535
_OPTIONS = ("ca", "sentinel_username", "sentinel_password")


class RedisAddress(NamedTuple):
    """One Redis, or the Sentinels that know which it is."""

    hosts: tuple[tuple[str, int], ...]
    """Names or addresses with their ports; several only of Sentinels."""
    service: str = ""
    """The name by which Sentinels know the server; empty where none is asked."""
    db: int = 0
    username: str = ""
    password: str = ""
    is_tls: bool = False
    ca: str = ""
    """The file with who signed the certificate; the system's own where empty."""
    sentinel_username: str = ""
    sentinel_password: str = ""

    @property
    def shown(self) -> str:
        """The address without names and passwords: for logs, errors and screens."""
        scheme = f"redis{'s' * self.is_tls}{'+sentinel' * bool(self.service)}"
        hosts = ",".join(_joined(*host) for host in self.hosts)
        service = f"/{quote(self.service, safe='')}" if self.service else ""
        return f"{scheme}://{hosts}{service}{f'/{self.db}' if self.db else ''}"

    def __repr__(self) -> str:
        return f"RedisAddress({self.shown!r})"


def address_of(url: str) -> RedisAddress:
    """Reads an address.

    Raises:
        ValueError: It is none; the sentence says what to write, without anything secret.
    """
    scheme, colon, rest = url.partition("://")
    if scheme in _CLUSTER:
        raise ValueError(
            "a cluster of Redis cannot keep the journal: its commands are one order; name one Redis"
            " (redis://), or Sentinels (redis+sentinel://)"
        )
    if not colon or scheme not in SCHEMES:
        raise ValueError(f"begin the address with one of {', '.join(SCHEMES)} and ://")
    is_sentinel = scheme.endswith("+sentinel")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        raise ValueError(
            "write [::1] for an address of IPv6, and nothing else in brackets"
        ) from None
    if parts.fragment:
        raise ValueError('write %23 for a "#" in a password')
    credentials, _, told = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    options = _options(parts.query)
    service, db = _place(parts.path, is_sentinel=is_sentinel)
    hosts = tuple(_host(one, SENTINEL_PORT if is_sentinel else PORT) for one in told.split(","))
    if len(hosts) > 1 and not is_sentinel:
        raise ValueError("name one host; several are for redis+sentinel://")
    return RedisAddress(
        hosts,
        service,
        db,
        unquote(username),
        unquote(password),
        is_tls=scheme.startswith("rediss"),
        **options,
    )


def _options(query: str) -> Mapping[str, str]:
    found = dict(parse_qsl(query, keep_blank_values=True))
    if not found.keys() <= set(_OPTIONS):
        # What stands there may be a piece of a password with a "?" in it: it is not repeated.
        raise ValueError(
            f'behind "?" there may be {", ".join(_OPTIONS)}; write %3F for one in a password'
        )
    return found


def _place(path: str, *, is_sentinel: bool) -> tuple[str, int]:
    """The name of the service and the number of the database, as a path has them."""
    words = [unquote(word) for word in path.strip("/").split("/") if word]
    service = words.pop(0) if is_sentinel and words else ""
    if is_sentinel and not service:
        raise ValueError(
            "name the service behind the Sentinels, for example redis+sentinel://host:26379/mymaster"
        )
    if len(words) > 1 or (words and not re.fullmatch(r"[0-9]{1,5}", words[0])):
        raise ValueError(
            "what follows the host is the number of a database, for example /0; write %2F for a"
            ' "/" in a password'
        )
    db = int(words[0]) if words else 0
    if db > _DATABASES_MAX:
        raise ValueError("no Redis has so many databases; leave the number out")
    return service, db


def _host(text: str, port: int) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?", text)
    if found is None:
        raise ValueError(
            "write HOST or HOST:PORT behind the scheme, and percent-encode a password (%40 is @)"
        )
    number = int(found[3]) if found[3] else port
    if not 0 < number < 65_536:
        raise ValueError("the port must be a number from 1 to 65535")
    return found[1] or found[2], number


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
