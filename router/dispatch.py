"""Which part carries out which command, and what each timer means.

Owns: the two tables, and the commands that are about the tenant as a whole. Does not know: the
order of things inside one command (``router.core``), or what the parts do.

Invariant: every command and every timer that anybody sets is here (tests/test_dispatch.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from router import (
    asking,
    attendance,
    closing,
    declaring,
    forgetting,
    guarding,
    guests,
    handling,
    inviting,
    looking,
    opening,
    placing,
    quiet,
    room,
    saying,
    scores,
    serving,
    skilling,
    snoozes,
    snoozing,
    soft_start,
    wrapping,
)
from router.commands import (
    AcceptOffer,
    AcceptTerms,
    AskForHelp,
    AssignConversation,
    CancelConversation,
    CloseBrand,
    CloseQueue,
    Command,
    CompleteWrapUp,
    Connect,
    DeclineOffer,
    Disconnect,
    EndConversation,
    EndHelp,
    EndOutage,
    EraseCustomer,
    ExtendWrapUp,
    InviteColleague,
    JoinConversation,
    LeaveConversation,
    LoseNode,
    OpenBrand,
    OpenQueue,
    RateConversation,
    ReadHistory,
    ReadMessages,
    ReportActivity,
    RequestConversation,
    ResumeConversation,
    SeeOffer,
    SetAgentPresence,
    SetAgentSkills,
    SetContact,
    SetPolicy,
    SetPresence,
    SetPriority,
    SetScore,
    SkipCommand,
    SnoozeConversation,
    Tick,
    TransferConversation,
)
from router.errors import Refusal, Refused
from router.events import Answer, AuditRecorded, NodeLost, PolicyChanged
from router.ids import PersonKey
from router.world import World

__all__ = ["COMMANDS", "TIMERS"]


def _set_policy(world: World, command: SetPolicy) -> None:
    if command.over and command.over != world.policy_at:
        raise Refused(
            Refusal.CONFLICT, "another policy was put in force meanwhile; read it and change that"
        )
    is_known = command.from_file and command.policy == world.policy
    world.note_policy(command.policy, from_file=command.from_file)
    if is_known:  # by hand it was put in force before, and nothing follows from who says so too
        return
    world.put_policy(command.policy)
    placing.replan(world)
    attendance.review_agents(world)
    declaring.review(world)
    quiet.review(world)
    room.review(world)
    soft_start.review(world)
    opening.review_openings(world)
    forgetting.trim(world)
    world.emit(PolicyChanged(command.policy))
    if command.by is not None:
        world.emit(AuditRecorded(command.by.key, "policy", "policy", ""))


def _lose_node(world: World, command: LoseNode) -> None:
    attendance.lose_node(world, command.life)
    world.emit(NodeLost(command.life))


def _offer_command(
    act: Callable[[World, Any, str], None], repeated: str
) -> Callable[[World, Any], None]:
    """An answer to an offer; repeating one's own that took effect is fine."""

    def carry_out(world: World, command: SeeOffer | AcceptOffer | DeclineOffer) -> None:
        agent = world.agent(command.by.id)
        if repeated and world.offers.outcome(command.offer, agent.id) == repeated:
            return
        act(world, agent, command.offer)

    return carry_out


def _nothing(world: World, command: Command) -> None:
    """The time has passed, or does not count, and that is all."""


COMMANDS: Mapping[type, Callable[[World, Any], Answer | None]] = {
    Tick: _nothing,
    EndOutage: _nothing,
    SkipCommand: _nothing,
    SetPolicy: _set_policy,
    LoseNode: _lose_node,
    OpenQueue: opening.open_queue,
    CloseQueue: opening.close_queue,
    OpenBrand: opening.open_brand,
    CloseBrand: opening.close_brand,
    Connect: attendance.connect,
    Disconnect: attendance.disconnect,
    ReportActivity: attendance.report_activity,
    SetPresence: declaring.set_presence,
    SetAgentPresence: declaring.set_agent_presence,
    SetAgentSkills: skilling.set_skills,
    SeeOffer: _offer_command(serving.see, ""),
    AcceptOffer: _offer_command(serving.accept, "accepted"),
    DeclineOffer: _offer_command(serving.decline, "declined"),
    RequestConversation: asking.request,
    AcceptTerms: asking.accept_terms,
    SetContact: asking.set_contact,
    ReadMessages: saying.read,
    CancelConversation: handling.cancel,
    EndConversation: handling.finish,
    CompleteWrapUp: wrapping.finish_wrap_up,
    ExtendWrapUp: wrapping.extend_wrap_up,
    TransferConversation: handling.pass_on,
    SnoozeConversation: snoozing.snooze,
    ResumeConversation: snoozing.resume,
    InviteColleague: inviting.invite,
    AskForHelp: inviting.ask_for_help,
    EndHelp: inviting.end_help,
    JoinConversation: inviting.join,
    LeaveConversation: inviting.leave,
    RateConversation: handling.rate,
    AssignConversation: handling.assign,
    SetPriority: handling.set_priority,
    SetScore: scores.set_score,
    ReadHistory: looking.read_history,
    EraseCustomer: looking.erase_customer,
}


def _of_conversation(act: Callable[[World, Any], None]) -> Callable[[World, str], None]:
    def fire(world: World, owner: str) -> None:
        act(world, world.conversations.by_id[owner])

    return fire


def _expire_wait(world: World, owner: str) -> None:
    closing.abandon(world, world.conversations.by_id[owner], "expired")


def _person_gone(world: World, owner: str) -> None:
    guests.leave_all(world, PersonKey(owner))


TIMERS: Mapping[str, Callable[[World, str], None]] = {
    "agent_offer": attendance.agent_offer_overdue,
    "agent_offline": attendance.agent_shown_offline,
    "agent_grace": attendance.agent_grace_over,
    "agent_idle": declaring.go_idle,
    "agent_until": declaring.until_over,
    "agent_pace": soft_start.pace_over,
    "agent_shunned": attendance.shun_over,
    "customer_gone": attendance.customer_shown_gone,
    "customer_grace": attendance.customer_grace_over,
    "keep_room": _of_conversation(room.forget_passes),
    "offer_seen": serving.undeliver,
    "offer_expire": serving.expire,
    "step": _of_conversation(placing.take_step),
    "refusal": _of_conversation(placing.forget_refusal),
    "transfer_wait": _of_conversation(placing.transfer_waited),
    "wait_max": _expire_wait,
    "invitation": _of_conversation(guests.expire_calls),
    "guest_grace": _person_gone,
    "snooze": _of_conversation(snoozes.wake),
    "quiet": _of_conversation(quiet.fall_quiet),
    "no_reply": _of_conversation(guarding.reply_overdue),
    "wrap_up": _of_conversation(closing.complete_wrap_up),
    "forget": closing.forget,
}
