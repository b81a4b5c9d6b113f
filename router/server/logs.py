"""Log lines for people and machines, without anything a customer said.

Owns: the form of a line (JSON or console), which fields may stand in it.
Does not know: who logs, or why; how often one cause may speak (``log_limits``).

Invariants: a line is one line, whatever its values hold; a field that is not in ``FIELDS`` appears
by name alone, so neither messages nor tokens can slip in; what was held back is told, at the latest
``TELL_EVERY_S`` after its window, or at the end.

Event names are words joined by dots or underscores, written in
the source, never made of values: ``log.warning("journal.slow", commit_ms=350, count=12)``.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog
import trio

from router.server.clock import Clock
from router.server.log_limits import Limit

__all__ = ["FIELDS", "configure", "keep_telling", "limit", "logger", "tell_silences"]

FIELDS = frozenset(
    {
        "action", "address", "agent", "at", "attempt", "before", "bind", "cause", "changes",
        "code", "command", "connection", "conversation", "customer", "device", "digest",
        "durability", "error", "event", "exception", "file", "from_id", "from_position", "hash",
        "hook", "is_serving", "journal", "key", "level", "library", "life", "limit", "line",
        "method", "node", "offer", "owner", "partition", "path", "phase", "pid", "port",
        "position", "queue", "reason", "role", "segment", "service", "setting", "shard", "signal",
        "status", "step", "subject", "suppressed", "table", "target", "tenant", "to_id",
        "to_position", "topic_kind", "trace", "type", "url", "version", "withheld", "zone",
    }
)  # fmt: skip
"""Names that may stand in a line with their value; so may numbers ending in ``_MEASURES``."""

_MEASURES = ("_ms", "_s", "_count", "_bytes", "_max", "_rate", "_at", "count", "bytes", "lines")
TELL_EVERY_S = 10.0
TEXT_MAX = 500
TRACE_MAX = 20_000
CHANGES_MAX = 8_000
_LONG = {"exception": TRACE_MAX, "changes": CHANGES_MAX}

Line = MutableMapping[str, Any]
_LOG = structlog.get_logger("fairline.log")
_limit: Limit | None = None


def configure(form: str, clock: Clock, stream: TextIO | None = None, *, node: str = "") -> None:
    """Sends all log lines to ``stream`` (stderr) as ``json`` or for the ``console``.

    Every line says ``node`` if the node has a name, for whoever gathers the lines of several.
    """
    global _limit  # noqa: PLW0603 - the log is one for a process, as structlog's settings are
    target = stream or sys.stderr
    _limit = Limit(clock.steady_ms)
    render: Callable[..., str] = _json if form == "json" else _console
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _Stamp(clock, node),
            _limit,
            structlog.processors.format_exc_info,
            _keep_listed,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


def limit() -> Limit | None:
    """How often causes speak since ``configure``; None before."""
    return _limit


async def keep_telling() -> None:
    """Says what was held back of causes that speak no more, for ever."""
    while True:
        await trio.sleep(TELL_EVERY_S)
        tell_silences()


def tell_silences(*, is_end: bool = False) -> None:
    """Says what was held back: of windows that are over, or at the end of all."""
    for silence in _limit.silences(is_end=is_end) if _limit is not None else ():
        _LOG.warning(
            "log.suppressed", cause=silence.event, suppressed=silence.held_back, **silence.about
        )


def logger(**fields: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines all carry ``fields``; bind more with ``.bind(tenant=...)``."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(**fields)
    return bound


class _Stamp:
    """Puts the time of the one clock first, and behind the event whose line it is."""

    def __init__(self, clock: Clock, node: str) -> None:
        self._clock = clock
        self._node = {"node": node} if node else {}

    def __call__(self, _: object, __: str, line: Line) -> Line:
        at = datetime.fromtimestamp(self._clock.wall_ms() / 1_000, UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"at": stamp, "level": line.pop("level"), "event": line.pop("event")}
        return {**head, **self._node, **line}


def _keep_listed(_: object, __: str, line: Line) -> Line:
    kept: Line = {}
    withheld = []
    for key, value in line.items():
        measured = key.endswith(_MEASURES) and isinstance(value, int | float)
        if key in FIELDS or measured:
            kept[key] = _bounded(value, _LONG.get(key, TEXT_MAX))
        else:
            withheld.append(key)
    if withheld:
        kept["withheld"] = ",".join(sorted(withheld))
    return kept


def _bounded(value: object, length_max: int) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= length_max else text[:length_max] + "…"


def _json(_: object, __: str, line: Line) -> str:
    # JSON escapes control characters below U+0020; the rest of them and what turns text around
    # must not reach a terminal either.
    return _escape(msgspec.json.encode(line).decode())


def _console(_: object, __: str, line: Line) -> str:
    head = f"{line.pop('at')} {line.pop('level'):<8} {_escape(str(line.pop('event')))}"
    trace = str(line.pop("exception", ""))
    fields = "".join(f" {key}={_escape(str(value))}" for key, value in line.items())
    indented = "".join(f"\n    {_escape(part)}" for part in trace.splitlines())
    return head + fields + indented


def _escape(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"


class _Bridge(logging.Handler):
    """Brings the warnings of libraries, and of our own doors, into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record; its text is a library's own, or a door's outline of a failure."""
        ours = _OUR_DOORS.get(record.name)
        if ours is not None:
            logger().log(record.levelno, ours, exception=record.getMessage())
            return
        log = logger(library=record.name)
        log.log(record.levelno, "library.warning", error=record.getMessage())


_OUR_DOORS = {"fairline.front": "front.failed", "fairline.http": "http.failed"}
"""Loggers of modules that log without structlog, each with the name of its event."""
