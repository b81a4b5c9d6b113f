"""Another system: a real HTTP server on loopback that keeps what it is sent.

Owns: the thread, the requests, what it answers next. Does not know: who sends.
"""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

__all__ = ["Posted", "Receiver", "receiver"]


class Posted(NamedTuple):
    """One request; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """What the body says."""
        event: dict[str, Any] = msgspec.json.decode(self.body)
        return event


class Receiver:
    """What came, and what is answered: ``answer`` gives a status and further headers."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answer: Callable[[Posted], tuple[int, dict[str, str]]] = lambda _: (204, {})
        self.url = ""

    def kinds(self) -> list[str]:
        """The types of all events, in the order in which they came."""
        return [posted.event["type"] for posted in self.posted]


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Listens on loopback."""
    kept = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            posted = Posted(self.path, headers, body)
            kept.posted.append(posted)
            status, more = kept.answer(posted)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # else the kernel drops the ninth visitor for a second

    server = Server(("127.0.0.1", port), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
