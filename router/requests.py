"""From a client's message to the core's command.

Owns: which message becomes which command, and the checks that need no state: what belongs together
in one message, and sizes in bytes.
Does not know: sessions, rights, or whether the core will do it.

Invariant (tests/test_requests.py): every message that is a command for the core is here, so the
session needs no list of its own.
"""

from collections.abc import Callable
from typing import cast

from router import commands, incoming
from router.commands import Actor, Command
from router.errors import Refusal, Refused
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.policy import problems
from router.spelling import misspelt

__all__ = ["BODY_BYTES_MAX", "COMMANDS", "command_for"]

BODY_BYTES_MAX = 8192
PROBLEMS_MAX = 20
"""Of a policy, so many are told at once."""


def command_for(message: incoming.Incoming, by: Actor, new_id: Callable[[], str]) -> Command:
    """Makes the command that ``message`` asks for.

    Args:
        message: One of the types in ``COMMANDS``.
        by: Who sent it.
        new_id: Makes the id of a new conversation; ids come from the edge, for they must not be
            guessed.

    Raises:
        Refused: BAD_REQUEST, with the name of the field; FORBIDDEN, where it is not the role's.
    """
    if type(message) is incoming.ConversationRequest:
        return _request(message, by, ConversationId(new_id()))
    return COMMANDS[type(message)](message, by)


def _bad(field: str, why: str) -> Refused:
    return Refused(Refusal.BAD_REQUEST, f"{field}: {why}")


def _sized(field: str, text: str) -> str:
    """Lets a text through that is not too long in bytes, as it will be stored."""
    if len(text) * 4 > BODY_BYTES_MAX and len(text.encode()) > BODY_BYTES_MAX:
        raise _bad(field, f"expected at most {BODY_BYTES_MAX} bytes")
    return text


def _request(message: incoming.ConversationRequest, by: Actor, new_id: ConversationId) -> Command:
    if by.role == "service":
        if message.customer is None:
            raise _bad("customer", "a service says for whom")
    elif message.customer is not None or message.priority:
        raise Refused(Refusal.FORBIDDEN, "customer and priority are for services")
    return commands.RequestConversation(
        by=by,
        conversation=new_id,
        op=message.op,
        channel=message.channel,
        queue=message.queue,
        topic=message.topic,
        languages=message.languages,
        needs=message.needs,
        agent=None if message.agent is None else AgentId(message.agent),
        avoid=tuple(AgentId(agent) for agent in message.avoid),
        brand=message.brand,
        reopens=None if message.reopens is None else ConversationId(message.reopens),
        attributes={name: _text(value) for name, value in message.attributes.items()},
        body=_sized("body", message.body),
        customer=None if message.customer is None else CustomerId(message.customer),
        priority=message.priority,
        deferrable=message.deferrable,
    )


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _presence(message: incoming.PresenceSet, by: Actor) -> Command:
    return commands.SetPresence(
        by=by,
        show=message.show,
        reason=message.reason,
        channels=message.channels,
        until_ms=message.until_ms,
        next=message.next,
    )


def _offer_seen(message: incoming.OfferSeen, by: Actor) -> Command:
    return commands.SeeOffer(by=by, offer=OfferId(message.offer))


def _offer_accept(message: incoming.OfferAccept, by: Actor) -> Command:
    return commands.AcceptOffer(by=by, offer=OfferId(message.offer))


def _offer_decline(message: incoming.OfferDecline, by: Actor) -> Command:
    return commands.DeclineOffer(by=by, offer=OfferId(message.offer), reason=message.reason)


def _send(message: incoming.MessageSend, by: Actor) -> Command:
    if message.kind == "note" and by.role == "customer":
        raise Refused(Refusal.FORBIDDEN, "notes are for staff")
    return commands.SendMessage(
        by=by,
        conversation=ConversationId(message.conversation),
        op=message.op,
        body=_sized("body", message.body),
        kind=message.kind,
    )


def _read(message: incoming.MessageRead, by: Actor) -> Command:
    return commands.ReadMessages(
        by=by, conversation=ConversationId(message.conversation), seq=message.seq
    )


def _cancel(message: incoming.ConversationCancel, by: Actor) -> Command:
    return commands.CancelConversation(by=by, conversation=ConversationId(message.conversation))


def _end(message: incoming.ConversationEnd, by: Actor) -> Command:
    return commands.EndConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        reason=message.reason,
        wrap_up=message.wrap_up,
    )


def _wrap_up(message: incoming.WrapupComplete, by: Actor) -> Command:
    return commands.CompleteWrapUp(
        by=by,
        conversation=ConversationId(message.conversation),
        code=message.code,
        note=_sized("note", message.note),
    )


def _extend(message: incoming.WrapupExtend, by: Actor) -> Command:
    return commands.ExtendWrapUp(
        by=by, conversation=ConversationId(message.conversation), by_ms=message.ms
    )


def _transfer(message: incoming.ConversationTransfer, by: Actor) -> Command:
    to = message.to
    if (to.agent is None) == (to.queue is None and to.skill is None):
        raise _bad("to", "expected an agent, or a queue or a skill")
    return commands.TransferConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        op=message.op,
        queue=to.queue or "",
        agent=None if to.agent is None else AgentId(to.agent),
        note=_sized("note", message.note),
        skill=to.skill or "",
        level=to.level if to.skill else 1,
    )


def _invite(message: incoming.ConversationInvite, by: Actor) -> Command:
    return commands.InviteColleague(
        by=by,
        conversation=ConversationId(message.conversation),
        agent=AgentId(message.agent),
        mode=message.mode,
        note=_sized("note", message.note),
        op=message.op or "",
    )


def _snooze(message: incoming.ConversationSnooze, by: Actor) -> Command:
    return commands.SnoozeConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        for_ms=message.for_ms,
        note=_sized("note", message.note),
    )


def _resume(message: incoming.ConversationResume, by: Actor) -> Command:
    return commands.ResumeConversation(by=by, conversation=ConversationId(message.conversation))


def _ask_for_help(message: incoming.HelpAsk, by: Actor) -> Command:
    return commands.AskForHelp(
        by=by, conversation=ConversationId(message.conversation), note=message.note
    )


def _end_help(message: incoming.HelpEnd, by: Actor) -> Command:
    return commands.EndHelp(by=by, conversation=ConversationId(message.conversation))


def _join(message: incoming.ConversationJoin, by: Actor) -> Command:
    return commands.JoinConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        mode=message.mode,
        purpose=message.purpose,
    )


def _leave(message: incoming.ConversationLeave, by: Actor) -> Command:
    return commands.LeaveConversation(by=by, conversation=ConversationId(message.conversation))


def _assign(message: incoming.ConversationAssign, by: Actor) -> Command:
    return commands.AssignConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        agent=AgentId(message.agent),
    )


def _priority(message: incoming.ConversationPriority, by: Actor) -> Command:
    return commands.SetPriority(
        by=by,
        conversation=ConversationId(message.conversation),
        priority=message.priority,
        reason=message.reason,
    )


def _score(message: incoming.ScoreSet, by: Actor) -> Command:
    return commands.SetScore(
        by=by,
        conversation=ConversationId(message.conversation),
        part=message.part,
        value=message.value,
        ttl_ms=message.ttl_ms,
        agent=None if message.agent is None else AgentId(message.agent),
    )


def _contact(message: incoming.ContactSet, by: Actor) -> Command:
    return commands.SetContact(by=by, prefs=message.prefs, languages=message.languages)


def _rate(message: incoming.Rate, by: Actor) -> Command:
    return commands.RateConversation(
        by=by,
        conversation=ConversationId(message.conversation),
        score=message.score,
        comment=message.comment,
    )


def _consent(message: incoming.ConsentAccept, by: Actor) -> Command:
    return commands.AcceptTerms(by=by, terms=message.terms, version=message.version)


def _agent_presence(message: incoming.AgentPresence, by: Actor) -> Command:
    if message.source == "external" and by.role != "service":
        raise Refused(Refusal.FORBIDDEN, "source: external claims are a service's")
    if message.source == "external" and message.until_ms is None:
        raise _bad("until_ms", "an external claim has an end")
    return commands.SetAgentPresence(
        by=by,
        agent=AgentId(message.agent),
        show=message.show,
        reason=message.reason,
        source=message.source,
        until_ms=message.until_ms,
    )


def _agent_skills(message: incoming.AgentSkills, by: Actor) -> Command:
    return commands.SetAgentSkills(
        by=by,
        agent=AgentId(message.agent),
        skills=message.skills,
        languages=message.languages,
        clear=message.clear,
        reason=message.reason,
    )


def _policy(message: incoming.PolicySet, by: Actor) -> Command:
    found = [*problems(message.policy), *misspelt(message.policy)]
    if found:
        told = [f"policy.{path}: {sentence}" for path, sentence in found[:PROBLEMS_MAX]]
        raise Refused(Refusal.BAD_REQUEST, "; ".join(told))
    return commands.SetPolicy(policy=message.policy, by=by)


COMMANDS = cast(
    "dict[type, Callable[[incoming.Incoming, Actor], Command]]",
    {
        incoming.PresenceSet: _presence,
        incoming.OfferSeen: _offer_seen,
        incoming.OfferAccept: _offer_accept,
        incoming.OfferDecline: _offer_decline,
        incoming.MessageSend: _send,
        incoming.MessageRead: _read,
        incoming.ConversationRequest: _request,
        incoming.ConversationCancel: _cancel,
        incoming.ConversationEnd: _end,
        incoming.WrapupComplete: _wrap_up,
        incoming.WrapupExtend: _extend,
        incoming.ConversationTransfer: _transfer,
        incoming.ConversationSnooze: _snooze,
        incoming.ConversationResume: _resume,
        incoming.ConversationInvite: _invite,
        incoming.HelpAsk: _ask_for_help,
        incoming.HelpEnd: _end_help,
        incoming.ConversationJoin: _join,
        incoming.ConversationLeave: _leave,
        incoming.ConversationAssign: _assign,
        incoming.ConversationPriority: _priority,
        incoming.ScoreSet: _score,
        incoming.ContactSet: _contact,
        incoming.Rate: _rate,
        incoming.ConsentAccept: _consent,
        incoming.AgentPresence: _agent_presence,
        incoming.AgentSkills: _agent_skills,
        incoming.PolicySet: _policy,
    },
)
"""By type of message; a dict, for the twentieth arm of a ``match`` costs ten times as much."""
