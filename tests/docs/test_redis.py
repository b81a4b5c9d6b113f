"""redis.md as it stands: a Redis, a node, one that stands by, and the death of the first.

Only ports are others than on the page, and ``redis-server`` is the Valkey of the tests.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.journal.redis_rights import ACL
from tests.helpers.blocks import ROOT, blocks
from tests.helpers.real_server import free_port
from tests.helpers.redis_server import VALKEY, program_of
from tests.helpers.shell import run_lines

PAGE = ROOT / "docs" / "how-to" / "redis.md"
UNTIL = """
end=$((SECONDS + 40))
until seen=$({command}) && grep -q -- {wanted} <<<"$seen"; do
    [ $SECONDS -lt $end ] || {{ echo "not seen: "{wanted}", but: $seen"; exit 1; }}
    sleep 0.1
done"""


def test_the_user_of_the_page_may_do_what_fairline_does_and_nothing_else() -> None:
    text = PAGE.read_text("utf-8")
    (rules,) = re.findall(r"^user fairline on >\S+ (.*)$", text, re.MULTILINE)
    assert rules == ACL


def _script() -> Iterator[str]:
    """The page's blocks as one script, which ends whatever it starts."""
    yield "trap 'kill -9 $(jobs -p); wait' EXIT"
    for block in blocks([PAGE], "sh"):
        if block.mark.startswith("run: until "):
            wanted = shlex.quote(block.mark.removeprefix("run: until "))
            yield UNTIL.format(command=block.text.strip(), wanted=wanted)
        elif block.mark == "run":
            yield block.text
            if "redis-server" in block.text:
                yield "until (: </dev/tcp/127.0.0.1/6379) 2>&-; do sleep 0.05; done"


@pytest.mark.process
def test_what_the_page_has_one_type_leads_to_a_take_over(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("NOT TESTED: no curl")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "redis-server").symlink_to(program_of(VALKEY))
    first, second, redis = (str(free_port()) for _ in range(3))
    lines = "\n".join(_script()).replace("6379", redis).replace("8081", second)
    told = run_lines(
        tmp_path,
        [f'PATH="{tools}:$PATH"', lines.replace("8080", first)],
        f"127.0.0.1:{first}",
    )
    assert "fine (1 tenant)" in told
