"""How often a process looks for garbage.

Owns: that measure. Does not know: what the garbage is, or what lives for ever (``replica`` sets
what it restored aside).

Invariant (tests/server/test_collector.py): what was before is again in force afterwards.

What a command makes is mostly gone with it, and what stays, stays for minutes; nothing of it is
part of a cycle. Looking after every 700 objects, as Python does by itself, is an eighth of the
time of a decision; after 20,000 it is hardly any, and a look takes a millisecond or two.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["LOOK_AFTER", "looking_seldom"]

LOOK_AFTER = (20_000, 20, 20)
"""New objects until a look at the new ones; such looks until one at the older ones, and at all."""


@contextmanager
def looking_seldom() -> Iterator[None]:
    """Meanwhile the collector looks as seldom as suits a server."""
    before = gc.get_threshold()
    gc.set_threshold(*LOOK_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
