"""What the server listens on.

Owns: opening addresses, and the sentences for what goes wrong. Does not know: who comes in.
"""

import errno
from collections.abc import Sequence

import trio

from router.errors import SettingsError
from router.server.settings import address

__all__ = ["listen"]


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
