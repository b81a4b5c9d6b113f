"""Newer settings for a running node."""

import msgspec

from router.server.reloading import unchangeable
from tests.helpers.nodes import node_settings


def test_what_only_a_restart_reads_is_named() -> None:
    kept = node_settings()
    assert list(unchangeable(kept, kept)) == []
    other = msgspec.structs.replace(
        kept,
        server=msgspec.structs.replace(kept.server, drain_ms=1),
        tenants={"acme": msgspec.structs.replace(kept.tenants["acme"], origins=())},
    )
    gone = [f"tenants.{name}" for name in kept.tenants if name != "acme"]
    assert list(unchangeable(kept, other)) == ["server", "tenants.acme", *gone]
