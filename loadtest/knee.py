"""Finds the knee: how many conversations a second a server takes before offers become slow.

Owns: when a window counts as slow, which say nothing, and which rate is the knee. Does not know:
how it was measured.

Invariant (tests/loadtest/test_knee.py): one slow window between good ones is chance and moves
nothing; two in a row, or a slow last one, are the end. A slow window in which others took of the
machine what the generator needed, so that it was late itself, says nothing about the server, unless
the server had a core to itself: it is passed over and counted; a good one counts all the same.
"""

from collections.abc import Sequence
from typing import Any

__all__ = ["LATE_MS_MAX", "OTHERS_CPU_MAX", "knee_of"]

LATE_MS_MAX = 20.0
"""Beyond this the generator measures itself, or the machine, and not the server."""
OTHERS_CPU_MAX = 0.25
"""Cores: beyond this the machine was shared, and its absolute figures are not the server's."""
CPU_MAX = 0.9
"""Of a core: a server that has so much is not kept from it."""


def knee_of(windows: Sequence[dict[str, Any]], p99_ms_max: float) -> dict[str, Any]:
    """The highest rate before the end, whether the end was reached, and the windows.

    Args:
        windows: In the order of their rates: ``per_s``, and ``p99_ms``, None where some
            conversations were not offered at all; ``others``, the cores that others took,
            ``late_ms``, how late the generator was, and ``cpu_max``, the most that the server took
            in a second.
        p99_ms_max: What is not slow.
    """
    told = [row for row in windows if not (_is_slow(row, p99_ms_max) and _is_void(row))]
    best: float | None = None
    is_reached = False
    for row, after in zip(told, [*told[1:], None], strict=False):
        if not _is_slow(row, p99_ms_max):
            best = max(best or 0.0, row["per_s"])
        elif after is None or _is_slow(after, p99_ms_max):
            is_reached = True
            break
    return {
        "per_s": best,
        "is_reached": is_reached,
        "void": len(windows) - len(told),
        "windows": list(windows),
    }


def _is_slow(row: dict[str, Any], p99_ms_max: float) -> bool:
    return row["p99_ms"] is None or row["p99_ms"] > p99_ms_max


def _is_void(row: dict[str, Any]) -> bool:
    """A server that took a core for a second held itself up, and what came of it was its doing."""
    is_shared = (row["others"] or 0.0) > OTHERS_CPU_MAX
    return is_shared and (row["late_ms"] or 0.0) > LATE_MS_MAX and row["cpu_max"] < CPU_MAX
