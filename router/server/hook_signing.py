"""Signs what a webhook delivers, so that whoever gets it knows that it is ours and fresh.

Owns: the three headers, and what is signed. Does not know: what is delivered, or where.

Invariants (tests/server/test_hook_signing.py): the signature covers the id, the time and every byte
of the body; with two secrets a receiver that knows either is content.

The form is that of Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`),
for which receivers find libraries in most languages: HMAC-SHA256 over "id.timestamp.body", base64,
under the version "v1". A secret that begins with ``whsec_`` is base64; any other is taken as it is.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

__all__ = ["key_of", "signed_headers"]

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key's bytes.

    Raises:
        ValueError: it begins as one in base64 and is none.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ is not base64") from None


def signed_headers(id_: str, at_s: int, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """The headers that go with a body, signed by each key."""
    content = b".".join((id_.encode(), str(at_s).encode(), body))
    digests = (hmac.digest(key, content, hashlib.sha256) for key in keys)
    signatures = (f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(signatures),
    }
