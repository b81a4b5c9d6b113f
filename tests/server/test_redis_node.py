"""``fairline serve`` on a Redis whose user may do what Fairline does and nothing else.

What an operator asks meanwhile, over the command line, is asked here, too.
"""

import json
import re
from itertools import count
from pathlib import Path

import pytest

from router.journal.redis_link import KINDS
from router.journal.redis_rights import ACL
from router.server.redis_watch import PROBE
from tests.helpers.commands import Ended
from tests.helpers.outsider import until
from tests.helpers.outsider_server import HOST, Server
from tests.helpers.real_server import free_port
from tests.helpers.redis_server import redis_server
from tests.server.test_durability import chat, said, talk

pytestmark = pytest.mark.process


def test_a_node_lives_with_the_rights_of_the_page_and_answers_its_operators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with redis_server(tmp_path / "redis") as redis:
        redis.ask("ACL", "SETUSER", "fairline", "on", ">hush", *ACL.split())
        redis.ask("ACL", "SETUSER", "default", "off")
        url = redis.url.replace("://", "://fairline:hush@")
        terms = {"journal": "redis", "redis_url": url, "node": "one", "snapshot_commands": 5}
        terms |= {"bind": f"{HOST}:{free_port()}", "snapshot_ms": 1_000}
        config = ("--config", str(tmp_path / "fairline.toml"))
        server = Server(tmp_path, {"acme": {}}, terms)
        first = Ended(capsys, "upgrade", *config)
        assert (first.code, "no journal yet" in first.out) == (0, True)
        assert Ended(capsys, "check", *config).err == ""
        with server.running():
            carl, conversation = talk(server)
            rounds = count()

            def is_trimmed() -> bool:
                chat(server, carl, conversation, 3, f"round {next(rounds)} ")
                return bool(said(server, "journal.trimmed"))

            until(is_trimmed, "the journal is trimmed", 40, lambda: server.log()[-2_000:])
            for command in ("reload", "doctor"):
                assert Ended(capsys, command, *config).code == 0, command
            shown = Ended(capsys, "journal", "show", *config, "--json", "--limit", "3")
            assert [json.loads(line)["tenant"] for line in shown.out.splitlines()]
            assert Ended(capsys, "journal", "verify", *config).out.endswith("fine\n")
            proved = json.loads(Ended(capsys, "journal", "verify", *config, "--json").out)
            assert proved["proved"] == proved["snapshots"] != []
            skip = Ended(capsys, "journal", "skip", "2", *config, "--tenant", "acme")
            assert (skip.code, "one serves; stop it first" in skip.err) == (1, True)
            backup = Ended(capsys, "journal", "backup", str(tmp_path / "copy"), *config)
            assert (backup.code, "is copied as Redis is" in backup.err) == (1, True)
            gone = Ended(capsys, "replay", *config)
            assert (gone.code, "is kept no more" in gone.err) == (1, True)
            page = server.get("/metrics")[2].decode()
            assert "fairline_redis_owner 1.0" in page
            assert "fairline_redis_durable 1.0" in page
            for op in (*KINDS, PROBE):
                found = re.search(rf'redis_command_seconds_count{{op="{op}"}} (\d+)', page)
                assert found, op
                assert int(found[1]) > 0 or op == "read", op  # nobody had to
            told = server.log()
            drained = Ended(capsys, "drain", *config)
            assert (drained.code, "drained and ended" in drained.out) == (0, True), drained.err
        assert "NOPERM" not in told
        assert "hush" not in told
        assert "redis.not_durable" not in told
        later = Ended(capsys, "upgrade", *config)
        assert (later.code, "It would start" in later.out) == (0, True), later.out
        assert Ended(capsys, "journal", "skip", "2", *config, "--tenant", "acme").code == 0
