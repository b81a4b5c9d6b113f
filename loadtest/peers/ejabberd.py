"""Starts an ejabberd of the benchmark's own: an XMPP server on loopback, in a folder that goes.

Owns: its configuration, its process. Does not know: XMPP.

It is started without a node name, so that it neither needs nor leaves an ``epmd`` behind. Its
schedulers do not spin while they wait (``+sbwt none``): what they would take so is not the work.
Accounts are made by who comes; nothing is encrypted, as with all others here.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["NOT_INSTALLED", "ejabberd", "is_installed"]

NOT_INSTALLED = (
    "EJABBERD IS NOT INSTALLED, SO NOTHING IS COMPARED WITH IT: apt-get install ejabberd "
    "(and stop the one that the package starts: systemctl stop ejabberd)"
)
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
STARTS_WITHIN_S = 60.0
CONFIG = """
loglevel: warning
hosts: ["localhost"]
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{/ws: ejabberd_http_ws}}
auth_method: [internal]
auth_password_format: plain
registration_timeout: infinity
access_rules: {{anybody: [{{allow: all}}]}}
modules:
  mod_register: {{access: anybody, ip_access: anybody}}
  mod_roster: {{}}
"""


def is_installed() -> bool:
    """Whether Debian's ejabberd is there."""
    return shutil.which("erl") is not None and _folder() is not None


def _folder() -> Path | None:
    return next(iter(sorted(LIBRARIES.glob("ejabberd-*/ebin"))), None)


@contextmanager
def ejabberd() -> Iterator[tuple[int, int]]:
    """Yields port and process id of a server whose WebSockets are at ``/ws``.

    Raises:
        RuntimeError: it did not start; has its last words.
    """
    with tempfile.TemporaryDirectory(prefix="fairline-ejabberd-") as name:
        folder = Path(name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        config, log = folder / "ejabberd.yml", folder / "ejabberd.log"
        config.write_text(CONFIG.format(port=port), "utf-8")
        spins = [word for kind in ("sbwt", "sbwtdcpu", "sbwtdio") for word in (f"+{kind}", "none")]
        command = ["erl", "-noinput", *spins, "-mnesia", "dir", f'"{folder / "db"}"']
        environment = os.environ | {
            "ERL_LIBS": str(LIBRARIES),
            "ERL_CRASH_DUMP": str(folder / "crash.dump"),
            "EJABBERD_CONFIG_PATH": str(config),
            "EJABBERD_LOG_PATH": str(log),
            "HOME": name,
        }
        out = folder / "out"
        with out.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - a tool found on the path
                [*command, "-s", "ejabberd"],
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=name,
            )
        try:
            _wait_for(port, process, (out, log))
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", logs: tuple[Path, ...]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    last = "\n".join(log.read_text(errors="replace")[-1000:] for log in logs if log.exists())
    raise RuntimeError(f"ejabberd did not start:\n{last}")
