"""What staff ask of a customer's past: to read it, and to erase it.

Owns: whether a look is allowed, for which purpose, how often, and that it is audited before
anything is shown; what the core itself forgets of a customer.
Does not know: what is shown, or what the archive keeps.

Invariants (tests/test_looking.py): no look is granted that is not audited; the looks of the last
hour count on every node alike, for they are in the state; a refused look counts nothing.

A conversation that the core forgot is known to the archive alone. Who belongs to it never changes
any more, so the edge names them in the command, and the core judges as it would have.
"""

from router.closing import forget
from router.commands import EraseCustomer, ReadHistory
from router.errors import Refusal, Refused
from router.events import AuditRecorded, CustomerErased
from router.forgetting import forget_identity
from router.policy import Policy, Purpose
from router.relations import theirs, theirs_in_archive
from router.world import World

__all__ = ["erase_customer", "purpose_for", "read_history"]

HOUR_MS = 3_600_000


def read_history(world: World, command: ReadHistory) -> None:
    """Staff look into a transcript, or into all of a customer's.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, PURPOSE_REQUIRED, or RATE_LIMITED where the person looked
            often enough for this purpose.
    """
    by = command.by
    if command.export:
        _export(world, command)
        return
    if command.conversation in world.conversations.by_id:
        theirs(world, by, "history", command.conversation, confidential=command.confidential)
    elif command.customer is not None:
        who = (command.customer, command.agent)
        theirs_in_archive(world, by, *who, confidential=command.confidential)
    else:
        raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
    _give_purpose(world, command)
    subject = (
        f"customer:{command.customer}"
        if command.conversation is None
        else f"conversation:{command.conversation}"
    )
    world.emit(AuditRecorded(by.key, "history", subject, command.purpose))


def _export(world: World, command: ReadHistory) -> None:
    """A service takes along all that is kept of a customer, or a page of what is kept.

    Raises:
        Refused: FORBIDDEN but for services, PURPOSE_REQUIRED, RATE_LIMITED.
    """
    if command.by.role != "service":
        raise Refused(Refusal.FORBIDDEN, "only a service exports")
    _give_purpose(world, command)
    named = command.customer is not None
    subject = f"customer:{command.customer}" if named else f"archive:{command.export}"
    world.emit(AuditRecorded(command.by.key, "export", subject, command.purpose))


def _give_purpose(world: World, command: ReadHistory) -> None:
    """Checks the purpose of a look, and counts it.

    Raises:
        Refused: PURPOSE_REQUIRED, RATE_LIMITED.
    """
    by = command.by
    purpose = purpose_for(world.policy, by.role, command.purpose)
    if purpose is not None and purpose.per_hour:
        _count(world, f"{by.key} {purpose.id}", purpose.per_hour)


def purpose_for(policy: Policy, role: str, purpose: str) -> Purpose | None:
    """The purpose that the tenant knows by this name; None where it demands none.

    Raises:
        Refused: PURPOSE_REQUIRED, where the tenant demands one and this is none of them.
    """
    if not policy.purposes:
        return None
    for entry in policy.purposes:
        known = entry if isinstance(entry, Purpose) else Purpose(id=entry)
        if known.id == purpose and (not known.roles or role in known.roles):
            return known
    raise Refused(Refusal.PURPOSE_REQUIRED, "purpose: name one that the tenant allows")


def _count(world: World, key: str, per_hour: int) -> None:
    """Notes a look, and drops the hours of those who looked last and no more.

    Raises:
        Refused: RATE_LIMITED.
    """
    past_ms = world.now_ms - HOUR_MS
    looks = [at_ms for at_ms in world.looks.get(key, ()) if at_ms > past_ms]
    if len(looks) >= per_hour:
        text = f"purpose: at most {per_hour} an hour"
        raise Refused(Refusal.RATE_LIMITED, text, retry_ms=looks[-per_hour] - past_ms)
    world.looks.pop(key, None)
    for other, at_ms in list(world.looks.items()):
        if at_ms[-1] > past_ms:
            break
        del world.looks[other]
    world.looks[key] = [*looks, world.now_ms]


def erase_customer(world: World, command: EraseCustomer) -> None:
    """Forgets what is over of a customer's, and the profile; the archive hears of it and follows.

    Raises:
        Refused: FORBIDDEN but for services, INVALID_TRANSITION where a conversation is not over.
    """
    if command.by.role != "service":
        raise Refused(Refusal.FORBIDDEN, "only a service erases")
    known = world.conversations.of_customer(command.customer)
    if any(conversation.ended_at_ms is None for conversation in known):
        raise Refused(Refusal.INVALID_TRANSITION, "end the customer's conversations first")
    for conversation in known:
        world.timers.cancel("forget", conversation.id)
        forget(world, conversation.id)
    customer = world.people.customers.get(command.customer)
    if customer is not None:
        customer.name = ""
        customer.attributes = {}
        customer.contact = ()
        customer.met = []
        if command.whole:
            forget_identity(world, customer)
    subject = f"customer:{command.customer}"
    world.emit(CustomerErased(command.customer))
    world.emit(AuditRecorded(command.by.key, "erase", subject, ""))
