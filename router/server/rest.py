"""The HTTP surface for back ends: the socket's commands and reads, one request each.

Owns: which path is which command or read, how a request becomes one, the answers' form.
Does not know: how a command is done (``router.server.calls``), what may be done by whom.

Invariants (tests/server/test_rest.py): every path here is in ``/v1/openapi.json`` and the other way
round; a command that creates something needs an ``Idempotency-Key``, and the same key does it once;
a wrong body is answered with the path of what is wrong in it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router import incoming, listings, outgoing
from router.changes import Change
from router.commands import RequestConversation, SetPolicy
from router.errors import Refusal, Refused
from router.explained import Explained
from router.mistaken import policy_mistakes
from router.policy import Policy
from router.requests import command_for
from router.rights import may_send
from router.server.asked_for import check_parameter
from router.server.calls import Caller, Calls, json_response, refusal
from router.server.mends import with_mend
from router.server.policy_tags import place_of, policy_tag
from router.server.rest_reads import (
    PAGE_MAX,
    Answer,
    Queues,
    Reading,
    read_agent,
    read_agents,
    read_conversation,
    read_conversations,
    read_explain,
    read_policy,
    read_queue,
    read_queues,
    read_shares,
)
from router.shares import Shares
from router.suggestions import all_mistakes, did_you_mean

__all__ = ["OPERATIONS", "Operation", "rest_routes"]

BODY_BYTES_MAX = 65_536
TRACEPARENT_MAX = 128
PRECONDITION_FAILED = 412

_NO_KEY = (
    "idempotency-key: send this header with 1 to 64 characters of your own, such as an order's"
    " number; whoever sends the same once more does nothing twice"
)


class Asked(Struct, frozen=True, omit_defaults=True):
    """The conversation that was asked for; ``joined``: it was in line already."""

    conversation: str
    status: str
    position: int | None = None
    ahead: int | None = None
    joined: bool = False


class Said(Struct, frozen=True):
    """The number of a message in its conversation."""

    seq: int


class Changed(Struct, frozen=True):
    """What another policy changed, by value; ``old`` or ``new`` is null where there is none."""

    changes: tuple[Change, ...]


class Operation(NamedTuple):
    """One path and method.

    ``message`` is the command that the body is for, or the one whose right a read needs;
    ``answer`` the Struct of the answer, None where there is nothing to say (204); ``read`` makes
    the answer of a read, ``query`` names what it may be asked by, with what each means; ``whole``
    is the field that the whole body is for.
    """

    method: str
    path: str
    says: str
    message: Any
    answer: Any = None
    read: Answer | None = None
    query: Mapping[str, str] = MappingProxyType({})
    whole: str = ""

    @property
    def is_keyed(self) -> bool:
        """Whether it creates something, and so needs an ``Idempotency-Key``."""
        return self.read is None and "op" in self.message.__struct_fields__


# -- the table ---------------------------------------------------------------------------------

_ONE = "/v1/conversations/{conversation}"
_PAGE = {
    "after": "The `next` of the page before.",
    "limit": f"Rows at most, 1 to {PAGE_MAX}; 100 unless told.",
}
OPERATIONS = (
    Operation(
        "POST", "/v1/conversations", "Ask for a conversation in a customer's name.",
        incoming.ConversationRequest, Asked,
    ),
    Operation(
        "GET", "/v1/conversations", "The conversations of now and of the last minutes, by arrival.",
        incoming.Explain, listings.Conversations, read_conversations,
        {"status": "In this status.", "queue": "Of this queue.", "customer": "Of this customer.",
         "agent": "Which this agent has, or had last.", "channel": "Of this channel.", **_PAGE},
    ),
    Operation(
        "GET", _ONE, "One conversation, without what was said in it.",
        incoming.Explain, listings.ConversationRow, read_conversation,
    ),
    Operation("POST", f"{_ONE}/messages", "Say something in it.", incoming.MessageSend, Said),
    Operation("POST", f"{_ONE}/transfer", "Pass it on.", incoming.ConversationTransfer),
    Operation("POST", f"{_ONE}/cancel", "Take it out of the line.", incoming.ConversationCancel),
    Operation("POST", f"{_ONE}/end", "End it.", incoming.ConversationEnd),
    Operation("POST", f"{_ONE}/assign", "Give it to an agent.", incoming.ConversationAssign),
    Operation("PUT", f"{_ONE}/priority", "Set its class.", incoming.ConversationPriority),
    Operation("PUT", f"{_ONE}/score", "Set a part of its score from outside.", incoming.ScoreSet),
    Operation(
        "GET", f"{_ONE}/explain", "Why it waits, or why it went to whom.",
        incoming.Explain, Explained, read_explain, {"agent": "This agent alone."},
    ),
    Operation(
        "GET", "/v1/agents", "The agents, by id.",
        incoming.Explain, listings.Agents, read_agents,
        {"show": "Shown as this.", "state": "Doing this, as in presence topics.",
         "name": "With this in their name or id.", **_PAGE},
    ),
    Operation(
        "GET", "/v1/agents/{agent}", "One agent.", incoming.Explain, listings.AgentRow, read_agent
    ),
    Operation(
        "GET", "/v1/shares", "How offers and work were shared among agents, over 30 minutes.",
        incoming.AgentPresence, Shares, read_shares, _PAGE,
    ),
    Operation("PUT", "/v1/agents/{agent}/presence", "Set their presence.", incoming.AgentPresence),
    Operation("PUT", "/v1/agents/{agent}/skills", "Set what they can do.", incoming.AgentSkills),
    Operation(
        "GET", "/v1/agents/{agent}/explain", "Why they get work, or none.",
        incoming.Explain, Explained, read_explain,
    ),
    Operation(
        "GET", "/v1/queues", "Every queue with its figures.", incoming.Explain, Queues, read_queues
    ),
    Operation(
        "GET", "/v1/queues/{queue}", "One queue with its figures.",
        incoming.Explain, outgoing.QueueFigures, read_queue,
    ),
    Operation("GET", "/v1/policy", "The policy in force.", incoming.PolicyGet, Policy, read_policy),
    Operation(
        "PUT", "/v1/policy", "Put another policy in force, whole or not at all.",
        incoming.PolicySet, Changed, whole="policy",
    ),
)  # fmt: skip


# -- requests ----------------------------------------------------------------------------------


def rest_routes(calls: Calls) -> list[Route]:
    """The routes of all operations."""
    by_path: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, []).append(operation)
    return [
        Route(path, _endpoint(found, calls), methods=[one.method for one in found])
        for path, found in by_path.items()
    ]


def _endpoint(found: Iterable[Operation], calls: Calls) -> Callable[[Request], Awaitable[Response]]:
    by_method = {operation.method: operation for operation in found}

    async def serve(request: Request, caller: Caller) -> Response:
        operation = by_method["GET" if request.method == "HEAD" else request.method]
        _check_role(caller, operation)
        try:
            if operation.read is not None:
                return _read(operation, calls, caller, request)
            return await _do(operation, calls, caller, request)
        except Refused as refused:
            raise with_mend(refused, calls.office.routers[caller.tenant], operation.path) from None

    return partial(calls.answer, serve=serve, unknown="ask again with the same key")


def _check_role(caller: Caller, operation: Operation) -> None:
    if not may_send(caller.actor.role, str(operation.message.__struct_config__.tag)):
        raise Refused(Refusal.FORBIDDEN, f"this is not for {caller.actor.role}s")


def _read(operation: Operation, calls: Calls, caller: Caller, request: Request) -> Response:
    query = dict(request.query_params)
    for name in query:
        check_parameter(name, operation.query)
    router = calls.office.routers[caller.tenant]
    path = {name: str(value) for name, value in request.path_params.items()}
    assert operation.read is not None, "reads have one"
    return json_response(
        operation.read(Reading(caller, calls.office, router, calls.office.now_ms(), path, query)),
        headers=policy_tag(router) if operation.answer is Policy else None,
    )


async def _do(operation: Operation, calls: Calls, caller: Caller, request: Request) -> Response:
    message = await _message(operation, request)
    command = command_for(message, caller.actor, calls.office.new_id)
    if isinstance(command, SetPolicy):
        return await _put_policy(command, calls, caller, request)
    if isinstance(command, RequestConversation):
        traceparent = request.headers.get("traceparent", "")[:TRACEPARENT_MAX]
        calls.office.note_trace(command.conversation, traceparent)
    answered = (await calls.do(caller, command)).answer
    if operation.answer is Asked:
        asked = Asked(
            conversation=answered.conversation or "",
            status=answered.status or "",
            position=answered.position,
            ahead=answered.ahead,
            joined=answered.joined,
        )
        where = {"location": f"{operation.path}/{asked.conversation}"}
        return json_response(asked, 200 if answered.joined else 201, where)
    if operation.answer is Said:
        return json_response(Said(answered.seq or 0), 201)
    return Response(status_code=204)


async def _put_policy(
    command: SetPolicy, calls: Calls, caller: Caller, request: Request
) -> Response:
    """Puts a policy in force, with ``If-Match`` only over the one that the caller has read."""
    router = calls.office.routers[caller.tenant]
    wanted = request.headers.get("if-match", "")
    try:
        over = place_of(wanted, router)
        await calls.do(caller, msgspec.structs.replace(command, over=over))
    except Refused as refused:
        if refused.code is not Refusal.CONFLICT:
            raise
        return refusal(refused, PRECONDITION_FAILED)
    changed = Changed(calls.office.policy_changes(caller.tenant, command.policy))
    return json_response(changed, headers=policy_tag(router, of=command.policy))


async def _message(operation: Operation, request: Request) -> incoming.Incoming:
    """The command's message, made of the path, the body and the key.

    Raises:
        Refused: BAD_REQUEST, with the path of what is wrong.
    """
    fields = await _body(request)
    told = {operation.whole: fields} if operation.whole else fields
    if not isinstance(told, dict):
        raise Refused(Refusal.BAD_REQUEST, "expected an object")
    for name in ("op", "id", "t", *request.path_params):
        if name in told and not operation.whole:
            raise Refused(Refusal.BAD_REQUEST, f"{name}: does not belong in the body")
    _check_names(told, operation.message.__struct_encode_fields__)
    if operation.is_keyed:
        told["op"] = request.headers.get("idempotency-key", "")
        if not told["op"]:
            raise Refused(Refusal.BAD_REQUEST, _NO_KEY)
    told.update(request.path_params, id=1, t=operation.message.__struct_config__.tag)
    if operation.whole and (found := policy_mistakes(fields, operation.whole)):
        raise Refused(Refusal.BAD_REQUEST, found)
    try:
        message: incoming.Incoming = msgspec.convert(told, operation.message)
    except msgspec.ValidationError as error:
        del told["t"]
        found = all_mistakes(told, operation.message, "") or str(error)
        found = re.sub(r"(^|; )op: ", r"\1idempotency-key: ", found)
        raise Refused(Refusal.BAD_REQUEST, found) from None
    return message


def _check_names(told: Iterable[str], known: Sequence[str]) -> None:
    """A name that nothing reads is a mistake of whoever calls, and would be lost without a word."""
    for name in told:
        if name not in known:
            raise Refused(
                Refusal.BAD_REQUEST, f"{name}: there is no such field{did_you_mean(name, known)}"
            )


async def _body(request: Request) -> Any:  # noqa: ANN401 - whatever JSON holds
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise Refused(Refusal.BAD_REQUEST, f"expected at most {BODY_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refused(Refusal.BAD_REQUEST, f"expected JSON: {error}") from None
