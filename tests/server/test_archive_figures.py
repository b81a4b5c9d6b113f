"""How far the archive is behind, as a page shows it."""

import pytest

from router.journal.memory import MemoryStore
from router.server import archiving as module
from router.server.archive_figures import ArchiveFigures
from tests.helpers.archives import DictArchive
from tests.helpers.cores import connect
from tests.helpers.machines import machine
from tests.helpers.nodes import open_node
from tests.server.test_archiving import day, until
from tests.server.test_detailed import shown as page_of


def shown(figures: ArchiveFigures) -> dict[tuple[str, str], float]:
    return {
        (sample.name.removeprefix("fairline_archive_"), sample.labels["tenant"]): sample.value
        for family in figures.collect()
        for sample in family.samples
    }


async def test_who_fell_behind_is_behind_until_all_is_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WEIGHT_MAX", 30)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "BATCH_S", 0.01)
    archive = DictArchive("acme", "other")
    async with machine(MemoryStore(), life="n1", archive=archive) as made:
        assert made.archiving is not None
        figures = ArchiveFigures(made.archiving)
        await made.do(connect("agent:alice"))
        assert await made.archiving.settle("acme")
        assert (shown(figures)["lag_commands", "acme"], shown(figures)["behind", "acme"]) == (0, 0)
        archive.is_full = True
        await day(made, 0, 20)
        seen = shown(figures)
        assert seen["lag_commands", "acme"] == made.router.position - archive.position("acme") > 100
        assert seen["behind", "acme"] == 1
        assert seen["behind", "other"] == 0
        archive.is_full = False
        await until(lambda: shown(figures)["behind", "acme"] == 0)
        assert await made.archiving.settle("acme")
        assert shown(figures)["lag_commands", "acme"] == 0


async def test_a_node_with_an_archive_has_them_on_its_page() -> None:
    archive = DictArchive("acme", "browsers")
    async with open_node(archive=archive) as node:
        found = page_of((await node.get("/metrics"))[2])
    assert found["archive_behind", "acme"] == 0
    assert found["archive_lag_commands", "browsers"] >= 0
    assert not [key for key in found if key[0].startswith("archive_") and "~doctor" in key]
