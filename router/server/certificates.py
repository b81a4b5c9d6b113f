"""The certificate that is served, and how it is changed while people are connected.

Owns: reading and checking the pair of files, the TLS context made of them, when it ends.
Does not know: when to read them again, who connects.

Invariants (tests/server/test_certificates.py): who connects gets the newest pair that was right as
a whole; a pair that is not changes nothing; who is connected stays so; a stop waits for no file.

A renewed pair gets a context of its own. Loading into the one in use would leave it with a new
certificate and the old key where the second file is wrong.
"""

import hashlib
import ssl
import time
from pathlib import Path
from typing import NamedTuple

import structlog
import trio
from cryptography import x509

from router.errors import SettingsError
from router.server.sections import ServerSettings

__all__ = ["Certificate", "TlsListener", "certificate_of", "renewed"]

_LOG = structlog.get_logger("fairline.app")


class _Pair(NamedTuple):
    context: ssl.SSLContext
    expires_s: float
    digest: bytes


class Certificate:
    """The pair of ``server.tls_cert`` and ``server.tls_key``; reads files, so it blocks.

    Raises:
        SettingsError: The files are no such pair.
    """

    def __init__(self, server: ServerSettings) -> None:
        self.path = server.tls_cert
        self._key_path = server.tls_key
        self._pair = self._read()

    @property
    def context(self) -> ssl.SSLContext:
        """For connections that come now."""
        return self._pair.context

    @property
    def expires_s(self) -> float:
        """When the one that is served ends, in seconds since 1970."""
        return self._pair.expires_s

    def renew(self) -> bool:
        """Reads the files again; whether they have another pair, which is served from now on.

        Raises:
            SettingsError: They have no pair; the one that is served stays.
        """
        pair = self._read()
        is_new = pair.digest != self._pair.digest
        if is_new:
            self._pair = pair
        return is_new

    def _read(self) -> _Pair:
        digest, expires_s = self._look()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # Without a password at hand OpenSSL would ask the terminal for one.
            context.load_cert_chain(self.path, self._key_path, password=lambda: b"")
        except OSError as error:  # ssl.SSLError is one
            raise self._wrong(error) from None
        if self._look()[0] != digest:
            sentence = f"{self.path} and {self._key_path} changed while they were read; try again"
            raise SettingsError(sentence, key="server.tls_cert")
        return _Pair(context, expires_s, digest)

    def _look(self) -> tuple[bytes, float]:
        """What tells this pair from others, and when the certificate ends."""
        cert, key = _bytes_of(self.path, "tls_cert"), _bytes_of(self._key_path, "tls_key")
        if b"ENCRYPTED" in key:
            sentence = f"{self._key_path} is encrypted; write the key without a passphrase"
            raise SettingsError(f"{sentence} (openssl pkey)", key="server.tls_key")
        try:
            leaf = x509.load_pem_x509_certificate(cert)
        except ValueError:
            raise self._wrong(None) from None
        digest = hashlib.sha256(hashlib.sha256(cert).digest() + key).digest()
        return digest, leaf.not_valid_after_utc.timestamp()

    def _wrong(self, error: OSError | None) -> SettingsError:
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            sentence = f"{self._key_path} is the key of another certificate than {self.path}"
            return SettingsError(sentence, key="server.tls_key")
        sentence = f"{self.path} and {self._key_path} are no certificate (PEM) with its key"
        why = f": {error.strerror}" if error is not None and error.strerror else ""
        return SettingsError(sentence + why, key="server.tls_cert")


def _bytes_of(path: str, key: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}", key=f"server.{key}") from None


def certificate_of(server: ServerSettings) -> Certificate | None:
    """The certificate to serve with, or None for plain text.

    Raises:
        SettingsError: There is none in the files that are named.
    """
    return Certificate(server) if server.tls_cert else None


async def renewed(certificate: Certificate | None) -> bool:
    """Serves what the files have now; False where they are wrong, and the log says how."""
    if certificate is None:
        return True
    try:
        # A file of a network that hangs must hold up no drain.
        is_new = await trio.to_thread.run_sync(certificate.renew, abandon_on_cancel=True)
    except SettingsError as error:
        _LOG.error("certificate.refused", key=error.key, error=str(error))
        return False
    if is_new:
        left_s = int(certificate.expires_s - time.time())
        _LOG.info("certificate.renewed", path=certificate.path, left_s=left_s)
    return True


class TlsListener(trio.abc.Listener[trio.SSLStream[trio.SocketStream]]):
    """Like ``trio.SSLListener``, with the certificate of the moment for each who connects."""

    def __init__(self, listener: trio.SocketListener, certificate: Certificate) -> None:
        self._listener = listener
        self._certificate = certificate

    async def accept(self) -> trio.SSLStream[trio.SocketStream]:
        """See ``trio.abc.Listener``; the handshake comes with the first bytes."""
        stream = await self._listener.accept()
        context = self._certificate.context
        return trio.SSLStream(stream, context, server_side=True, https_compatible=True)

    async def aclose(self) -> None:
        """See ``trio.abc.Listener``."""
        await self._listener.aclose()
