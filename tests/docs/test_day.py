"""A day with one server, as the pages have it: http.md, then journal.md and what-if.md.

What http.md asks for by HTTP is in the journal afterwards, which journal.md shows, verifies and
copies, and what-if.md plays again under another policy and with more agents.
"""

import json
import re
from pathlib import Path

import pytest

from tests.helpers.blocks import ROOT, blocks
from tests.helpers.real_server import free_port
from tests.helpers.shell import run_lines, until_ready


def run_blocks(page: str) -> list[str]:
    found = [one.text for one in blocks([ROOT / page], "sh") if one.mark == "run"]
    assert found, f"{page} has nothing to be run"
    return found


@pytest.mark.process
def test_the_pages_of_one_day_work_as_they_stand(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    (tmp_path / "config").symlink_to(ROOT / "config")
    script = [
        "fairline init .",
        "fairline serve --config fairline.toml & server=$!",
        "trap 'kill $server' EXIT",
        until_ready(address),
        *(text.replace("127.0.0.1:8080", address) for text in run_blocks("docs/http.md")),
        "fairline policy pull --config fairline.toml > other.toml",
        "kill $server; wait $server; trap - EXIT",
        *run_blocks("docs/journal.md"),
        *run_blocks("docs/how-to/what-if.md"),
    ]
    told = run_lines(tmp_path, script, address, FAIRLINE_SERVER__JOURNAL_KEEP="all")
    asked = re.search(r'{"conversation":.*?}', told)
    assert asked is not None, told
    conversation = json.loads(asked[0])["conversation"]
    shown = [line for line in told.splitlines() if "RequestConversation" in line]
    assert any(conversation in line for line in shown), told
    assert (tmp_path / "shop.svg").stat().st_size > 1_000
    assert list((tmp_path / "monday").rglob("*.segment"))
    assert "again" in told
