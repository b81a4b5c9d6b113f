"""One HTTP request to a server, for commands that must have it do or tell something.

Owns: where the server of some settings is, whose token goes with it. Does not know: what is asked.

Invariant (tests/server/test_asking_server.py): no token is in what is said of an error.
"""

import http.client
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from router.errors import SettingsError
from router.server.cli_lab import tenant_of
from router.server.clock import Clock
from router.server.settings import ServerSettings, Settings, address
from router.server.trusting import trusting

__all__ = [
    "Asked",
    "Server",
    "address_given",
    "ask",
    "ask_server",
    "own_address",
    "own_pages",
    "own_server",
    "token_given",
]

ANSWER_S = 10.0
TOKEN_TTL_S = 60
NO_TOKEN = "is no token: write one alone, on one line, without spaces"  # noqa: S105 - a sentence
TOKEN_VARIABLE = "FAIRLINE_TOKEN"  # noqa: S105 - a name


class Asked(NamedTuple):
    """What the server answered."""

    status: int
    text: str


def own_address(bind: str) -> tuple[str, int]:
    """Where a server of this machine that listens at ``bind`` can be reached."""
    host, port = address(bind)
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - as a key


class Server(NamedTuple):
    """Where a server is, and whose token goes with what it is asked."""

    url: str
    token: str
    ca_file: Path | None = None
    checks_host: bool = True


def ask_server(
    settings: Settings, tenant: str, method: str, path: str, body: bytes | None = None
) -> Asked:
    """Asks as a service of the tenant, or of the only one.

    Raises:
        SettingsError: nobody answers there, or no key here can sign.
    """
    mend = f"send {method} {path} with a service's token"
    return ask(own_server(settings, tenant, mend=mend), method, path, body)


def own_server(settings: Settings, tenant: str, *, mend: str, token: str = "") -> Server:
    """The server of these settings on this machine, with a token of a service of the tenant.

    Args:
        settings: Whose server.
        tenant: Whose service; not needed where there is one tenant.
        mend: What to do where no key here can sign.
        token: One that is there already.

    Raises:
        SettingsError: no key here can sign.
    """
    return _at(settings.server, token or _signed(settings, tenant, mend))


def _signed(settings: Settings, tenant: str, mend: str) -> str:
    name = tenant_of(settings, tenant)
    entry = settings.tenants[name].signing_key
    if entry is None:
        raise SettingsError(f"no key here can sign; {mend}", key=f"tenants.{name}.keys")
    from router.server.auth import mint  # who brings a token does without

    now_ms = Clock().wall_ms()
    return mint(
        entry, tenant=name, role="service", subject="fairline-cli", now_ms=now_ms, ttl_s=TOKEN_TTL_S
    )


def _at(server: ServerSettings, token: str) -> Server:
    url = _url(server, server.bind)
    if not server.tls_cert:
        return Server(url, token)
    return Server(url, token, Path(server.tls_cert), checks_host=False)


def own_pages(server: ServerSettings) -> Server:
    """Where the pages for operators are, which need no token."""
    return _at(server, "")._replace(url=_url(server, server.ops_bind or server.bind))


def _url(server: ServerSettings, bind: str) -> str:
    host, port = own_address(bind)
    scheme = "https" if server.tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def token_given(file: Path | None) -> str:
    """The token of a file, else that of the variable; empty where there is none.

    Raises:
        SettingsError: the file cannot be read, or it is no token.
    """
    if file is None:
        return _one_word(os.environ.get(TOKEN_VARIABLE, ""), key=TOKEN_VARIABLE)
    try:
        return _one_word(file.read_text(encoding="utf-8"), file=str(file))
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=str(file)) from None
    except UnicodeDecodeError:
        raise SettingsError(NO_TOKEN, file=str(file)) from None


def _one_word(text: str, *, file: str = "", key: str = "") -> str:
    """What may stand in a header: others would tell of the whole header, were it refused there.

    Raises:
        SettingsError: it may not.
    """
    word = text.strip()
    if " " in word or not (word.isascii() and word.isprintable()):
        raise SettingsError(NO_TOKEN, file=file, key=key)
    return word


def address_given(text: str, key: str) -> str:
    """An address of the command line.

    Raises:
        SettingsError: it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("write http://host:port or https://host", key=key)
    return text.rstrip("/")


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> Asked:
    """Sends one request.

    Raises:
        SettingsError: nobody answers there, or the certificates to trust cannot be read.
    """
    parts = urlsplit(server.url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = trusting(server.ca_file, checks_host=server.checks_host)
        connection = http.client.HTTPSConnection(
            host, parts.port or 443, timeout=ANSWER_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port or 80, timeout=ANSWER_S)
    headers = {"Authorization": f"Bearer {server.token}"}
    try:
        connection.request(method, f"{parts.path}{path}", body, headers=headers)
        answer = connection.getresponse()
        return Asked(answer.status, answer.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        text = f"nobody answers at {server.url} ({error}); start the server first"
        raise SettingsError(text, key="server.bind") from None
    finally:
        connection.close()
