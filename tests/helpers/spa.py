"""A shop that is one page of many views, on an origin of its own, with the npm package in it.

Owns: unpacking the package, the files, a strict policy with Trusted Types.
Does not know: what a test does on the page.
"""

from __future__ import annotations

import functools
import http.server
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.pages import built_pages

__all__ = ["spa"]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="data:,"><script type="module" src="/main.js"></script></head>
<body><main><h1>A shop of one page</h1></main></body></html>"""
MAIN = """import { load } from "./package/widget/embed.js";
Object.assign(window, { load, embed: { origin: "%s", tenant: "acme", queue: "billing" } });
document.documentElement.className = "ready";
"""


@contextmanager
def spa(folder: Path, port: int, server: str) -> Iterator[str]:
    """Serves it; ``window.load`` is the package's, ``window.embed`` what it is called with."""
    with tarfile.open(built_pages() / "client.tgz") as package:
        package.extractall(folder, filter="data")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "main.js").write_text(MAIN % server, encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src 'self' {server}; img-src data:; "
        f"connect-src {server} {server.replace('http', 'ws', 1)}; "
        "require-trusted-types-for 'script'; trusted-types fairline lit-html"
    )

    class Pages(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *_: object) -> None:
            """A test prints nothing."""

    handler = functools.partial(Pages, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            pages.shutdown()
            thread.join()
