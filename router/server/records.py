"""The HTTP surface over what is kept: the audit trail, and the erasure of a customer.

Owns: the paths, who may ask by HTTP, the form of the answers.
Does not know: how a token is checked, what is kept where, what erasing means.

Invariants (tests/server/test_records.py): without a token of the right role nothing is told, not
even whether there is such a customer; an erasure is answered when it is in the journal.
"""

from typing import Protocol

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.archive.base import Archive, AuditQuery, Seen
from router.commands import EraseCustomer
from router.errors import ArchiveUnavailable, Refusal, Refused
from router.fields import ID_MAX
from router.ids import CustomerId
from router.server.asked_for import archive_endpoint, check_limit, query_of
from router.server.calls import Caller, Calls, json_response

__all__ = ["AuditPage", "Records", "TrailQuery", "records_routes"]

LIMIT_MAX = 1_000
AFTER_DIGITS_MAX = 15


class Records(Protocol):
    """Who has the archive."""

    @property
    def archive(self) -> Archive:
        """Where the trail is read."""

    async def settle(self, tenant: str) -> bool:
        """Writes what waits; whether all that happened is in the archive then."""


class TrailQuery(AuditQuery, frozen=True):
    """Lines of the audit trail, as they are asked for by HTTP: ``after`` is the ``next`` of a page.

    ``before`` is the same as a number, from when there was no other way.
    """

    after: str = ""


class AuditPage(msgspec.Struct, frozen=True):
    """Lines of the audit trail, the newest first; ``next`` (``before``) asks for those behind."""

    entries: list[Seen]
    next: str | None
    before: int | None


def records_routes(calls: Calls, records: Records | None) -> list[Route]:
    """The routes, for the public port; ``records`` is None where nothing is kept."""

    async def audit(request: Request, caller: Caller) -> Response:
        if caller.actor.teams:
            raise Refused(Refusal.FORBIDDEN, "this is for supervisors of all teams")
        query = _query(request)
        entries = await _read(records, caller.tenant, query)
        before = entries[-1].entry if len(entries) == query.limit else None
        following = None if before is None else str(before)
        page = AuditPage(entries, following, before)
        return json_response(page, headers={"cache-control": "no-store"})

    async def erase(request: Request, caller: Caller) -> Response:
        if caller.actor.role != "service":
            raise Refused(Refusal.FORBIDDEN, "this is for services")
        customer = CustomerId(request.path_params["customer"])
        await calls.do(caller, EraseCustomer(caller.actor, customer, whole=True))
        is_done = records is None or await records.settle(caller.tenant)
        return Response(status_code=204 if is_done else 202)

    return [
        Route("/v1/audit", archive_endpoint(calls, audit)),
        Route("/v1/customers/{customer}", archive_endpoint(calls, erase), methods=["DELETE"]),
    ]


def _query(request: Request) -> TrailQuery:
    """What is asked for.

    Raises:
        Refused: BAD_REQUEST, with what is wrong.
    """
    query = query_of(request, TrailQuery)
    check_limit(query.limit, LIMIT_MAX)
    if not all(0 <= one <= ID_MAX for one in (query.since, query.until, query.before)):
        raise Refused(Refusal.BAD_REQUEST, f"since, until, before: expected 0 to {ID_MAX}")
    if query.actor and ":" not in query.actor:
        text = f"actor: expected a role and an id, as in agent:{query.actor}"
        raise Refused(Refusal.BAD_REQUEST, text)
    if not query.after:
        return query
    if query.before or not query.after.isdecimal() or len(query.after) > AFTER_DIGITS_MAX:
        raise Refused(Refusal.BAD_REQUEST, "after: expected the next of a page, and no before")
    return msgspec.structs.replace(query, before=int(query.after))


async def _read(records: Records | None, tenant: str, query: AuditQuery) -> list[Seen]:
    """Lines of the trail, those of a moment ago too.

    Raises:
        ArchiveUnavailable: there are none, or not at present.
    """
    if records is None:
        raise ArchiveUnavailable("Nothing is kept.")
    await records.settle(tenant)
    return await trio.to_thread.run_sync(records.archive.audit, tenant, query)
