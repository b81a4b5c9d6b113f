"""Anonymous customers, from a secret to a token."""

import stat
from pathlib import Path

import msgspec
import pytest

from router.server.auth import TokenRefused
from router.server.visitors import MintedVisitor, TooMany, Visitors, visitor_key
from tests.helpers.nodes import node_settings, token

NOW_MS = 1_700_000_000_000


def visitors(key: bytes = b"k" * 32) -> Visitors:
    return Visitors(node_settings(), key)


def mint(
    made: Visitors,
    secret: str | None = None,
    *,
    tenant: str = "acme",
    now_s: float = 0.0,
    address: str = "192.0.2.1",
) -> MintedVisitor:
    return made.mint(tenant, secret, address=address, now_ms=NOW_MS, now_s=now_s)


def test_a_token_names_an_unverified_customer_of_its_tenant() -> None:
    made = visitors()
    minted = mint(made)
    identity = made.verify(minted.token, NOW_MS)
    assert (identity.role, identity.subject, identity.tenant) == ("customer", minted.id, "acme")
    assert not identity.claims.verified
    assert identity.expires_at_ms - NOW_MS <= 3_600_000
    with pytest.raises(TokenRefused) as caught:
        made.verify(minted.token, NOW_MS + 3_700_000)
    assert caught.value.reason == "expired"


def test_the_same_secret_and_key_are_the_same_visitor_after_a_restart() -> None:
    first = mint(visitors())
    again = mint(visitors(), first.visitor)
    assert (again.id, again.visitor) == (first.id, first.visitor)
    assert first.visitor not in first.id
    assert first.id.removeprefix("visitor-") not in first.visitor


def test_another_key_or_tenant_makes_another_visitor() -> None:
    first = mint(visitors())
    assert mint(visitors(b"x" * 32), first.visitor).id != first.id
    other = mint(visitors(), first.visitor, tenant="browsers")
    assert (other.id != first.id, other.visitor != first.visitor) == (True, True)


def test_tokens_of_the_tenant_or_of_another_key_are_not_ours() -> None:
    made = visitors()
    for foreign in (token("customer", "visitor-1"), mint(visitors(b"x" * 32)).token, "a.b.c"):
        with pytest.raises(TokenRefused):
            made.verify(foreign, NOW_MS)


def test_one_address_makes_five_a_minute_and_fifty_a_day() -> None:
    made = visitors()
    for _ in range(5):
        mint(made, now_s=0.0)
    with pytest.raises(TooMany) as caught:
        mint(made, now_s=10.0)
    assert caught.value.retry_s == 50.0
    mint(made, now_s=10.0, address="192.0.2.2")
    for minute in range(1, 10):
        for _ in range(5):
            mint(made, now_s=60.0 * minute)
    with pytest.raises(TooMany) as caught:
        mint(made, now_s=10_000.0)
    assert caught.value.retry_s == 86_400.0 - 10_000.0
    mint(made, now_s=86_401.0)


def test_invented_secrets_count_as_new_visitors() -> None:
    made = visitors()
    known = mint(made).visitor
    forged = known[:-1] + ("0" if known[-1] != "0" else "1")
    for secret in (forged, "f" * 80, "", "é"):
        assert mint(made, secret).visitor != secret
    with pytest.raises(TooMany):
        mint(made, "x")
    assert mint(made, known).visitor == known


def test_a_tenant_may_have_no_visitors() -> None:
    settings = node_settings()
    closed = msgspec.structs.replace(settings.tenants["acme"], visitors=False)
    made = Visitors(msgspec.structs.replace(settings, tenants={"acme": closed}), b"k" * 32)
    assert not made.has("acme")
    assert visitors().has("acme")


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = visitor_key(folder)
    (file,) = folder.iterdir()
    assert visitor_key(folder) == key
    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert visitor_key(None) != visitor_key(None)
