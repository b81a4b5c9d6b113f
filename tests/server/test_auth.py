import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey

from router.commands import Claims
from router.errors import Refusal, SettingsError
from router.server.auth import (
    LEEWAY_S,
    TOKEN_BYTES_MAX,
    Authenticator,
    Identity,
    TokenRefused,
    mint,
)
from router.server.settings import KeyEntry, Settings, SettingsErrors, Tenant

NOW_MS = 1_700_000_000_000
NOW_S = NOW_MS // 1_000
SECRET = "0123456789-0123456789-0123456789"
MAIN = KeyEntry(kid="main", alg="HS256", secret=SECRET)
OTHER = KeyEntry(kid="main", alg="HS256", secret=SECRET[::-1])
TENANT = Tenant(keys=(MAIN, KeyEntry(kid="next", secret=SECRET + "!")))
AUTHENTICATOR = Authenticator(
    Settings(tenants={"acme": TENANT, "other": Tenant(keys=(OTHER,))}), fetch=lambda _: b""
)
CLAIMS: dict[str, Any] = {
    "iss": "https://shop.example",
    "aud": "fairline",
    "exp": NOW_S + 600,
    "iat": NOW_S,
    "sub": "ada",
    "tenant": "acme",
    "role": "agent",
}


def _part(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _sign(payload: object, header: object = None, secret: str = SECRET) -> str:
    """A token made by hand, so that it may be wrong in any way."""
    head = _part({"alg": "HS256", "kid": "main"} if header is None else header)
    signed = f"{head}.{_part(payload)}"
    return f"{signed}.{_part(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _with(**changes: object) -> str:
    claims = {**CLAIMS, **changes}
    return _sign({key: value for key, value in claims.items() if value is not ...})


def _refused(token: str, now_ms: int = NOW_MS) -> TokenRefused:
    with pytest.raises(TokenRefused) as refused:
        AUTHENTICATOR.verify(token, now_ms)
    return refused.value


def test_a_minted_token_comes_back_as_the_identity_it_was_made_for() -> None:
    token = mint(
        MAIN,
        tenant="acme",
        role="agent",
        subject="ada",
        now_ms=NOW_MS,
        ttl_s=600,
        claims={"name": "Ada", "skills": {"billing": 80}, "languages": {"en": 100}},
    )
    assert AUTHENTICATOR.verify(token, NOW_MS) == Identity(
        subject="ada",
        role="agent",
        tenant="acme",
        claims=Claims(name="Ada", skills={"billing": 80}, languages={"en": 100}),
        issued_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + 600_000,
    )


def test_claims_count_for_the_role_that_may_carry_them() -> None:
    everything = {
        "name": "Ada", "skills": {"a": 1}, "languages": {"fr": 60}, "teams": ["emea"],
        "brands": ["pro"], "license": "L-1", "class": "gold", "verified": True,
        "attributes": {"page": "/cart", "items": 2, "vip": True},
    }  # fmt: skip
    found = {
        role: AUTHENTICATOR.verify(_with(**everything, role=role), NOW_MS).claims
        for role in ("agent", "supervisor", "customer", "service")
    }
    assert found == {
        "agent": Claims(
            name="Ada", skills={"a": 1}, languages={"fr": 60}, teams=("emea",), brands=("pro",),
            license="L-1",
        ),
        "supervisor": Claims(name="Ada", teams=("emea",)),
        "customer": Claims(
            name="Ada", languages={"fr": 60}, klass="gold", verified=True,
            attributes={"page": "/cart", "items": "2", "vip": "true"},
        ),
        "service": Claims(name="Ada"),
    }  # fmt: skip


def test_a_customer_s_bare_languages_keep_their_order_of_wish() -> None:
    claims = AUTHENTICATOR.verify(_with(role="customer", languages=["fr", "en"]), NOW_MS).claims
    assert list((claims.languages or {}).items()) == [("fr", 1), ("en", 1)]


def test_both_keys_of_a_rotation_count_and_a_sole_key_needs_no_id() -> None:
    header = {"alg": "HS256", "kid": "next"}
    assert AUTHENTICATOR.verify(_sign(CLAIMS, header, SECRET + "!"), NOW_MS).subject == "ada"
    elsewhere = {**CLAIMS, "tenant": "other"}
    without_id = _sign(elsewhere, {"alg": "HS256"}, SECRET[::-1])
    assert AUTHENTICATOR.verify(without_id, NOW_MS).tenant == "other"
    assert _refused(_sign(CLAIMS, {"alg": "HS256"})).reason == "invalid"


def test_a_key_of_one_tenant_signs_for_no_other() -> None:
    assert _refused(_with(tenant="other")).code is Refusal.UNAUTHORIZED
    assert _refused(_with(tenant="nobody")).code is Refusal.UNAUTHORIZED


def test_only_an_expired_token_is_called_expired() -> None:
    token = _with(exp=NOW_S + 10)
    assert AUTHENTICATOR.verify(token, NOW_MS + 9_999).subject == "ada"
    late = _refused(token, NOW_MS + 10_000)
    assert (late.reason, late.code) == ("expired", Refusal.TOKEN_EXPIRED)
    forged = _sign({**CLAIMS, "exp": NOW_S - 1}, secret="x" * 32)
    assert (_refused(forged).reason, _refused(forged).code) == ("invalid", Refusal.UNAUTHORIZED)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW_S + 3_601},
        {"exp": NOW_S + 100 * 365 * 86_400},
        {"exp": 10**400},
        {"exp": 1e400},
        {"exp": str(NOW_S + 60)},
        {"exp": True},
        {"exp": float(NOW_S + 60)},
        {"exp": -1},
        {"exp": None},
        {"exp": NOW_S, "iat": NOW_S},
        {"exp": NOW_S + 60, "iat": NOW_S + 61},
        {"iat": NOW_S + LEEWAY_S + 1, "exp": NOW_S + 60},
        {"iat": str(NOW_S)},
        {"iat": False},
        {"nbf": NOW_S + LEEWAY_S + 1},
    ],
)
def test_times_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    refused = _refused(_with(**changes))
    assert (refused.reason, refused.code) == ("invalid", Refusal.UNAUTHORIZED)


def test_a_clock_that_is_a_little_ahead_is_forgiven() -> None:
    token = _with(iat=NOW_S + LEEWAY_S, exp=NOW_S + LEEWAY_S + 3_600)
    assert AUTHENTICATOR.verify(token, NOW_MS).expires_at_ms == (NOW_S + LEEWAY_S + 3_600) * 1_000


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_every_required_claim_is_missed(claim: str) -> None:
    assert _refused(_with(**{claim: ...})).reason == "invalid"
    wrongs: tuple[object, ...] = (None, 7, [], {}, True, "")
    for wrong in wrongs:
        assert _refused(_with(**{claim: wrong})).reason == "invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "fairlines"},
        {"aud": ["other"]},
        {"aud": []},
        {"role": "admin"},
        {"role": "Agent"},
        {"sub": "x" * 129},
        {"sub": "a\nb"},
        {"sub": "a\u202eb"},
        {"name": "x" * 201},
        {"name": "Ada\u0000"},
        {"name": "\u2067Ada"},
        {"skills": {"billing": 101}},
        {"skills": {"billing": True}},
        {"skills": {"billing\u001b": 1}},
        {"skills": ["billing"]},
        {"languages": {"english please": 1}},
        {"languages": {"en": -1}},
        {"teams": "emea"},
        {"teams": [1]},
        {"attributes": {"page": ["x"]}},
        {"attributes": {"n": 10**400}},
        {"attributes": {"page": "x" * 501}},
        {"verified": "true"},
        {"class": 7},
    ],
)
def test_a_claim_of_the_wrong_kind_is_refused(changes: dict[str, object]) -> None:
    assert _refused(_with(**changes)).reason == "invalid"


def test_a_list_of_audiences_may_hold_ours_and_names_may_be_in_any_script() -> None:
    token = _with(aud=["other", "fairline"], name="نور\u200c علی", sub="ü@shop.example")
    assert AUTHENTICATOR.verify(token, NOW_MS).claims.name == "نور\u200c علی"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "main"},
        {"alg": "None", "kid": "main"},
        {"alg": "HS512", "kid": "main"},
        {"alg": "EdDSA", "kid": "main"},
        {"alg": "HS256", "kid": "main", "crit": ["exp"], "exp": 1},
        {"alg": "HS256", "kid": "main", "crit": []},
        {"alg": "HS256", "kid": "main", "jwk": {"kty": "oct", "k": "AAAA"}},
        {"alg": "HS256", "kid": "main", "jku": "https://evil.example/jwks"},
        {"alg": "HS256", "kid": "main", "x5u": "https://evil.example/x"},
        {"alg": "HS256", "kid": "main", "b64": False},
        {"alg": "HS256", "kid": "../main"},
        {"alg": "HS256", "kid": ["main"]},
        {"alg": ["HS256"], "kid": "main"},
        {"kid": "main"},
        [],
        "alg",
        7,
        None,
    ],
)
def test_a_header_says_algorithm_and_key_and_nothing_that_chooses_another(header: object) -> None:
    token = _sign(CLAIMS, header if header is not None else b"null")
    assert _refused(token).reason == "invalid"


def test_an_unsigned_token_is_refused() -> None:
    for header in ({"alg": "none"}, {"alg": "HS256", "kid": "main"}):
        assert _refused(f"{_part(header)}.{_part(CLAIMS)}.").reason == "invalid"
        assert _refused(f"{_part(header)}.{_part(CLAIMS)}").reason == "invalid"
        assert _refused(f"{_part(header)}.{_part(CLAIMS)}.AAAA").reason == "invalid"


def test_a_public_key_is_never_a_secret(tmp_path: Any) -> None:  # noqa: ANN401
    """The classic confusion: sign with HS256, the published key as the secret."""
    for algorithm, key in (
        ("RS256", RSAKey.generate_key(2048)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
    ):
        file = tmp_path / algorithm
        file.write_bytes(key.as_pem(private=False))
        entry = KeyEntry(kid="main", alg=algorithm, public_key_file=str(file))  # type: ignore[arg-type]
        authenticator = Authenticator(Settings(tenants={"acme": Tenant(keys=(entry,))}))
        confused = _sign(CLAIMS, secret=file.read_text())
        with pytest.raises(TokenRefused, match="another algorithm"):
            authenticator.verify(confused, NOW_MS)
        right = jws.serialize_compact(
            {"alg": "Ed25519" if algorithm == "EdDSA" else algorithm, "kid": "main"},
            json.dumps(CLAIMS),
            key,
            algorithms=["Ed25519", "RS256"],
        )
        head, payload, signature = right.split(".")
        if algorithm == "EdDSA":  # the same signature under the other name is another text
            with pytest.raises(TokenRefused):
                authenticator.verify(right, NOW_MS)
        else:
            assert authenticator.verify(right, NOW_MS).subject == "ada"
            with pytest.raises(TokenRefused, match="signature"):
                authenticator.verify(
                    f"{head}.{_part({**CLAIMS, 'sub': 'eve'})}.{signature}", NOW_MS
                )
        assert payload == _part(CLAIMS)


def test_a_token_beyond_4_kib_or_beyond_ascii_is_refused_before_it_is_read() -> None:
    assert "longer" in str(_refused(_with(padding="x" * TOKEN_BYTES_MAX)))
    assert "longer" in str(_refused("x" * 1_000_000))
    for text in ("", ".", "..", "a.b", "a.b.c.d", "a.b.c\n", "é.b.c", "a b.c.d", "\ud800.a.a"):
        assert _refused(text).reason == "invalid"


def test_brackets_without_end_are_refused_and_not_recursed() -> None:
    for depth in (500, 2_000, 2_900):
        assert _refused(f"{_part({'alg': 'HS256'})}.{_part(b'[' * depth)}.AAAA").reason == "invalid"
        assert _refused(f"{_part(b'[' * depth)}.{_part(CLAIMS)}.AAAA").reason == "invalid"


def test_no_error_quotes_the_token_or_a_claim() -> None:
    for token in (_with(sub="hunter2\n"), _with(role="hunter2"), _sign({"tenant": "hunter2"})):
        assert "hunter2" not in repr(_refused(token)) + str(_refused(token))


@given(st.binary(max_size=200), st.binary(max_size=400), st.binary(max_size=64))
def test_no_bytes_crash_it(head: bytes, payload: bytes, signature: bytes) -> None:
    for token in (
        f"{_part(head)}.{_part(payload)}.{_part(signature)}",
        _sign(payload),
        _sign(CLAIMS, head),
    ):
        assert _refused(token).reason == "invalid"


@given(st.text(max_size=300))
def test_no_text_crashes_it(text: str) -> None:
    assert _refused(text).reason == "invalid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*CLAIMS, "name", "skills", "languages", "nbf"]), JSON))
def test_well_signed_claims_of_any_kind_give_an_identity_or_a_refusal(
    changes: dict[str, object],
) -> None:
    try:
        identity = AUTHENTICATOR.verify(_with(**changes), NOW_MS)
    except TokenRefused:
        return
    assert identity.expires_at_ms - identity.issued_at_ms <= 3_600_000
    assert msgspec.json.encode(identity)


@given(st.integers(0, 500), st.integers(1, 255))
def test_a_changed_token_is_another_token(place: int, change: int) -> None:
    token = mint(MAIN, tenant="acme", role="agent", subject="ada", now_ms=NOW_MS, ttl_s=60)
    place %= token.rindex(".")
    other = chr(33 + (ord(token[place]) - 33 + change) % 94)
    if other != token[place]:
        assert _refused(token[:place] + other + token[place + 1 :]).reason == "invalid"


def test_a_key_without_a_secret_signs_nothing() -> None:
    entry = KeyEntry(kid="a", alg="EdDSA", public_key_file="x.pem")
    with pytest.raises(SettingsError, match="cannot sign"):
        mint(entry, tenant="acme", role="agent", subject="ada", now_ms=NOW_MS, ttl_s=60)


def test_every_key_file_that_cannot_be_used_is_named(tmp_path: Any) -> None:  # noqa: ANN401
    entries = tuple(
        KeyEntry(kid=kid, alg="RS256", public_key_file=str(tmp_path / kid)) for kid in ("a", "b")
    )
    with pytest.raises(SettingsErrors) as refused:
        Authenticator(Settings(tenants={"acme": Tenant(keys=entries)}))
    assert [error.key for error in refused.value.errors] == [
        "tenants.acme.keys[0].public_key_file",
        "tenants.acme.keys[1].public_key_file",
    ]


async def test_a_key_set_is_fetched_when_a_token_needs_it() -> None:
    key = RSAKey.generate_key(2048, {"kid": "2026"})
    visits: list[str] = []

    def fetch(url: str) -> bytes:
        visits.append(url)
        return json.dumps({"keys": [key.as_dict(private=False)]}).encode()

    tenant = Tenant(keys=(MAIN, KeyEntry(jwks_url="https://id.example/jwks")))
    authenticator = Authenticator(Settings(tenants={"acme": tenant}), fetch)
    assert (await authenticator.authenticate(_with(), NOW_MS)).subject == "ada"
    assert visits == []
    token = jws.serialize_compact({"alg": "RS256", "kid": "2026"}, json.dumps(CLAIMS), key)
    with pytest.raises(TokenRefused, match="no key"):
        authenticator.verify(token, NOW_MS)
    for _ in range(3):
        assert (await authenticator.authenticate(token, NOW_MS)).subject == "ada"
    assert visits == ["https://id.example/jwks"]
    with pytest.raises(TokenRefused):
        await authenticator.authenticate("rubbish", NOW_MS)
