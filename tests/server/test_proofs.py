"""Proofs of who a customer is, by HMAC."""

import hashlib
import hmac

import msgspec
import pytest

from router.server.auth import TokenRefused
from router.server.proofs import ProofRefused, Proofs
from tests.helpers.nodes import node_settings, token

NOW_MS = 1_700_000_000_000
SECRET = "s" * 32
BEFORE = "b" * 32


def proofs(**tenant: object) -> Proofs:
    settings = node_settings()
    facts = {"identity_secret": SECRET, **tenant}
    acme = msgspec.structs.replace(settings.tenants["acme"], **facts)
    return Proofs(
        msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme}), b"k" * 32
    )


def proof(customer: str, secret: str = SECRET) -> str:
    """As every language's library makes it."""
    return hmac.new(secret.encode(), customer.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("customer", ["c-17", "17", "zoë@shop.example", "a.b"])
def test_a_proof_makes_a_token_of_a_verified_customer_who_brings_nothing_else(
    customer: str,
) -> None:
    made = proofs(token_ttl_max_s=600)
    minted = made.mint("acme", customer, proof(customer).upper(), NOW_MS)
    identity = made.verify(minted.token, NOW_MS)
    assert (identity.role, identity.subject, identity.tenant) == ("customer", customer, "acme")
    assert (minted.id, minted.expires_ms) == (customer, 600_000)
    assert identity.claims.verified
    assert (identity.claims.klass, identity.claims.name, identity.claims.attributes) == ("", "", {})
    with pytest.raises(TokenRefused) as caught:
        made.verify(minted.token, NOW_MS + 600_000)
    assert caught.value.reason == "expired"


@pytest.mark.parametrize(
    ("customer", "given", "mend"),
    [
        ("c-18", proof("c-17"), "exactly this id"),
        ("c-17 ", proof("c-17"), "exactly this id"),
        ("c-17", proof("c-17", "x" * 32), "identity_secret of \\[tenants.acme\\]"),
        ("c-17", proof("c-17", ""), "exactly this id"),
        ("c-17", "0" * 64, "exactly this id"),
        ("visitor-1", proof("visitor-1"), "anonymous"),
    ],
)
def test_whatever_is_wrong_is_refused_with_its_mend(customer: str, given: str, mend: str) -> None:
    with pytest.raises(ProofRefused, match=mend) as caught:
        proofs().mint("acme", customer, given, NOW_MS)
    assert SECRET not in str(caught.value)


def test_a_tenant_without_the_secret_takes_no_proof() -> None:
    with pytest.raises(ProofRefused, match="has no identity_secret"):
        proofs().mint("browsers", "c-17", proof("c-17"), NOW_MS)


def test_the_secret_before_counts_while_it_is_there() -> None:
    old = proof("c-17", BEFORE)
    assert proofs(identity_secret_before=BEFORE).mint("acme", "c-17", old, NOW_MS).id == "c-17"
    with pytest.raises(ProofRefused):
        proofs().mint("acme", "c-17", old, NOW_MS)


def test_tokens_of_others_are_not_ours() -> None:
    with pytest.raises(TokenRefused):
        proofs().verify(token("customer", "c-17"), NOW_MS)
