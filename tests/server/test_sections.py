"""The sections of the settings."""

import msgspec
import pytest

from router.server.sections import KeyEntry, ServerSettings, Settings, Tenant

SECRET = "a secret that must not be seen anywhere"


def test_no_secret_is_in_any_repr() -> None:
    key = KeyEntry(kid="main", secret=SECRET)
    settings = Settings(
        server=ServerSettings(redis_url=f"redis://:{SECRET}@host"),
        tenants={"acme": Tenant(keys=(key,), identity_secret=SECRET)},
    )
    assert "main" in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("name", ["", "~doctor", "-a", "a b", "a" * 65])
def test_a_tenant_has_a_plain_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"tenants": {name: {}}}, Settings)


def test_a_secret_fixes_its_algorithm() -> None:
    assert KeyEntry(secret=SECRET).algorithm == "HS256"
    assert KeyEntry(public_key_file="x", alg="EdDSA").algorithm == "EdDSA"
    assert Tenant(keys=(KeyEntry(jwks_url="x"), KeyEntry(secret=SECRET))).signing_key == KeyEntry(
        secret=SECRET
    )
