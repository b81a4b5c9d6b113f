"""Which checks say that a node takes nobody new; the pages are in test_ops_pages."""

from router.server.readiness import Readiness
from router.server.starting import Starting
from router.server.tenants import Tenants


def test_a_node_is_ready_where_it_has_started_and_does_not_end() -> None:
    starting = Starting(Tenants(["acme"]), {"acme": 2})
    is_draining = False
    readiness = Readiness(starting, lambda: is_draining)
    assert readiness.reasons() == ["starting: replaying, 0 of 2 commands"]
    starting.end()
    assert readiness.reasons() == []
    is_draining = True
    assert readiness.reasons() == ["draining: about to stop"]
    assert readiness.checks()["starting"].ok
