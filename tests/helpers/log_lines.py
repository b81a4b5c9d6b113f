"""The lines of the log, for a test that reads them."""

import io
import json
from typing import Any

from router.server import logs
from router.server.clock import Clock

__all__ = ["log_lines", "read_lines"]


def log_lines() -> io.StringIO:
    """Where the log goes from now on, a JSON object a line."""
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    return stream


def read_lines(lines: io.StringIO) -> list[dict[str, Any]]:
    """All that was logged."""
    return [json.loads(line) for line in lines.getvalue().splitlines()]
