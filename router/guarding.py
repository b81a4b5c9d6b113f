"""What follows when an agent leaves a customer without an answer.

Owns: the flag for staff, and the way back into the line where the queue's policy says so.
Does not know: when the clock runs (``router.replies``), or how an agent is found.

Invariant: whoever goes back in line keeps the key, and the silent agent counts as a decliner.
"""

from router.conversations import Conversation
from router.events import ReplyMissed
from router.ids import AgentId, ConversationId
from router.placing import refuse_agent
from router.replies import show
from router.serving import send_back
from router.world import World

__all__ = ["reply_overdue"]


def reply_overdue(world: World, conversation: Conversation) -> None:
    """The agent has not answered within the queue's ``reply_within_ms``."""
    agent = conversation.agent
    queue = world.queues.get(conversation.queue)
    is_requeued = queue is not None and queue.no_reply == "requeue"
    since_ms = conversation.unanswered_since_ms
    assert since_ms is not None, f"{conversation.id} has its answer"
    conversation.is_overdue = True
    show(world, conversation)
    waited_ms = world.now_ms - since_ms
    world.emit(ReplyMissed(ConversationId(conversation.id), AgentId(agent), waited_ms, is_requeued))
    if is_requeued:
        send_back(world, conversation, "no_reply")
        refuse_agent(world, conversation, agent)
