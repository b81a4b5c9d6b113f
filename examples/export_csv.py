"""A customer's conversations as CSV, the oldest line first.

    export FAIRLINE_TOKEN=$(fairline token -c fairline.toml --role service --sub export)
    python export_csv.py ada > ada.csv

Each page is a look that the server writes into its audit trail; where the tenant demands a purpose,
name one: `python export_csv.py ada "customer asked for it"`.
"""

import csv
import os
import sys
from typing import Any

import anyio

from router.client import Fairline, connect
from router.outgoing import Message

ORIGIN = os.environ.get("FAIRLINE_ORIGIN", "http://127.0.0.1:8080")
COLUMNS = ("conversation", "seq", "kind", "at_ms", "role", "id", "name", "text")


async def pages(fairline: Fairline, customer: str, purpose: str) -> list[Message]:
    """Everything that was said, page by page back in time."""
    found: list[Message] = []
    before: dict[str, Any] = {}
    while True:
        asked = {"customer": customer, "purpose": purpose, "limit": 500, **before}
        reply = await fairline.command("history", asked)
        page = list(reply.messages or ())
        found = page + found
        if not reply.more or not page:
            return found
        first = page[0]
        bound = "before_note" if first.kind == "note" else "before_seq"
        before = {"conversation": first.conversation, bound: first.seq}


async def main(customer: str, purpose: str) -> None:
    """Writes the lines to the standard output."""
    token = os.environ.get("FAIRLINE_TOKEN") or sys.exit(__doc__)
    async with connect(ORIGIN, role="service", token=token, name="export") as fairline:
        await fairline.wait_online()
        rows = csv.writer(sys.stdout)
        rows.writerow(COLUMNS)
        for one in await pages(fairline, customer, purpose):
            sender = one.sender
            place = (one.conversation, one.seq, one.kind, one.at)
            rows.writerow((*place, sender.role, sender.id, sender.name, one.body))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    anyio.run(main, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
