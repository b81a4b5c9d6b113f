"""The work after a conversation: how it is finished, and how it may take longer.

Owns: codes, notes, extensions. Does not know: how a wrap-up begins, or what its end frees.

Invariants (tests/test_wrapping.py): where a queue names codes, a conversation leaves its wrap-up
with one of them or with none, never with another; an extension never goes beyond
``wrap_up_max_ms`` from the end of the conversation; a fixed wrap-up ends with its time alone.

    timed      ``wrap_up_ms``, or as soon as the agent is done; 0: there is none
    fixed      ``wrap_up_ms``; what the agent says is kept, and may be said again until then
    free       until the agent is done
    optional   as timed, but where the agent ended it without asking for one there is none
"""

from router.closing import complete_wrap_up
from router.commands import CompleteWrapUp, ExtendWrapUp
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.events import WrapUpStarted
from router.ids import AgentId, ConversationId
from router.relations import theirs
from router.saying import add_message
from router.states import ConversationState
from router.world import World

__all__ = ["extend_wrap_up", "finish_wrap_up"]


def finish_wrap_up(world: World, command: CompleteWrapUp) -> None:
    """The agent's work after the conversation is done; a fixed one goes on, with what was said.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, BAD_REQUEST for a code that the queue does not know,
            LIMIT_EXCEEDED, or INVALID_TRANSITION.
    """
    conversation = theirs(world, command.by, "wrapup.complete", command.conversation)
    if conversation.status is ConversationState.CLOSED:
        return
    _check(conversation)
    code = _code(world, conversation, command.code)
    if command.note:
        conversation.check_room()
        by = command.by
        add_message(world, conversation, by.key, by.connection, command.note, "note")
    conversation.wrap_up_code = code
    is_fixed = world.in_force.queue(conversation.queue).wrap_up == "fixed"
    if not is_fixed or conversation.wrap_up_due_ms is None:
        complete_wrap_up(world, conversation)


def _check(conversation: Conversation) -> None:
    if not conversation.can("complete"):
        raise Refused(Refusal.INVALID_TRANSITION, f"the conversation is {conversation.status}")


def _code(world: World, conversation: Conversation, code: str) -> str:
    """The code, or the queue's default where none is named."""
    queue = world.queues.get(conversation.queue)
    codes = queue.wrap_up_codes if queue is not None else ()
    if not code and queue is not None:
        code = queue.wrap_up_default
    if codes and code not in codes:
        raise Refused(Refusal.BAD_REQUEST, f"code: one of {', '.join(codes)}")
    return code


def extend_wrap_up(world: World, command: ExtendWrapUp) -> None:
    """The agent needs longer, as far as the queue allows.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, INVALID_TRANSITION, or LIMIT_EXCEEDED where no more is left.
    """
    conversation = theirs(world, command.by, "wrapup.extend", command.conversation)
    _check(conversation)
    queue = world.queues.get(conversation.queue)
    max_ms = queue.wrap_up_max_ms if queue is not None else 0
    was_ms, since_ms = conversation.wrap_up_due_ms, conversation.wrap_up_since_ms
    if was_ms is None:
        raise Refused(Refusal.LIMIT_EXCEEDED, "a free wrap-up needs no more time")
    assert since_ms is not None, "a wrap-up that never began"
    due_ms = min(was_ms + command.by_ms, since_ms + max_ms)
    if due_ms <= was_ms:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"a wrap-up here takes at most {max_ms} ms")
    conversation.wrap_up_due_ms = due_ms
    world.timers.set("wrap_up", conversation.id, due_ms)
    left_ms = due_ms - world.now_ms
    agent = AgentId(conversation.agent)
    world.emit(WrapUpStarted(ConversationId(conversation.id), agent, left_ms))
