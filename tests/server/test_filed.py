"""All policies of newer files or none, and what was set by hand."""

import io

import msgspec
import pytest
import trio
import trio.testing

from router.commands import SetPolicy
from router.errors import Refusal, Refused
from router.server.filed import TRIES, put_in_force, standings, warn_of_differences
from tests.helpers.cores import actor
from tests.helpers.log_lines import log_lines, read_lines
from tests.helpers.nodes import POLICY, node_settings
from tests.helpers.ruled import Ruling

OTHER = msgspec.structs.replace(POLICY, grace_ms=5_000)
BY_HAND = msgspec.structs.replace(POLICY, score_band=7)
FULL = Refused(Refusal.OVERLOADED, "too many commands are waiting")
SOFIA = actor("supervisor:sofia")
BROKE = Refused(Refusal.INTERNAL, "this could not be done")


def by_hand(node: Ruling, tenant: str) -> None:
    node.apply(tenant, SetPolicy(policy=BY_HAND, by=SOFIA))


@pytest.fixture
def lines() -> io.StringIO:
    return log_lines()


async def test_all_of_them_take_effect_and_are_what_the_files_said() -> None:
    node = Ruling(node_settings())
    by_hand(node, "acme")
    assert await put_in_force(node, {"acme": OTHER, "browsers": OTHER}) == {}
    assert all(one == (OTHER, OTHER) for one in standings(node).values())


@pytest.mark.parametrize("wrong", [FULL, BROKE])
async def test_where_one_is_refused_every_other_is_as_it_was(
    wrong: Refused, lines: io.StringIO
) -> None:
    node = Ruling(node_settings())
    by_hand(node, "browsers")
    before = standings(node)
    node.refusals["acme"] = [wrong]
    found = await put_in_force(node, {"acme": OTHER, "browsers": OTHER})
    assert found == {"acme": wrong.message}
    assert standings(node) == before
    assert before["browsers"] == (BY_HAND, POLICY)
    (line,) = read_lines(lines)
    assert (line["event"], line["tenant"]) == ("settings.taken_back", "browsers")


async def test_what_is_taken_back_waits_until_the_journal_takes_it(
    autojump_clock: trio.testing.MockClock, lines: io.StringIO
) -> None:
    node = Ruling(node_settings())
    before = standings(node)
    node.refusals = {"acme": [FULL], "browsers": [None, FULL, FULL]}
    await put_in_force(node, {"acme": OTHER, "browsers": OTHER})
    assert standings(node) == before
    assert node.taken.count("browsers") == 4


@pytest.mark.parametrize("count", [1, 2])
async def test_what_somebody_set_meanwhile_is_not_taken_back(
    count: int, lines: io.StringIO
) -> None:
    """Before the first command of the taking back, or between the two of it."""
    node = Ruling(node_settings())
    by_hand(node, "browsers")
    set_now = msgspec.structs.replace(POLICY, score_band=9)
    node.refusals["acme"] = [FULL]
    node.between["browsers"] = [*[None] * count, SetPolicy(policy=set_now, by=SOFIA)]
    assert await put_in_force(node, {"acme": OTHER, "browsers": OTHER}) == {"acme": FULL.message}
    assert standings(node)["browsers"] == (set_now, OTHER if count == 1 else POLICY)
    (line,) = read_lines(lines)
    assert (line["event"], line["tenant"]) == ("settings.set_meanwhile", "browsers")


@pytest.mark.parametrize("count", [1, 2])
async def test_what_somebody_set_on_the_way_is_what_stands_again(
    count: int, lines: io.StringIO
) -> None:
    """It was answered, and applied before the file's policy but after that was put on its way."""
    node = Ruling(node_settings())
    sets = [msgspec.structs.replace(POLICY, score_band=band) for band in (8, 9)[:count]]
    node.between["browsers"] = [SetPolicy(policy=one, by=SOFIA) for one in sets]
    node.refusals["acme"] = [FULL]
    assert await put_in_force(node, {"acme": OTHER, "browsers": OTHER}) == {"acme": FULL.message}
    assert standings(node)["browsers"] == (sets[-1], POLICY)
    (line,) = read_lines(lines)
    assert (line["event"], line["tenant"]) == ("settings.taken_back", "browsers")


async def test_news_win_over_what_somebody_set_on_the_way() -> None:
    node = Ruling(node_settings())
    node.between["browsers"] = [SetPolicy(policy=BY_HAND, by=SOFIA)]
    assert await put_in_force(node, {"acme": OTHER, "browsers": OTHER}) == {}
    assert all(one == (OTHER, OTHER) for one in standings(node).values())


async def test_who_sets_policies_all_the_time_is_told_of_and_nothing_is_in_force() -> None:
    node = Ruling(node_settings())
    sets = [msgspec.structs.replace(POLICY, score_band=band) for band in range(1, TRIES + 1)]
    node.between["browsers"] = [SetPolicy(policy=one, by=SOFIA) for one in sets]
    wrong = await put_in_force(node, {"acme": OTHER, "browsers": OTHER})
    assert list(wrong) == ["browsers"]
    assert "another policy was put in force meanwhile" in wrong["browsers"]
    assert standings(node) == {"acme": (POLICY, POLICY), "browsers": (sets[-1], POLICY)}


async def test_what_cannot_be_taken_back_is_told(lines: io.StringIO) -> None:
    node = Ruling(node_settings())
    node.refusals = {"acme": [FULL], "browsers": [None, BROKE]}
    await put_in_force(node, {"acme": OTHER, "browsers": OTHER})
    (line,) = read_lines(lines)
    assert (line["event"], line["tenant"]) == ("settings.half_in_force", "browsers")


def test_a_policy_that_differs_from_its_file_is_told_and_another_is_not(lines: io.StringIO) -> None:
    node = Ruling(node_settings())
    told = {"acme": POLICY, "browsers": POLICY}
    warn_of_differences(node, told)
    assert read_lines(lines) == []
    by_hand(node, "acme")
    warn_of_differences(node, told)
    (line,) = read_lines(lines)
    assert (line["event"], line["tenant"]) == ("policy.differs_from_file", "acme")
    assert (line["change_count"], line["changes"]) == (1, "score_band: 100 -> 7")
