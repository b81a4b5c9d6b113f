"""Whose a token is, whoever signed it."""

import base64
import io
import json

import pytest
from msgspec.structs import replace
from prometheus_client.samples import Sample

from router.server import logs
from router.server.auth import Authenticator, Identity, TokenRefused
from router.server.bearers import Bearers
from router.server.clock import Clock
from router.server.settings import KeyEntry
from tests.helpers.nodes import node_settings, token

SECRET = "a secret that is long enough for a key"


def refusing(reason: str) -> object:
    def verify(_: str, __: int) -> Identity:
        raise TokenRefused(reason, "expired" if reason == "expired" else "invalid")

    return verify


def bearers(*own: object) -> Bearers:
    return Bearers(Authenticator(node_settings()), own, Clock().wall_ms)  # type: ignore[arg-type]


async def test_a_tenant_s_token_counts_whatever_the_others_say() -> None:
    bearer = await bearers(refusing("not mine")).authenticate(token("agent", "alice"))
    assert (bearer.role, bearer.id, bearer.tenant) == ("agent", "alice", "acme")


async def test_expired_is_told_before_not_mine_for_a_newer_token_would_count() -> None:
    for own in (("expired", "not mine"), ("not mine", "expired")):
        with pytest.raises(TokenRefused) as caught:
            await bearers(*map(refusing, own)).authenticate("a.b.c")
        assert caught.value.reason == "expired"


async def test_a_refused_token_is_logged_and_not_quoted() -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    with pytest.raises(TokenRefused):
        await bearers(refusing("not mine")).authenticate("secret.token.text")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["level"], line["reason"]) == ("token.refused", "warning", "invalid")
    assert "secret" not in stream.getvalue()
    assert "withheld" not in line
    assert "tenant" not in line


def two_tenants(one_kid: str, other_kid: str) -> Authenticator:
    settings = node_settings()
    other = KeyEntry(kid=other_kid, secret="another secret, long enough for a key")
    tenants = {
        "acme": replace(settings.tenants["acme"], keys=(KeyEntry(kid=one_kid, secret=SECRET),)),
        "browsers": replace(settings.tenants["browsers"], keys=(other,)),
    }
    return Authenticator(replace(settings, tenants=tenants))


def forged(tenant: object, kid: str) -> str:
    """A token that nobody signed."""
    parts = ({"alg": "HS256", "kid": kid}, {"tenant": tenant, "sub": "private"}, "no signature")
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join(one.rstrip("=") for one in encoded)


@pytest.mark.parametrize(
    ("tenant", "kid", "named"),
    [
        ("acme", "none", "acme"),
        ("acme", "b", "acme"),
        ("acmee", "a", "acme"),
        ("acmee", "b", "browsers"),
        ("acmee", "none", None),
        ("acmee", "", None),
        (["acme"], "a", None),
        ("~doctor", "none", None),
    ],
)
async def test_a_refused_token_s_tenant_is_named_where_there_is_one_and_else_nothing(
    tenant: object, kid: str, named: str | None
) -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    found = Bearers(two_tenants("a", "b"), (), Clock().wall_ms, ("acme", "browsers"))
    with pytest.raises(TokenRefused):
        await found.authenticate(forged(tenant, kid))
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert line.get("tenant") == named
    assert "private" not in stream.getvalue()
    counts = {tuple(one.labels.values()): one.value for one in samples(found)}
    names = ("", "acme", "browsers")
    assert counts == {
        (name, reason): reason == "invalid" and name == (named or "")
        for name in names
        for reason in ("invalid", "expired")
    }


async def test_a_key_id_that_two_tenants_have_names_none() -> None:
    same = two_tenants("main", "main")
    assert same.tenant_of(forged("acmee", "main")) == ""
    assert same.tenant_of(forged("browsers", "main")) == "browsers"
    assert same.tenant_of("no token") == ""


async def test_an_expired_token_of_a_tenant_counts_as_expired() -> None:
    late = Clock().wall_ms() + 10**9
    found = Bearers(Authenticator(node_settings()), (), lambda: late, ("acme",))
    with pytest.raises(TokenRefused):
        await found.authenticate(token("agent", "alice"))
    counts = {tuple(one.labels.values()): one.value for one in samples(found)}
    assert counts["acme", "expired"] == 1


def samples(found: Bearers) -> list[Sample]:
    return [
        one
        for family in found.collect()
        for one in family.samples
        if one.name == "fairline_tokens_refused_total"
    ]
