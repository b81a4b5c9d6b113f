"""Which certificates count for a command that asks a server by TLS.

Owns: the TLS context of whoever asks. Does not know: who is asked, or what.

Invariant (tests/server/test_trusting.py): ``server.tls_cert`` is all that is needed to trust the
server it is served by, whoever issued it; nothing else is trusted by it.
"""

import ssl
from pathlib import Path

from router.errors import SettingsError

__all__ = ["trusting"]


def trusting(ca_file: Path | None, *, checks_host: bool) -> ssl.SSLContext:
    """For asking by TLS: a certificate of the file counts by itself, without its issuer's too.

    ``server.tls_cert`` mostly ends with an intermediate one, whose root is nowhere in the file.

    Args:
        ca_file: Certificates (PEM) to trust; None for the system's.
        checks_host: Whether the certificate must name the host.

    Raises:
        SettingsError: the file cannot be read, or has no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise SettingsError("has no certificate (PEM) to trust", file=str(ca_file)) from None
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=str(ca_file)) from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # Python's own choice from 3.13 on
    context.check_hostname = checks_host
    return context
