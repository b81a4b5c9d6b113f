"""The HTTP surface over what is kept of conversations: to follow, to read, to hand out.

Owns: the paths, who may ask by HTTP, the form of the answers, how many are read at once.
Does not know: queries, whether a look is allowed (the core says), how a transcript is cut.

Invariants (tests/server/test_exports.py): what anybody said is told to nobody before the look is
in the journal; a page can be gone on from at any later time; an export holds what the core has of
a customer and what is kept, each conversation once.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any, Protocol, TypeVar

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from router import incoming
from router.archive.base import Archive
from router.archive.pages import BY_AGENT, BY_QUEUE, KINDS, Page, PageQuery, Place
from router.cards import Message
from router.commands import ReadHistory
from router.core import Router
from router.errors import ArchiveUnavailable, Refusal, Refused
from router.fields import ID_MAX
from router.ids import CustomerId
from router.looking import purpose_for
from router.rights import may_send
from router.server.asked_for import archive_endpoint, check_limit, query_of
from router.server.calls import Caller, Calls, json_response
from router.server.histories import Histories
from router.server.live_rows import conversation_row, message_rows, profile_row
from router.suggestions import did_you_mean

__all__ = [
    "ArchivePage",
    "ArchiveQuery",
    "ExportQuery",
    "TranscriptPage",
    "TranscriptQuery",
    "export_routes",
]

LIMIT_MAX = 1_000
MESSAGES_MAX = 500
READERS_MAX = 2
WAITING_MAX = 20
MEMORY_BYTES = 1024 * 1024
"""An export that is larger lies in a file until it was sent."""
PIECE = 64 * 1024
SAID = ("conversations", "transcripts", "ratings")
"""The kinds with somebody's words: answers of before the chat, what was said, a comment."""
NO_STORE = {"cache-control": "no-store"}

_Number = Annotated[int, Meta(ge=0, le=ID_MAX)]
_Found = TypeVar("_Found")


class Records(Protocol):
    """Who has the archive."""

    @property
    def archive(self) -> Archive:
        """Where what is kept is read."""

    async def settle(self, tenant: str) -> bool:
        """Writes what waits; whether all that happened is in the archive then."""


class ArchiveQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What a page of the archive is asked by."""

    customer: str = ""
    conversation: str = ""
    agent: str = ""
    queue: str = ""
    since: int = 0
    until: int = 0
    after: str = ""
    limit: int = 100
    purpose: str = ""


class ArchivePage(Struct, frozen=True):
    """Rows, the oldest first; ``next`` asks for those behind them, also for those yet to come."""

    rows: list[dict[str, Any]]
    next: str
    more: bool


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What an export is asked by."""

    purpose: str


class TranscriptQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What a page of a transcript is asked by."""

    after: str = ""
    limit: int = 100
    purpose: str = ""


class TranscriptPage(Struct, frozen=True):
    """Messages, the oldest first; ``next`` asks for the page before them, null where none is."""

    messages: tuple[Message, ...]
    next: str | None


def export_routes(calls: Calls, histories: Histories, records: Records | None) -> list[Route]:
    """The routes, for the public port; ``records`` is None where nothing is kept."""
    exports = _Exports(calls, histories, _Reader(records))
    return [
        Route(
            "/v1/conversations/{conversation}/messages", archive_endpoint(calls, exports.messages)
        ),
        Route("/v1/customers/{customer}/export", archive_endpoint(calls, exports.customer)),
        Route("/v1/archive/{kind}", archive_endpoint(calls, exports.archive)),
    ]


class _Exports:
    """The three answers."""

    def __init__(self, calls: Calls, histories: Histories, reader: "_Reader") -> None:
        self._calls = calls
        self._histories = histories
        self._reader = reader

    async def messages(self, request: Request, caller: Caller) -> Response:
        """A page of one transcript, going back in time."""
        asked = query_of(request, TranscriptQuery)
        check_limit(asked.limit, MESSAGES_MAX)
        wanted = _history(request.path_params["conversation"], asked)
        assert may_send(caller.actor.role, "history"), "so the table says of all who come here"
        reply = await self._histories.answer(wanted, caller.tenant, caller.actor)
        told = reply.messages or ()
        page = TranscriptPage(told, _before(told[0]) if reply.more and told else None)
        return json_response(page, headers=NO_STORE)

    async def archive(self, request: Request, caller: Caller) -> Response:
        """A page of a kind; the look at what was said is written down before it is told."""
        _check_service(caller)
        kind = _kind(request)
        asked = query_of(request, ArchiveQuery)
        check_limit(asked.limit, LIMIT_MAX)
        if not all(0 <= one <= ID_MAX for one in (asked.since, asked.until)):
            raise Refused(Refusal.BAD_REQUEST, f"since, until: expected 0 to {ID_MAX}")
        for name, value, having in (
            ("agent", asked.agent, BY_AGENT),
            ("queue", asked.queue, BY_QUEUE),
        ):
            if value and kind not in having:
                text = f"{name}: of {kind} there is none; there is of {', '.join(having)}"
                raise Refused(Refusal.BAD_REQUEST, text)
        policy = self._calls.office.routers[caller.tenant].policy
        if kind in SAID:
            purpose_for(policy, caller.actor.role, asked.purpose)
        page = await self._reader.page(caller.tenant, kind, asked)
        if kind in SAID and page.rows:
            customer = CustomerId(_whose(page.rows, asked)) or None
            look = ReadHistory(
                by=caller.actor, customer=customer, purpose=asked.purpose, export=kind
            )
            await self._calls.do(caller, look)
        found = ArchivePage([_spoken(row) for row in page.rows], _token(page.place), page.more)
        return json_response(found, headers=NO_STORE)

    async def customer(self, request: Request, caller: Caller) -> Response:
        """All of a customer, once it is written down that it was asked for."""
        _check_service(caller)
        customer = CustomerId(request.path_params["customer"])
        purpose = query_of(request, ExportQuery).purpose
        if not purpose:
            raise Refused(Refusal.BAD_REQUEST, "purpose: say what the export is for")
        look = ReadHistory(by=caller.actor, customer=customer, purpose=purpose, export="customer")
        await self._calls.do(caller, look)
        office = self._calls.office
        router = office.routers[caller.tenant]
        file = await self._reader.export(caller.tenant, router, customer, office.now_ms())
        headers = {**NO_STORE, "content-disposition": "attachment; filename=customer.ndjson"}
        return StreamingResponse(_pieces(file), 200, headers, media_type="application/x-ndjson")


def _kind(request: Request) -> str:
    kind: str = request.path_params["kind"]
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; there are {', '.join(KINDS)}"
        raise Refused(Refusal.NOT_FOUND, f"there is no kind {kind!r}{hint}")
    return kind


def _whose(rows: Iterable[dict[str, Any]], asked: ArchiveQuery) -> str:
    """The one customer whose rows these are; empty where they may be many's."""
    if not (asked.customer or asked.conversation):
        return ""
    return next(str(row["customer"]) for row in rows)


def _check_service(caller: Caller) -> None:
    if caller.actor.role != "service":
        raise Refused(Refusal.FORBIDDEN, "this is for services")


# -- transcripts -------------------------------------------------------------------------------


def _history(conversation: str, asked: TranscriptQuery) -> incoming.History:
    kind, number = asked.after[:1], asked.after[1:]
    if asked.after and not (kind in ("t", "n") and number.isdecimal() and len(number) < 16):
        raise Refused(Refusal.BAD_REQUEST, "after: expected the `next` of the page before")
    return incoming.History(
        id=1,
        conversation=conversation,
        before_seq=int(number) if kind == "t" else None,
        before_note=int(number) if kind == "n" else None,
        limit=asked.limit,
        purpose=asked.purpose,
    )


def _before(message: Message) -> str:
    return f"{'n' if message.kind == 'note' else 't'}{message.seq}"


# -- what is kept ------------------------------------------------------------------------------


class _Reader:
    """Reads in threads, a few at once."""

    def __init__(self, records: Records | None) -> None:
        self._records = records
        self._limiter = trio.CapacityLimiter(READERS_MAX)

    async def page(self, tenant: str, kind: str, asked: ArchiveQuery) -> Page:
        """A page of a kind, what happened a moment ago too.

        Raises:
            Refused: BAD_REQUEST, the place is none; OVERLOADED.
            ArchiveUnavailable: there is none, or not at present.
        """
        if self._records is None:
            raise ArchiveUnavailable("Nothing is kept.")
        wanted = {name: getattr(asked, name) for name in PageQuery.__struct_fields__}
        query = PageQuery(**wanted)
        await _bring_up(self._records, tenant)
        read = partial(self._records.archive.page, tenant, kind, query, _place(asked.after, kind))
        try:
            return await self._run(read)
        except (ValueError, OverflowError):
            raise _no_place() from None

    async def export(
        self, tenant: str, router: Router, customer: CustomerId, now_ms: int
    ) -> IO[bytes]:
        """All there is of a customer, a line each, in a file that is at its beginning.

        Raises:
            Refused: OVERLOADED.
            ArchiveUnavailable: it cannot be read at present.
        """
        archive = None
        if self._records is not None:
            await _bring_up(self._records, tenant)
            archive = self._records.archive
        head: list[dict[str, object]] = [
            {"record": "export", "tenant": tenant, "customer": customer, "at": now_ms},
            *profile_row(router, customer),
        ]
        live = [
            (one.id, [conversation_row(one), *message_rows(one)])
            for one in router.world.conversations.of_customer(customer)
        ]
        kept = () if archive is None else _kept(archive, tenant, customer)
        return await self._run(partial(_write, chain(head, _whole(kept, live))))

    async def _run(self, read: Callable[[], _Found]) -> _Found:
        if self._limiter.statistics().tasks_waiting >= WAITING_MAX:
            raise Refused(Refusal.OVERLOADED, "too many read the archive", retry_ms=1_000)
        return await trio.to_thread.run_sync(read, limiter=self._limiter)


async def _bring_up(records: Records, tenant: str) -> None:
    """What is behind would lack what happened, and tell what was erased.

    Raises:
        ArchiveUnavailable: not all that happened is in the archive.
    """
    if not await records.settle(tenant):
        raise ArchiveUnavailable("The archive is behind.")


def _write(lines: Iterable[dict[str, object]]) -> IO[bytes]:
    """The lines in a file that is at its beginning."""
    file: IO[bytes] = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed by who sends it
    try:
        for row in lines:
            file.write(msgspec.json.encode(row) + b"\n")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _kept(archive: Archive, tenant: str, customer: str) -> Iterator[dict[str, object]]:
    query = PageQuery(customer=customer)
    for kind in KINDS:
        for row in archive.rows(tenant, kind, query):
            yield {"record": kind, **_spoken(row)}


def _whole(
    kept: Iterable[dict[str, object]], live: Iterable[tuple[str, list[dict[str, object]]]]
) -> Iterator[dict[str, object]]:
    """What is kept, and then what the core alone has."""
    seen = set()
    for row in kept:
        if row["record"] == "conversations":
            seen.add(row["conversation"])
        yield row
    for name, rows in live:
        if name not in seen:
            yield from rows


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await trio.to_thread.run_sync(file.read, PIECE):
            yield piece


def _spoken(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose facts are values, not texts of JSON."""
    attributes = row.get("attributes")
    if isinstance(attributes, str):
        row["attributes"] = msgspec.json.decode(attributes)
    return row


def _token(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(token: str, kind: str) -> Place:
    """The place that a token names; none for an empty one.

    Raises:
        Refused: BAD_REQUEST.
    """
    if not token:
        return ()
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=tuple[_Number | str, ...])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise _no_place() from None


def _no_place() -> Refused:
    return Refused(Refusal.BAD_REQUEST, "after: expected the `next` of a page of this kind")
