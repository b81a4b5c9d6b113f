"""Which pages may open a socket: the origin a browser names, against what tenants allow.

Owns: the comparison, exact and without wildcards but ``*`` for development.
Does not know: sockets, tokens, where the lists come from.

Invariants (tests/server/test_origins.py): an origin is compared whole, never by its end or its
beginning; ``null`` is nobody's; who names none is no browser.

An origin proves nothing about programs that are not browsers; it keeps other sites' pages from
using a visitor's browser, and never stands in for a token.
"""

from collections.abc import Iterable

__all__ = ["is_allowed", "is_own"]


def is_own(origin: str, host: str) -> bool:
    """Whether the page came from this server, as the request's own ``Host`` names it.

    The scheme may be either, for TLS may end at a proxy.
    """
    return any(
        _plain(origin) == f"{scheme}://{_without_port(host.lower(), port)}"
        for scheme, port in (("http", ":80"), ("https", ":443"))
    )


def is_allowed(origin: str, allowed: Iterable[str]) -> bool:
    """Whether one of a tenant's lists names the origin."""
    plain = _plain(origin)
    return plain != "null" and any(entry == "*" or _plain(entry) == plain for entry in allowed)


def _plain(origin: str) -> str:
    """An origin as browsers write it: lower case, without the scheme's own port."""
    origin = origin.lower()
    port = {"http": ":80", "https": ":443"}.get(origin.partition("://")[0], ":")
    return _without_port(origin, port)


def _without_port(text: str, port: str) -> str:
    return text.removesuffix(port)
