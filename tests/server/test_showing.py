"""The settings in force and where they come from."""

from pathlib import Path

import pytest

from router.server.settings import read
from router.server.showing import HIDDEN_VALUE, Shown, show, without_secrets

SECRET = "0123456789-0123456789-0123456789"
FIRST = f"""
[server]
bind = "127.0.0.1:1"
log = "console"
[tenants.acme]
keys = [{{kid = "main", alg = "HS256", secret = "{SECRET}"}}]
[[tenants.acme.policy.queues]]
id = "a"
"""


def shown(folder: Path, second: str, **environment: str) -> dict[str, Shown]:
    files = [folder / "first.toml", folder / "second.toml"]
    for file, text in zip(files, (FIRST, second), strict=True):
        file.write_text(text, encoding="utf-8")
    found = list(show(*read(files, environment)))
    by_key = {one.key: one for one in found}
    assert len(by_key) == len(found)
    return by_key


def test_each_value_is_told_with_its_file_and_line_variable_or_default(tmp_path: Path) -> None:
    found = shown(tmp_path, '\n[server]\nlog = "json"\n', FAIRLINE_SERVER__NODE="n1")
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    told = {key: (found[key].value, found[key].source) for key in (
        "server.bind", "server.log", "server.node", "server.drain_ms", "tenants.acme.keys[0].kid",
        "tenants.acme.policy.queues[0].id", "tenants.acme.policy.queues[0].wrap_up_ms",
        "tenants.acme.policy.grace_ms", "tenants.acme.policy.classes.gold",
    )}  # fmt: skip
    assert told == {
        "server.bind": ("127.0.0.1:1", f"{first}:3"),
        "server.log": ("json", f"{second}:3"),
        "server.node": ("n1", "environment FAIRLINE_SERVER__NODE"),
        "server.drain_ms": (30_000, "default"),
        "tenants.acme.keys[0].kid": ("main", f"{first}:6"),
        "tenants.acme.policy.queues[0].id": ("a", f"{first}:8"),
        "tenants.acme.policy.queues[0].wrap_up_ms": (0, "default"),
        "tenants.acme.policy.grace_ms": (120_000, "default"),
        "tenants.acme.policy.classes.gold": (30_000, "default"),
    }


def test_no_secret_is_shown(tmp_path: Path) -> None:
    found = shown(tmp_path, '[server]\nredis_url = "redis://:hush@host/0"\n')
    assert found["tenants.acme.keys[0].secret"].value == HIDDEN_VALUE
    assert found["server.redis_url"].value == HIDDEN_VALUE
    assert SECRET not in str(found)
    assert "hush" not in str(found)


HOOK = """
[[tenants.acme.webhooks]]
id = "crm"
url = "https://crm.example:8443/fairline?token=hush&a=%20b"
secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
[[tenants.acme.webhooks]]
id = "plain"
url = "https://crm.example/fairline"
secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""


def test_what_an_address_asks_is_not_shown_but_where_it_leads(tmp_path: Path) -> None:
    found = shown(tmp_path, HOOK)
    asked = found["tenants.acme.webhooks[0].url"]
    assert asked.value == "https://crm.example:8443/fairline?(secret)"
    assert asked.source == f"{tmp_path / 'second.toml'}:4"
    assert found["tenants.acme.webhooks[1].url"].value == "https://crm.example/fairline"
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("https://ann:hush@host:1/p", "https://(secret)@host:1/p"),
        ("https://:hush@host/p", "https://(secret)@host/p"),
        ("https://hush@host", "https://(secret)@host"),
        ("https://a:b@hush@host/p?hush#hush", "https://(secret)@host/p?(secret)#(secret)"),
        ("https://[::1]:1/p", "https://[::1]:1/p"),
        ("https://[hush/p", "(secret)"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_lets_somebody_in(address: str, seen: str) -> None:
    assert without_secrets(address) == seen
