"""Reads of back ends, from a core of their own; over HTTP they are in test_rest."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from router.errors import Refusal, Refused
from router.server.calls import Caller, Office
from router.server.rest_reads import (
    PAGE_MAX,
    Queues,
    Reading,
    read_agent,
    read_agents,
    read_queue,
    read_queues,
)
from tests.helpers.cores import Core, actor


def reading(core: Core, path: dict[str, str], query: dict[str, str] | None = None) -> Reading:
    caller = Caller("acme", actor("service:crm"))
    office = cast("Office", SimpleNamespace())
    return Reading(caller, office, core.router, 1_000, path, query or {})


def test_one_queue_has_the_figures_that_it_has_among_all() -> None:
    core = Core()
    core.here("customer:carl")
    core.ask("carl")
    everything = read_queues(reading(core, {}))
    assert isinstance(everything, Queues)
    for one in everything.queues:
        assert read_queue(reading(core, {"queue": one.queue})) == one
    assert sum(one.waiting for one in everything.queues) == 1


@pytest.mark.parametrize(
    ("read", "path", "words"),
    [
        (read_queue, {"queue": "mars"}, "there is no queue 'mars'"),
        (read_agent, {"agent": "zoe"}, "there is no agent 'zoe'"),
    ],
)
def test_what_is_not_there_is_named(read: Any, path: dict[str, str], words: str) -> None:  # noqa: ANN401
    core = Core()
    before = core.router.digest()
    with pytest.raises(Refused, match=words) as refused:
        read(reading(core, path))
    assert refused.value.code is Refusal.NOT_FOUND
    assert core.router.digest() == before


@pytest.mark.parametrize("limit", ["0", "x", str(PAGE_MAX + 1), "9" * 5_000])
def test_a_page_has_its_bound(limit: str) -> None:
    with pytest.raises(Refused, match=f"limit: expected 1 to {PAGE_MAX}"):
        read_agents(reading(Core(), {}, {"limit": limit}))
