"""One HTTP request to the server of some settings, for commands that must have it do something.

Owns: where that server is, whose token goes with it. Does not know: what is asked.
"""

import http.client
import ssl
from typing import NamedTuple

from router.errors import SettingsError
from router.server.auth import mint
from router.server.cli_lab import tenant_of
from router.server.clock import Clock
from router.server.settings import Settings, address

__all__ = ["Asked", "ask_server", "own_address"]

ANSWER_S = 10.0
TOKEN_TTL_S = 60


class Asked(NamedTuple):
    """What the server answered."""

    status: int
    text: str


def own_address(bind: str) -> tuple[str, int]:
    """Where a server of this machine that listens at ``bind`` can be reached."""
    host, port = address(bind)
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - as a key


def ask_server(
    settings: Settings, tenant: str, method: str, path: str, body: bytes | None = None
) -> Asked:
    """Asks as a service of the tenant, or of the only one.

    Raises:
        SettingsError: nobody answers there, or no key here can sign.
    """
    name = tenant_of(settings, tenant)
    entry = settings.tenants[name].signing_key
    if entry is None:
        raise SettingsError(
            f"no key here can sign; send {method} {path} with a service's token",
            key=f"tenants.{name}.keys",
        )
    now_ms = Clock().wall_ms()
    token = mint(
        entry, tenant=name, role="service", subject="fairline-cli", now_ms=now_ms, ttl_s=TOKEN_TTL_S
    )
    host, port = own_address(settings.server.bind)
    connection: http.client.HTTPConnection
    if settings.server.tls_cert:
        context = ssl.create_default_context(cafile=settings.server.tls_cert)
        context.check_hostname = False
        connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request(method, path, body, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return Asked(answer.status, answer.read().decode("utf-8", "replace"))
    except OSError as error:
        text = f"nobody answers at {host}:{port} ({error}); start the server first"
        raise SettingsError(text, key="server.bind") from None
    finally:
        connection.close()
