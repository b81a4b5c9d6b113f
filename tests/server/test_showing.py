"""The settings in force and where they come from."""

from pathlib import Path

from router.server.settings import read
from router.server.showing import HIDDEN_VALUE, Shown, show

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
