"""What an examination found: nothing is left out, nothing that was not taken has passed."""

import pytest
import trio

from router.errors import SettingsError
from router.server import findings as module
from router.server.findings import Finding, Findings, Ill, Said


async def fine() -> Said:
    return Said("well")


async def warned() -> Said:
    return Said("nearly", "mend it soon")


async def ill() -> Said:
    raise Ill("broken", "mend it")


async def unreadable() -> Said:
    raise SettingsError("no key")


async def silent() -> Said:
    await trio.sleep_forever()
    raise AssertionError


def short(finding: Finding) -> tuple[str, str, str, str]:
    return finding.step, finding.outcome, finding.said, finding.mend


async def test_what_needs_a_step_that_failed_is_skipped_and_told_as_it_comes() -> None:
    told: list[Finding] = []
    findings = Findings(told.append)
    assert await findings.step("a", fine)
    assert await findings.step("b", warned, needs=["a"])
    assert not await findings.step("c", ill, needs=["b"], mend="not this")
    assert not await findings.step("d", fine, needs=["a", "c"])
    assert not await findings.step("e", unreadable, mend="look here")
    assert list(map(short, told)) == [
        ("a", "passed", "well", ""),
        ("b", "warned", "nearly", "mend it soon"),
        ("c", "failed", "broken", "mend it"),
        ("d", "skipped", "needs c", ""),
        ("e", "failed", "no key", "look here"),
    ]
    assert findings.all == told
    assert not findings.is_fine


async def test_a_step_that_hears_nothing_fails_in_time(autojump_clock: object) -> None:
    findings = Findings(lambda _: None)
    assert not await findings.step("a", silent, mend="look here")
    (found,) = findings.all
    assert short(found) == ("a", "failed", "nothing came within 10 s", "look here")
    assert found.took_ms == module.STEP_S * 1000


async def test_a_fault_of_ours_is_no_finding() -> None:
    async def broken() -> Said:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Findings(lambda _: None).step("a", broken)
