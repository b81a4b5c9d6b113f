"""What is to be delivered to webhooks, on the disk until it is, and for a while after.

Owns: the file, its form, how far each hook has heard of the journal. Does not know: HTTP, when to
try again, what an event is.

Invariants (tests/server/test_hook_store.py): feeding the same events twice changes nothing; what
was put in and how far that is are one transaction, so a crash loses nothing that the journal would
not give again; nothing that waits is ever pruned; what is counted along is what counting finds;
nothing of an erased customer stays when it is over.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from router.errors import StorageError

__all__ = ["FILE_NAME", "STATES", "Delivery", "HookKey", "HookStore", "Listed", "Standing"]

FILE_NAME = "webhooks.sqlite"
"""In ``server.data``."""
BUSY_S = 5.0
VERSION = 1
APPLICATION_ID = 0x46574842
"""``FWHB``: the mark in the head of a file that is ours."""

_TABLES = """
CREATE TABLE places (
    tenant TEXT, hook TEXT, position INTEGER NOT NULL, PRIMARY KEY (tenant, hook)
) WITHOUT ROWID;
CREATE TABLE deliveries (
    tenant TEXT, hook TEXT, position INTEGER, place INTEGER,
    at_ms INTEGER NOT NULL, kind TEXT NOT NULL, customer TEXT NOT NULL, body BLOB NOT NULL,
    due_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0, done_ms INTEGER, outcome TEXT,
    PRIMARY KEY (tenant, hook, position, place)
) WITHOUT ROWID;
CREATE INDEX waiting ON deliveries (tenant, hook, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX done ON deliveries (done_ms) WHERE done_ms IS NOT NULL;
CREATE TABLE mark (epoch TEXT NOT NULL);
"""

_COUNTS = """
CREATE INDEX IF NOT EXISTS oldest ON deliveries (tenant, hook, at_ms) WHERE due_ms IS NOT NULL;
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE counts (
    tenant TEXT, hook TEXT, waiting INTEGER NOT NULL, fresh INTEGER NOT NULL,
    PRIMARY KEY (tenant, hook)
) WITHOUT ROWID;
INSERT INTO counts SELECT tenant, hook, count(*), sum(outcome IS NULL) FROM deliveries
    WHERE due_ms IS NOT NULL GROUP BY tenant, hook;
CREATE TEMP TRIGGER waits AFTER INSERT ON main.deliveries BEGIN
    INSERT OR IGNORE INTO counts VALUES (NEW.tenant, NEW.hook, 0, 0);
    UPDATE counts SET waiting = waiting + 1, fresh = fresh + 1
        WHERE tenant = NEW.tenant AND hook = NEW.hook;
END;
CREATE TEMP TRIGGER goes_on AFTER UPDATE OF due_ms, outcome ON main.deliveries BEGIN
    INSERT OR IGNORE INTO counts VALUES (NEW.tenant, NEW.hook, 0, 0);
    UPDATE counts SET
        waiting = waiting + (NEW.due_ms IS NOT NULL) - (OLD.due_ms IS NOT NULL),
        fresh = fresh + (NEW.due_ms IS NOT NULL AND NEW.outcome IS NULL)
            - (OLD.due_ms IS NOT NULL AND OLD.outcome IS NULL)
        WHERE tenant = NEW.tenant AND hook = NEW.hook;
END;
CREATE TEMP TRIGGER goes AFTER DELETE ON main.deliveries WHEN OLD.due_ms IS NOT NULL BEGIN
    UPDATE counts SET waiting = waiting - 1, fresh = fresh - (OLD.outcome IS NULL)
        WHERE tenant = OLD.tenant AND hook = OLD.hook;
END;
"""
"""What waits, counted along in memory in the same transactions: counting anew takes long."""
_END = 2**62
_AGAIN = "again"
"""The outcome of what waits because it was asked for once more."""
_ERASED = "erased"
"""The outcome of what waits and is about a customer who was erased: it is not kept afterwards."""


class HookKey(NamedTuple):
    """A hook, by its tenant and id."""

    tenant: str
    hook: str


class Delivery(NamedTuple):
    """One event for one hook; ``attempts`` counts the tries so far."""

    key: HookKey
    position: int
    place: int
    at_ms: int
    kind: str
    customer: str
    body: bytes
    attempts: int = 0


class Standing(NamedTuple):
    """How a hook stands: what waits, and since when the oldest of it.

    ``fresh`` of it waits for the first time: what is delivered once more was on the disk before.
    """

    waiting: int
    oldest_at_ms: int | None
    fresh: int = 0


class Listed(NamedTuple):
    """A delivery as it stands: ``due_ms`` is when it is tried next, None where it is over."""

    position: int
    place: int
    at_ms: int
    kind: str
    body: bytes
    due_ms: int | None
    attempts: int
    done_ms: int | None
    outcome: str | None


STATES = {
    "waiting": "due_ms IS NOT NULL AND attempts = 0",
    "failed": "(due_ms IS NOT NULL AND attempts > 0 OR outcome = 'gave_up')",
    "delivered": "outcome = 'delivered' AND due_ms IS NULL",
}
"""How deliveries stand, and how that is asked; ``failed`` until they are delivered, or for good."""


class HookStore:
    """The deliveries of all hooks; may be called from any thread, one at a time.

    Every method raises ``StorageError`` where the file cannot be read or written.

    Args:
        file: Where they are kept; None keeps them in memory.
        later: Nobody is told anything yet: the file is opened by ``begin``.
    """

    def __init__(self, file: Path | None, *, later: bool = False) -> None:
        """Opens the file, making it where it is not there.

        Raises:
            StorageError: it cannot be used.
        """
        self._later = file if later else None
        self.listening: Mapping[str, Sequence[str]] = {}
        """By tenant, the hooks that are told at present: the journal is kept for them."""
        self._lock = threading.Lock()
        self._open(None if later else file)

    def _open(self, file: Path | None) -> None:
        name = "webhooks" if file is None else str(file)
        try:
            if file is not None and not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
            connection = sqlite3.connect(
                ":memory:" if file is None else file,
                timeout=BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{name} cannot be opened: {error}.") from error
        try:
            epoch = _prepare(connection, name)
        except BaseException:
            connection.close()
            raise
        self.name, self._file, self._connection, self._epoch = name, file, connection, epoch

    def begin(self) -> None:
        """Opens the file that was left for later, for now somebody is to be told something.

        Raises:
            StorageError: it cannot be used; all is as before.
        """
        with self._lock:
            if self._later is None:
                return
            empty = self._connection
            self._open(self._later)
            self._later = None
            empty.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def event_id(self, delivery: Delivery) -> str:
        """The event's id: the same at every try and for every hook, and never given again."""
        return self.id_of(delivery.key.tenant, delivery.position, delivery.place)

    def id_of(self, tenant: str, position: int, place: int) -> str:
        """The id of the event at this place of a tenant's journal.

        Every tenant counts its positions from 1, and one receiver may hear of several of them. The
        tenant is in it as a digest, for a name may hold the dot that parts what is signed.
        """
        of = blake2b(f"{self._epoch}/{tenant}".encode(), digest_size=8).hexdigest()
        return f"evt_{of}_{position}_{place}"

    def place(self, key: HookKey) -> int | None:
        """Up to which position a hook has heard of everything, durably; None: it is new here."""
        row = self._read("SELECT position FROM places WHERE tenant = ? AND hook = ?", key)
        return None if row is None else int(row[0])

    def add(
        self,
        deliveries: Iterable[Delivery],
        places: Mapping[HookKey, int],
        erased: Iterable[tuple[str, str]] = (),
    ) -> int:
        """Puts in what is to be delivered and how far that is; how many were not there yet.

        What there is of those ``erased``, each a tenant and a customer, goes in the same
        transaction; what of it still waits goes once it is over.

        Raises:
            StorageError: nothing of it is in.
        """
        with self._transaction() as connection:
            added = connection.executemany(
                "INSERT OR IGNORE INTO deliveries (tenant, hook, position, place, at_ms, kind, "
                "customer, body, due_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((*one.key, *one[1:7], one.at_ms) for one in deliveries),
            ).rowcount
            connection.executemany(
                "INSERT OR REPLACE INTO places VALUES (?, ?, ?)",
                ((*key, position) for key, position in places.items()),
            )
            for one in erased:
                connection.execute(
                    "DELETE FROM deliveries WHERE tenant = ? AND customer = ? AND due_ms IS NULL",
                    one,
                )
                connection.execute(
                    "UPDATE deliveries SET outcome = ? WHERE tenant = ? AND customer = ?",
                    (_ERASED, *one),
                )
        return max(added, 0)  # -1 for none at all

    def due(self, key: HookKey, now_ms: int, limit: int) -> list[Delivery]:
        """What is to be tried now, the longest due first."""
        rows = self._read_all(
            "SELECT position, place, at_ms, kind, customer, body, attempts FROM deliveries "
            "WHERE tenant = ? AND hook = ? AND due_ms <= ? ORDER BY due_ms, position, place "
            "LIMIT ?",
            (*key, now_ms, limit),
        )
        return [Delivery(key, *row) for row in rows]

    def next_due_ms(self, key: HookKey) -> int | None:
        """When the next try is due, or None."""
        row = self._read(
            "SELECT min(due_ms) FROM deliveries WHERE tenant = ? AND hook = ? "
            "AND due_ms IS NOT NULL",
            key,
        )
        return None if row is None or row[0] is None else int(row[0])

    def settle(self, deliveries: Sequence[tuple[Delivery, str]], now_ms: int) -> None:
        """These are over, delivered or given up; each with the word for how."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM deliveries WHERE tenant = ? AND hook = ? AND position = ? "
                "AND place = ? AND outcome = ?",
                ((*one.key, one.position, one.place, _ERASED) for one, _ in deliveries),
            )
            connection.executemany(
                "UPDATE deliveries SET due_ms = NULL, done_ms = ?, outcome = ?, "
                "attempts = attempts + 1 "
                "WHERE tenant = ? AND hook = ? AND position = ? AND place = ?",
                ((now_ms, how, *one.key, one.position, one.place) for one, how in deliveries),
            )

    def postpone(self, deliveries: Sequence[tuple[Delivery, int]]) -> None:
        """These failed; each is tried again at its time."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE deliveries SET due_ms = ?, attempts = attempts + 1 "
                "WHERE tenant = ? AND hook = ? AND position = ? AND place = ?",
                ((due_ms, *one.key, one.position, one.place) for one, due_ms in deliveries),
            )

    def replay(self, key: HookKey, from_ms: int, now_ms: int) -> int:
        """Has everything from a time on delivered once more; how many that are."""
        with self._transaction() as connection:
            return connection.execute(
                "UPDATE deliveries SET due_ms = ?, attempts = 0, done_ms = NULL, "
                "outcome = CASE WHEN due_ms IS NULL THEN ? ELSE outcome END "
                "WHERE tenant = ? AND hook = ? AND at_ms >= ?",
                (now_ms, _AGAIN, *key, from_ms),
            ).rowcount

    def listed(
        self, key: HookKey, state: str, before: tuple[int, int] | None, limit: int
    ) -> list[Listed]:
        """Deliveries of a hook, the newest first, behind a position and place; all or of a state.

        A file is read beside whoever writes, for a look may take long where little is found.
        """
        query = (
            "SELECT position, place, at_ms, kind, body, due_ms, attempts, done_ms, outcome "  # noqa: S608 - words of this file
            "FROM deliveries WHERE tenant = ? AND hook = ? AND (position, place) < (?, ?)"
            f"{f' AND {STATES[state]}' if state else ''} "
            "ORDER BY position DESC, place DESC LIMIT ?"
        )
        values = (*key, *(before or (_END, _END)), limit)
        if self._file is None:
            return [Listed(*row) for row in self._read_all(query, values)]
        address = f"file:{quote(str(self._file.absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as beside:
                return [Listed(*row) for row in beside.execute(query, values)]
        except sqlite3.Error as error:
            raise StorageError(f"{self.name} cannot be read: {error}.") from error

    def standing(self, key: HookKey) -> Standing:
        """What waits for a hook."""
        row = self._read(
            "SELECT waiting, (SELECT min(at_ms) FROM deliveries WHERE tenant = counts.tenant "
            "AND hook = counts.hook AND due_ms IS NOT NULL), fresh "
            "FROM counts WHERE tenant = ? AND hook = ?",
            key,
        )
        return Standing(0, None) if row is None else Standing(*row)

    def prune(self, before_ms: int) -> int:
        """Forgets what was over before a time; how many that were."""
        with self._transaction() as connection:
            return connection.execute(
                "DELETE FROM deliveries WHERE done_ms < ?", (before_ms,)
            ).rowcount

    def _read(self, query: str, values: Sequence[str]) -> tuple[int, ...] | None:
        rows = self._read_all(query, values)
        return rows[0] if rows else None

    def _read_all(self, query: str, values: Sequence[str | int]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise StorageError(f"{self.name} cannot be read: {error}.") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):  # what is broken may have rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise StorageError(f"{self.name} cannot be written: {error}.") from error


def _prepare(connection: sqlite3.Connection, name: str) -> str:
    """Makes the tables in a fresh file; returns what its events' ids begin with.

    Raises:
        StorageError: the file is another program's or a later version's.
    """
    run = connection.execute
    try:
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        mark = (
            run("PRAGMA application_id").fetchone()[0],
            run("PRAGMA user_version").fetchone()[0],
        )
        if mark == (0, 0):
            connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif mark != (APPLICATION_ID, VERSION):
            raise StorageError(f"{name} is of a later version or of another program.")
        connection.executescript(_COUNTS)
        # Apart from the tables: whoever was killed in between has told nothing of these ids yet.
        first = "INSERT INTO mark SELECT ? WHERE NOT EXISTS (SELECT 1 FROM mark)"
        run(first, (secrets.token_hex(6),))
        (epoch,) = run("SELECT epoch FROM mark").fetchone()
    except sqlite3.Error as error:
        raise StorageError(f"{name} cannot be used: {error}.") from error
    return str(epoch)
