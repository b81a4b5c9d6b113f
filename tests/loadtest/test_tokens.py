"""Tokens as the server will read them, and keys from the places where they lie."""

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey

from loadtest.tokens import Key, KeyUnusableError, mint, read_key

SECRET = "an invented secret of more than 32 bytes"


def test_a_token_carries_the_claims_of_the_contract() -> None:
    text = mint(Key("k1", SECRET), tenant="bank", role="agent", subject="A01", skills={"PS": 100})
    token = jwt.decode(text, OctKey.import_key(SECRET), algorithms=["HS256"])

    assert token.header == {"typ": "JWT", "alg": "HS256", "kid": "k1"}
    issued, expires = token.claims.pop("iat"), token.claims.pop("exp")
    assert expires - issued == 3600
    assert token.claims == {
        "iss": "loadtest",
        "aud": "fairline",
        "sub": "A01",
        "tenant": "bank",
        "role": "agent",
        "skills": {"PS": 100},
    }


def test_a_token_of_another_key_is_no_good() -> None:
    text = mint(Key("k1", SECRET), tenant="bank", role="agent", subject="A01")

    with pytest.raises(BadSignatureError):
        jwt.decode(text, OctKey.import_key(SECRET[::-1]), algorithms=["HS256"])


def test_a_short_secret_is_refused_before_anybody_connects() -> None:
    with pytest.raises(KeyUnusableError, match="fewer than 32 bytes"):
        Key("k1", "short")


def test_a_key_does_not_show_its_secret() -> None:
    assert SECRET not in repr(Key("k1", SECRET))


def test_a_key_file_holds_the_secret_itself(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")

    assert read_key(path, tenant="bank", kid="k9") == Key("k9", SECRET)


def test_a_key_file_may_be_the_servers_configuration(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(
        f'[tenants.bank]\nkeys = [{{kid = "main", alg = "HS256", secret = "{SECRET}"}}]\n'
    )

    assert read_key(path, tenant="bank", kid="ignored") == Key("main", SECRET)
    with pytest.raises(KeyUnusableError, match="no HS256 secret for the tenant shop"):
        read_key(path, tenant="shop", kid="main")
