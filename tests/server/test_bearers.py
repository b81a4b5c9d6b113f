"""Whose a token is, whoever signed it."""

import io
import json

import pytest

from router.server import logs
from router.server.auth import Authenticator, Identity, TokenRefused
from router.server.bearers import Bearers
from router.server.clock import Clock
from tests.helpers.nodes import node_settings, token


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
