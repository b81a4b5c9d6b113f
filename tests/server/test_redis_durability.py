"""The whole server on a Redis: a core that breaks, a damaged snapshot, a folder that is lost."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from router.journal.redis_layout import SNAPSHOTS, STORE, EntryId, snapshot_key
from tests.helpers.outsider import until
from tests.helpers.outsider_server import Server
from tests.helpers.redis_server import RedisServer, redis_server
from tests.server.test_durability import archived, chat, said, talk

pytestmark = pytest.mark.process

BRITTLE_SERVER = """
import sys
from router.commands import RequestConversation
from router.core import Router
apply = Router.apply
def brittle(self, command, now_ms):
    events = apply(self, command, now_ms)
    if isinstance(command, RequestConversation) and command.topic == "poison":
        raise AssertionError("a broken invariant")
    return events
Router.apply = brittle
from router.server.cli import main
main(["serve", "--config", sys.argv[1]])
"""


class BrittleServer(Server):
    """A server whose core breaks over one topic, until it is healed."""

    is_healed = False

    def command(self) -> list[str]:
        if self.is_healed:
            return super().command()
        return [sys.executable, "-c", BRITTLE_SERVER, str(self._config)]


def newest(redis: RedisServer) -> EntryId:
    """At which entry the newest snapshot stands."""
    (found,) = redis.ask("ZRANGE", SNAPSHOTS, -1, -1)
    return EntryId.parse(found)


def test_redis_dies_poison_is_left_out_and_a_life_without_a_folder_knows_everything_else(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path / "redis") as redis:
        terms = {"journal": "redis", "redis_url": redis.url, "node": "one"}
        terms |= {"snapshot_commands": 5, "snapshot_ms": 1_000}  # type: ignore[dict-item]
        server = BrittleServer(tmp_path, {"acme": {}}, terms)
        with server.running():
            carl, conversation = talk(server)
            until(lambda: said(server, "snapshot.written"), "a snapshot is written")
            redis.kill()
            redis.start()
            again = {"conversation": conversation, "op": "a0", "body": "a0"}
            until(lambda: carl.ask("message.send", **again)["ok"], "Redis is back")
            dora = server.person("acme", "customer", "dora")
            asked = {"op": "r1", "queue": "billing", "channel": "chat", "topic": "poison"}
            refused = dora.ask("conversation.request", **asked)
            assert refused["err"]["code"] == 100
            assert len(said(server, "core.command_broke")) == 1
            skipped = int(redis.ask("HGET", STORE, "sequence"))
            chat(server, carl, conversation, 10, "b")
            until(lambda: newest(redis).sequence > skipped, "the second process is past it")
            page = server.get("/metrics")[2].decode()
            assert 'fairline_invariant_violations_total{kind="digest"} 0.0' in page
            until(lambda: archived(tmp_path) >= 29, "the archive has come so far")
            server.kill()
            server.hang_up()
            redis.ask("HSET", snapshot_key(newest(redis)), "0", b"rubbish")
            for path in (tmp_path / "data").iterdir():
                if path.name != "archive":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            server.is_healed = True
            server.start()
            assert len(said(server, "snapshot.not_used")) >= 1
            (opened,) = said(server, "journal.opened")
            assert isinstance(opened["replay_count"], int)
            assert opened["replay_count"] < 25, json.dumps(opened)
            carl = server.person("acme", "customer", "carl")
            reply = carl.do("message.send", conversation=conversation, op="b9", body="b9")
            assert reply["seq"] == 25
            fresh = carl.do("message.send", conversation=conversation, op="new", body="x")
            assert fresh["seq"] == 26
            dora = server.person("acme", "customer", "dora")
            assert dora.welcome["state"]["conversations"] == []
            assert dora.do("conversation.request", **{**asked, "op": "r2"})["status"]
