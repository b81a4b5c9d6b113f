"""Which checks say that a node takes nobody new; the pages are in test_ops_pages."""

import pytest

from router.server.readiness import LATE_S, OLDEST_S, Readiness, Vitals
from router.server.starting import Starting
from router.server.tenants import Tenants


class Node:
    """A node whose parts do as a test says."""

    def __init__(self, *, left: int = 0) -> None:
        self.vitals = Vitals()
        self.asked_count = 0
        self.starting = Starting(Tenants(["acme"]), {"acme": left})
        self.readiness = Readiness(self.starting, lambda: self.vitals, self._ask)
        if not left:
            self.starting.end()

    def _ask(self) -> None:
        self.asked_count += 1

    def failing(self) -> dict[str, str]:
        checks = self.readiness.checks()
        assert self.readiness.is_ready() == all(one.ok for one in checks.values() if one.counts)
        return {name: one.detail for name, one in checks.items() if not one.ok}


def test_a_node_is_ready_once_it_has_started() -> None:
    node = Node(left=2)
    assert node.failing() == {"starting": "replaying, 0 of 2 commands"}
    node.starting.end()
    assert node.failing() == {}
    assert node.readiness.is_ready()


@pytest.mark.parametrize(
    ("vitals", "check", "detail"),
    [
        (Vitals(is_draining=True), "draining", "about to stop"),
        (Vitals(journal_error="full"), "journal", "takes nothing: full"),
        (
            Vitals(oldest_s=OLDEST_S + 0.5),
            "journal",
            "the oldest command has waited for 1.5 s",
        ),
        (Vitals(late_s=LATE_S + 0.5), "loop", "was 2.5 s late"),
    ],
)
def test_each_check_that_counts_is_enough(vitals: Vitals, check: str, detail: str) -> None:
    node = Node()
    node.vitals = vitals
    assert node.failing() == {check: detail}
    assert not node.readiness.is_ready()


def test_just_below_the_limits_all_is_well() -> None:
    node = Node()
    node.vitals = Vitals(oldest_s=OLDEST_S, late_s=LATE_S)
    assert node.failing() == {}


def test_an_archive_that_takes_nothing_is_told_and_turns_nobody_away() -> None:
    node = Node()
    node.vitals = Vitals(archive_error="takes nothing of acme")
    assert node.failing() == {"archive": "takes nothing of acme"}
    assert node.readiness.is_ready()


def test_settings_that_wait_for_a_start_are_told_and_turn_nobody_away() -> None:
    node = Node()
    node.readiness.left_to_start = ["server.bind", "tenants.acme"]
    assert node.failing() == {"settings": "only a start reads server.bind, tenants.acme"}
    assert node.readiness.is_ready()


def test_a_journal_that_took_nothing_is_asked_again_unless_somebody_waits_for_it() -> None:
    node = Node()
    node.readiness.checks()
    assert node.asked_count == 0
    node.vitals = Vitals(journal_error="full")
    node.readiness.checks()
    assert node.asked_count == 1
    node.vitals = Vitals(journal_error="full", oldest_s=0.1)
    node.readiness.checks()
    assert node.asked_count == 1


def test_a_start_asks_nothing_of_the_journal() -> None:
    node = Node(left=2)
    node.vitals = Vitals(journal_error="full")
    node.readiness.checks()
    assert node.asked_count == 0
