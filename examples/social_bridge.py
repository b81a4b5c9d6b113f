"""Posts from outside come into the same line as everybody else.

Reads one JSON post a line, `{"id": ..., "author": ..., "text": ..., "followers": ...}`, and makes
a deferrable conversation of each: it needs no presence of its author, and the followers are not
even sent, so fame moves nobody forward. A post that comes twice makes one conversation, for its id
is the `op`. It needs a queue for the channel, and agents with its skill:

    [[tenants.main.policy.queues]]
    id = "posts"
    channels = ["social"]
    needs = [{skill = "support"}]

    export FAIRLINE_TOKEN=$(fairline token -c fairline.toml --role service --sub bridge)
    python social_bridge.py < posts.jsonl
"""

import json
import os
import sys

import anyio

from router.client import connect

ORIGIN = os.environ.get("FAIRLINE_ORIGIN", "http://127.0.0.1:8080")


async def main() -> None:
    """Sends all posts and says which conversation each became."""
    token = os.environ.get("FAIRLINE_TOKEN") or sys.exit(__doc__)
    async with connect(ORIGIN, role="service", token=token, name="social-bridge") as fairline:
        for line in sys.stdin:
            post = json.loads(line)
            reply = await fairline.command(
                "conversation.request",
                op=f"post:{post['id']}",
                customer=f"social:{post['author']}",
                channel="social",
                deferrable=True,
                body=post["text"],
            )
            print(json.dumps({"post": post["id"], "conversation": reply.conversation}), flush=True)


if __name__ == "__main__":
    anyio.run(main)
