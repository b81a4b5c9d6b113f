"""Finds the knee: how many conversations a second a server takes before offers become slow.

Owns: when a window counts as slow, and which rate is the knee. Does not know: how it was measured.

Invariant (tests/loadtest/test_knee.py): one slow window between good ones is chance and moves
nothing; two in a row, or a slow last one, are the end.
"""

from collections.abc import Sequence
from typing import Any

__all__ = ["knee_of"]


def knee_of(windows: Sequence[dict[str, Any]], p99_ms_max: float) -> dict[str, Any]:
    """The highest rate before the end, whether the end was reached, and the windows.

    Args:
        windows: In the order of their rates: ``per_s``, and ``p99_ms``, None where some
            conversations were not offered at all.
        p99_ms_max: What is not slow.
    """
    slow = [row["p99_ms"] is None or row["p99_ms"] > p99_ms_max for row in windows]
    best: float | None = None
    for index, row in enumerate(windows):
        if not slow[index]:
            best = max(best or 0.0, row["per_s"])
        elif index + 1 == len(windows) or slow[index + 1]:
            return {"per_s": best, "is_reached": True, "windows": list(windows)}
    return {"per_s": best, "is_reached": False, "windows": list(windows)}
