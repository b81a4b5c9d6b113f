"""The play itself, on real sockets."""

import msgspec
import trio

from router.errors import CloseCode
from router.server.findings import Finding, Findings
from router.server.hidden import HIDDEN
from router.server.probe import STEPS, rehearse
from router.server.rehearsal import Player
from tests.helpers.nodes import PATIENCE_S, RunningNode, open_node
from tests.server.test_rehearsal import ask_for, enter, gone, lend


def address(node: RunningNode) -> str:
    return f"ws://127.0.0.1:{node.port}/v1/socket"


async def test_every_step_is_taken_in_order_and_all_is_gone_behind_it() -> None:
    async with open_node() as node:
        findings = Findings(lambda _: None)
        await rehearse(findings, address(node), await lend(node), None)
        assert [(one.step, one.outcome) for one in findings.all] == [
            (step, "passed") for step in STEPS
        ]
        assert all(one.took_ms > 0 for one in findings.all)
        await gone(node)


async def test_a_play_that_breaks_off_skips_the_rest_and_signs_out() -> None:
    async with open_node() as node:

        def interfere(finding: Finding) -> None:
            if finding.step == "customer asks":
                for link in list(node.node.hub.links):
                    if link.role == "customer":
                        link.hang(CloseCode.SERVER_ERROR)
                        # The agent's offer goes with the customer; only their own word is left.

        findings = Findings(interfere)
        with trio.fail_after(3 * PATIENCE_S):
            await rehearse(findings, address(node), await lend(node), None)
        outcomes = {one.step: one.outcome for one in findings.all}
        assert list(outcomes) == list(STEPS)
        assert outcomes["customer asks"] == "passed"
        assert outcomes["both leave"] == "skipped"
        assert "failed" in outcomes.values()
        await gone(node)
        assert not any(link.tenant == HIDDEN for link in node.node.hub.links)


async def test_an_offer_of_another_conversation_is_never_accepted() -> None:
    """What a killed doctor left in line may come to the next one's agent first."""
    async with open_node() as node:
        lent, other = await lend(node), await lend(node)
        stranger = await enter(node, other, "customer")
        left = await ask_for(stranger, lent)
        findings = Findings(lambda _: None)
        with trio.fail_after(2 * PATIENCE_S):
            await rehearse(findings, address(node), lent, None)
        assert {one.outcome for one in findings.all} == {"passed"}
        conversation = node.node.routers[HIDDEN].world.conversations.by_id[left]
        assert not conversation.agent
        assert conversation.attempt_count == 1


async def test_a_player_who_is_not_let_in_is_told_with_the_server_s_words() -> None:
    async with open_node() as node:
        lent = await lend(node)
        wrong = msgspec.structs.replace(lent, agent=Player(lent.agent.id, "a.b.c"))
        findings = Findings(lambda _: None)
        await rehearse(findings, address(node), wrong, None)
        first, *rest = findings.all
        assert (first.step, first.outcome) == ("agent signs in", "failed")
        assert "101 unauthorized" in first.said
        assert {one.outcome for one in rest} == {"skipped"}
