"""The keys that tokens are checked with: secrets, public keys, and key sets fetched by https.

Owns: turning a ``KeyEntry`` into keys with one algorithm each; when a key set is fetched again.
Does not know: tokens and claims (``router.server.auth``), clocks, and the event loop's business.

Invariants: a key has exactly one algorithm, from its entry or from its type, never from a token; a
key set is fetched in a worker thread, at most once per ``REFETCH_MS`` for unknown ids, and the
last good one serves for ``KEEP_MS``.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from router.errors import SettingsError
from router.server.settings import KeyEntry

__all__ = ["Fetch", "KeySet", "TokenKey", "fetch_https", "load_key", "read_set"]

CACHE_MS = 600_000
REFETCH_MS = 60_000
RETRY_MS = 10_000
KEEP_MS = 86_400_000
KEY_SET_BYTES_MAX = 65_536
KEY_SET_COUNT_MAX = 20
FETCH_TIMEOUT_S = 5.0
RSA_BITS_MIN = 2_048

Fetch = Callable[[str], bytes]
"""Gets the bytes behind an address; runs in a worker thread and may raise OSError."""

TokenKey = tuple[str, Key]
"""(algorithm, key)."""

_CURVES = {"EdDSA": "Ed25519", "ES256": "P-256"}


def load_key(entry: KeyEntry) -> TokenKey:
    """The key of an entry with a secret or a public key file.

    Raises:
        SettingsError: where the file is no public key, or not one for the entry's algorithm.
    """
    if entry.secret:
        return "HS256", OctKey.import_key(entry.secret.encode())
    file = entry.public_key_file
    try:
        key = _public_key(entry.alg, Path(file).read_bytes())
    except (OSError, ValueError, JoseError):
        # The cause may quote the file; the file may be a private key by mistake.
        sentence = f"{file} is no public key (PEM) for {entry.alg}"
        raise SettingsError(sentence, file=file, key="public_key_file") from None
    return entry.alg, key


_Kind = type[RSAKey | ECKey | OKPKey]


def _public_key(algorithm: str, content: bytes) -> Key:
    kinds: dict[str, _Kind] = {"RS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}
    key = _import(kinds[algorithm], content)
    if key.is_private or algorithm_of(key) != algorithm:
        raise ValueError(algorithm)
    return key


def _import(kind: _Kind, content: bytes | dict[str, Any]) -> Key:
    with warnings.catch_warnings():
        # Of short keys: ``algorithm_of`` refuses what the library only warns of.
        warnings.simplefilter("ignore", SecurityWarning)
        return kind.import_key(content)


def algorithm_of(key: Key) -> str:
    """The one algorithm that goes with a public key's type; empty where there is none here."""
    if isinstance(key, RSAKey):
        return "RS256" if key.raw_value.key_size >= RSA_BITS_MIN else ""
    if isinstance(key, OKPKey | ECKey):
        return next((name for name, curve in _CURVES.items() if key.curve_name == curve), "")
    return ""


class KeySet:
    """The keys behind one ``jwks_url``, kept and refreshed."""

    def __init__(self, entry: KeyEntry, fetch: Fetch) -> None:
        import trio  # whoever only signs does without

        self._entry = entry
        self._fetch = fetch
        self._keys: dict[str, TokenKey] = {}
        self._good_at_ms: int | None = None
        self._tried_at_ms: int | None = None
        self._one_at_a_time = trio.Lock()

    def find(self, kid: str, now_ms: int) -> TokenKey | None:
        """The key of this id, from what was fetched in the last ``KEEP_MS``."""
        if self._good_at_ms is None or now_ms - self._good_at_ms > KEEP_MS:
            return None
        return self._keys.get(kid)

    async def refresh(self, kid: str, now_ms: int) -> None:
        """Fetches the set if it is old or does not have ``kid``; a failure keeps the last one."""
        if not self._is_due(kid, now_ms):
            return
        if self._one_at_a_time.locked() and self.find(kid, now_ms):
            return  # somebody is fetching already, and what there is will do
        async with self._one_at_a_time:
            if self._is_due(kid, now_ms):
                self._tried_at_ms = now_ms
                await self._fetch_now(now_ms)

    def _is_due(self, kid: str, now_ms: int) -> bool:
        if self._tried_at_ms is not None:
            is_good = self._good_at_ms == self._tried_at_ms
            pause_ms = REFETCH_MS if is_good else RETRY_MS
            if now_ms - self._tried_at_ms < pause_ms:
                return False
        if self._good_at_ms is None or kid not in self._keys:
            return True
        return now_ms - self._good_at_ms >= CACHE_MS

    async def _fetch_now(self, now_ms: int) -> None:
        import trio

        url = self._entry.jwks_url
        try:
            content = await trio.to_thread.run_sync(self._fetch, url, abandon_on_cancel=True)
            keys = read_set(content, self._entry.alg)
        except (OSError, ValueError, RecursionError):
            return
        if keys:
            self._keys = keys
            self._good_at_ms = now_ms


def read_set(content: bytes, algorithm: str) -> dict[str, TokenKey]:
    """The signing keys of a set, by id; what is not understood is passed over.

    Raises:
        ValueError: where the content is no key set.
    """
    if len(content) > KEY_SET_BYTES_MAX:
        raise ValueError("the key set is too large")
    parsed = json.loads(content)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the key set has no keys")  # noqa: TRY004 - one error for bad content
    return dict(_usable(entries[:KEY_SET_COUNT_MAX], algorithm))


def _usable(entries: Iterable[Any], algorithm: str) -> Iterable[tuple[str, TokenKey]]:
    for entry in entries:
        kid = entry.get("kid") if isinstance(entry, dict) else None
        if isinstance(kid, str) and kid and entry.get("use", "sig") == "sig":
            key = _published(entry)
            fixed = algorithm_of(key) if key else ""
            if key and fixed and algorithm in ("", fixed) and entry.get("alg", fixed) == fixed:
                yield kid, (fixed, key)


def _published(entry: dict[str, Any]) -> Key | None:
    # "oct" is absent: a published key is no secret.
    kinds: dict[object, _Kind] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(str(entry.get("kty")))
    try:
        return _import(kind, entry) if kind else None
    except (ValueError, TypeError, KeyError, JoseError):
        return None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that moved is an error: the operator named where the keys are."""

    def redirect_request(self, *_: object) -> None:
        """Refuses to follow."""


def fetch_https(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """Gets at most ``KEY_SET_BYTES_MAX`` bytes by https; blocks, so call it in a thread.

    Raises:
        OSError: where the address cannot be reached or answers with an error.
    """
    if not url.startswith("https://"):
        raise OSError("key sets are fetched by https alone")
    handler = urllib.request.HTTPSHandler(context=context or ssl.create_default_context())
    opener = urllib.request.build_opener(handler, _NoRedirects)
    try:
        with opener.open(url, timeout=FETCH_TIMEOUT_S) as response:
            content: bytes = response.read(KEY_SET_BYTES_MAX + 1)
    except http.client.HTTPException as error:
        # No OSError: a port that is no number, an answer that is not HTTP. Its text quotes both.
        raise OSError(f"not HTTP: {type(error).__name__}") from None
    return content
