"""A Fairline server for a benchmark: its settings, its folder, tokens for its people.

Owns: one tenant with one queue of chats, on a free port of loopback. Does not know: the load.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from router.bench.processes import HOST, Child, child
from router.server.auth import Role, mint
from router.server.clock import Clock
from router.server.settings import KeyEntry

__all__ = ["READY", "TENANT", "fairline", "settings_text", "token"]

TENANT = "bench"
READY = r"listening.*port=(\d+)"
_SECRET = "bench-secret-bench-secret-bench-secret"  # noqa: S105 - of a server that dies here
_KEY = KeyEntry(kid="main", alg="HS256", secret=_SECRET)
_SETTINGS = """
[server]
bind = "{host}:{port}"
journal = "{journal}"
data = "{data}"
log = "console"
[tenants.bench]
keys = [{{kid = "main", alg = "HS256", secret = "{secret}"}}]
native_apps = true
[tenants.bench.policy]
grace_ms = 120000
customers_max = {customers_max}
[[tenants.bench.policy.queues]]
id = "q"
channels = ["chat"]
assign = "direct"
wrap_up_ms = 0
"""


def token(role: str, subject: str, **claims: object) -> str:
    """A token for anybody."""
    (wanted,) = (known for known in get_args(Role) if known == role)
    now_ms = Clock().wall_ms()
    return mint(
        _KEY, tenant=TENANT, role=wanted, subject=subject, now_ms=now_ms, ttl_s=3600, claims=claims
    )


def settings_text(
    folder: Path, journal: str = "memory", port: int = 0, customers_max: int = 200_000
) -> str:
    """The settings of the server; its data is in the folder, wherever the settings lie."""
    return _SETTINGS.format(
        host=HOST,
        port=port,
        journal=journal,
        data=folder.resolve() / "data",
        secret=_SECRET,
        customers_max=customers_max,
    )


@contextmanager
def fairline(
    parent: Path, journal: str = "memory", customers_max: int = 200_000
) -> Iterator[Child]:
    """A server that runs as long as the block, with a folder of its own that goes with it."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        config = Path(folder, "fairline.toml")
        config.write_text(
            settings_text(Path(folder), journal, customers_max=customers_max), encoding="utf-8"
        )
        with child(["router", "serve", "--config", str(config)], READY) as server:
            yield server
