"""A day with one server, as the pages have it: http.md, then journal.md and what-if.md.

What http.md asks for by HTTP is in the journal afterwards, which journal.md shows, verifies and
copies, and what-if.md plays again under another policy and with more agents.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.blocks import ROOT, blocks
from tests.helpers.real_server import free_port

_READY = "import sys, urllib.request as r; r.urlopen(sys.argv[1])"


def run_blocks(page: str) -> list[str]:
    found = [one.text for one in blocks([ROOT / page], "sh") if one.mark == "run"]
    assert found, f"{page} has nothing to be run"
    return found


@pytest.mark.process
def test_the_pages_of_one_day_work_as_they_stand(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    ours = tmp_path / "bin" / "fairline"
    ours.parent.mkdir()
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m router "$@"\n', encoding="utf-8")
    ours.chmod(0o755)
    (tmp_path / "config").symlink_to(ROOT / "config")
    url = f"http://{address}/readyz"
    script = [
        "set -e",
        "fairline init .",
        "fairline serve --config fairline.toml & server=$!",
        "trap 'kill $server' EXIT",
        f'until "{sys.executable}" -c "{_READY}" {url} 2>&-; do :; done',
        *(text.replace("127.0.0.1:8080", address) for text in run_blocks("docs/http.md")),
        "fairline policy pull --config fairline.toml > other.toml",
        "kill $server; wait $server; trap - EXIT",
        *run_blocks("docs/journal.md"),
        *run_blocks("docs/how-to/what-if.md"),
    ]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{ours.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FAIRLINE_SERVER__BIND": address,
            "FAIRLINE_SERVER__JOURNAL_KEEP": "all",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    asked = re.search(r'{"conversation":.*?}', done.stdout)
    assert asked is not None, done.stdout
    conversation = json.loads(asked[0])["conversation"]
    shown = [line for line in done.stdout.splitlines() if "RequestConversation" in line]
    assert any(conversation in line for line in shown), done.stdout
    assert (tmp_path / "shop.svg").stat().st_size > 1_000
    assert list((tmp_path / "monday").rglob("*.segment"))
    assert "again" in done.stdout
