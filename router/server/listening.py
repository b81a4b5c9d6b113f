"""What the server listens on: addresses and certificates.

Owns: opening them, and the sentences for what goes wrong. Does not know: who comes in.
"""

import errno
import ssl
from collections.abc import Sequence

import trio

from router.errors import SettingsError
from router.server.settings import ServerSettings, address

__all__ = ["listen", "tls_context"]


async def listen(bind: str, key: str) -> Sequence[trio.SocketListener]:
    """Opens an address.

    Raises:
        SettingsError: It cannot be opened; says whose it is, and what would do instead.
    """
    host, port = address(bind)
    try:
        return await trio.open_tcp_listeners(port, host=host)  # as many in line as the kernel lets
    except OSError as error:
        causes = (error, error.__cause__, *getattr(error.__cause__, "exceptions", ()))
        numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if errno.EADDRINUSE in numbers:
        mend = "is taken by another process; end that one, or name another port"
    elif errno.EACCES in numbers:
        mend = "may not be opened by this user; name a port from 1024 on"
    else:
        mend = "is no address of this machine; 0.0.0.0 is all of them, 127.0.0.1 this machine alone"
    raise SettingsError(f"{bind} {mend}", key=key)


def tls_context(server: ServerSettings) -> ssl.SSLContext | None:
    """The certificate to serve with, or None for plain text.

    Raises:
        SettingsError: There is none in the files that are named.
    """
    if not server.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(server.tls_cert, server.tls_key)
    except OSError as error:  # ssl.SSLError is one
        sentence = f"{server.tls_cert} and {server.tls_key} are no certificate (PEM) with its key"
        raise SettingsError(f"{sentence}: {error.strerror}", key="server.tls_cert") from None
    return context
