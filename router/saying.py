"""What is said in a conversation: messages, notes, and what was read.

Owns: who may say what, and who gets to see it. Does not know: how a conversation came to be.

Invariants: a note is seen by staff alone; a customer learns nothing of who listens in, whispers
or consults; everything is checked before anything changes.
"""

from router.commands import ReadMessages, SendMessage
from router.conversations import UNSEEN, Conversation
from router.errors import Refusal, Refused
from router.events import Answer, MessageAdded, MessagesRead
from router.ids import ConnectionId, ConversationId, PersonKey
from router.quiet import hear
from router.relations import theirs
from router.replies import heard
from router.snoozes import wake
from router.states import ConversationState
from router.world import World

__all__ = ["add_message", "read", "say"]


def say(world: World, command: SendMessage) -> Answer:
    """A message or a note; the same ``op`` has the same number again.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, CONFLICT, LIMIT_EXCEEDED, or INVALID_TRANSITION where the
            conversation is over (notes are taken until the wrap-up is done).
    """
    conversation = theirs(world, command.by, "message.send", command.conversation)
    by = command.by.key
    if command.kind == "note" and command.by.role == "customer":
        raise Refused(Refusal.FORBIDDEN, "kind: notes are for staff")
    if command.kind == "text" and conversation.is_unheard(by):
        raise Refused(Refusal.FORBIDDEN, "kind: the customer hears only who joined by barge")
    if conversation.joined and conversation.joined.get(by) == UNSEEN:
        raise Refused(Refusal.FORBIDDEN, "kind: who listens unseen writes nothing; whisper first")
    is_late = conversation.is_over and (
        command.kind == "text" or conversation.status is not ConversationState.WRAP_UP
    )
    if is_late:
        raise Refused(Refusal.INVALID_TRANSITION, "the conversation is over")
    conversation.check_room()
    seq = add_message(world, conversation, by, command.by.connection, command.body, command.kind)
    if command.by.role == "customer" and conversation.status is ConversationState.SNOOZED:
        wake(world, conversation)
    return Answer(conversation=ConversationId(conversation.id), seq=seq)


def add_message(
    world: World,
    conversation: Conversation,
    by: PersonKey,
    connection: ConnectionId,
    body: str,
    kind: str,
) -> int:
    """Appends a message or a note, tells its readers, and returns its number."""
    person = world.people.by_key(by)
    name = person.name if person is not None else ""
    message = conversation.add(by, name, body, kind, world.now_ms)
    readers = conversation.readers() if kind == "text" else tuple(conversation.staff())
    if by not in readers:
        readers = (*readers, by)
    world.emit(
        MessageAdded(
            ConversationId(conversation.id),
            message.seq,
            by,
            name,
            body,
            kind,
            message.at_ms,
            readers,
            connection,
        )
    )
    hear(world, conversation)
    if kind == "text":
        heard(world, conversation)
    return message.seq


def read(world: World, command: ReadMessages) -> None:
    """Everything up to ``seq`` was read; less than before changes nothing.

    Nor does what somebody read of whom the customer does not know.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, or BAD_REQUEST for a number that does not exist.
    """
    conversation = theirs(world, command.by, "message.read", command.conversation)
    by = command.by.key
    if not 0 <= command.seq <= conversation.seq:
        raise Refused(Refusal.BAD_REQUEST, f"seq: the last message is {conversation.seq}")
    if command.seq <= conversation.read.get(by, 0) or conversation.is_unheard(by):
        return
    conversation.read[by] = command.seq
    world.emit(
        MessagesRead(
            ConversationId(conversation.id),
            by,
            command.seq,
            conversation.readers(),
            command.by.connection,
        )
    )
