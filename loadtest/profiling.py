"""Says which part of the server took how much, from stacks that py-spy sampled.

Owns: the names of the parts. Does not know: how stacks are sampled.

Invariant (tests/loadtest/test_profiling.py): every sample belongs to one part, that of the code
that ran, not of who called it; shares add up to 1. What C code takes (encoding, the system's
calls) counts for the Python line that called it.
"""

import re
from collections import Counter
from typing import Any

__all__ = ["parts"]

FRAME = re.compile(r"\(([^()]+?)(?::\d+)?\)$")
FIGURES = "folds|board_figures|places|topics|metrics|service_figures|strain|pulse"
SOCKETS = "socket|gate|meter|writer|flow|outbox|visit|front|connection|gateway|tickets|links|hub"
MESSAGES = "wire|session|turns|limits|steps|requests|incoming|outgoing|rights"
SHOWN = "deliveries|views|cards|listings|boards|explain|explained|outlook|facts|replies"
MEASURES = "measures|estimate|overtaking|regression|tallies|waitlaw|scores|figures"
PARTS = (
    ("journal", r"router/journal/"),
    ("figures for boards and metrics", rf"router/server/({FIGURES})\.py|router/({MEASURES})\.py"),
    ("sockets and fan-out", rf"router/server/({SOCKETS})\.py"),
    ("archive", r"router/archive/|router/server/archiving\.py"),
    ("server, the rest", r"router/server/"),
    ("reading and checking messages", rf"router/({MESSAGES})\.py"),
    ("what whom is shown", rf"router/({SHOWN})\.py"),
    ("core", r"router/[a-z_]+\.py"),
    ("WebSocket library", r"trio_websocket|wsproto|h11"),
    ("trio", r"(^|/)(trio|outcome)/"),
    ("tokens", r"joserfc|cryptography|hmac"),
    ("metrics library", r"prometheus_client"),
)
_KNOWN = tuple((name, re.compile(pattern)) for name, pattern in PARTS)


def parts(stacks: str, cpu_ms: float | None) -> list[dict[str, Any]]:
    """Share of each part, the greatest first, and its ms of each conversation's CPU.

    Args:
        stacks: Lines of frames, outermost first, joined by semicolons, and a count.
        cpu_ms: What one conversation takes in all.
    """
    counts: Counter[str] = Counter()
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        if count.isdecimal():
            counts[_part(frames.rpartition(";")[2])] += int(count)
    total = sum(counts.values())
    return [
        {
            "part": name,
            "share": round(count / total, 4),
            "ms": None if cpu_ms is None else round(cpu_ms * count / total, 3),
        }
        for name, count in counts.most_common()
    ]


def _part(frame: str) -> str:
    found = FRAME.search(frame)
    path = found[1] if found else frame
    return next((name for name, pattern in _KNOWN if pattern.search(path)), "Python and the system")
