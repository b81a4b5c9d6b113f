"""Keeps Python's garbage collector from stopping the loop.

Owns: when it looks, at what is new and at everything. Does not know: what there is, and what lives
for ever (``replica`` sets what it restored aside).

Invariants (tests/server/test_collecting.py): garbage that was made since the last look goes within
``EVERY_S``; all that exists is looked at only when there is half as much again, or the process has
become twice as large, and then only in a quiet moment, unless it has become twice that;
afterwards the collector is as it was.

What a command makes is mostly gone with it, and what stays, stays for minutes; nothing of it is
part of a cycle. Looking after every 700 objects, as Python does by itself, is an eighth of the
time of a decision; after 20,000 it is hardly any, and a look takes a millisecond or two.

A connection is 150 objects and more that the collector knows. By itself it looks at all of them
whenever there are a quarter more, which at 2,000 connections stops the loop for a third of a second
and at 12,000 for two. Nearly all of it is no garbage: it lives until somebody goes, and then
reference counting ends it, for connections leave no cycle behind (``connection``). So what has
survived a look is frozen, and no later look minds it. What was a cycle in the making at that
moment, such as an HTTP request that was not finished, is lost among the frozen; so when there is
half as much again as after the last look at everything, all of it is looked at again. (Counting
what is frozen would walk through all of it; blocks of memory are counted already.) Where thousands
of conversations a minute come, there soon is, none of it garbage; so that look waits for a second
in which the node has little to do, for it would hold up everybody for more than one.
"""

import gc
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import trio

__all__ = [
    "EVERY_S",
    "LOOK_AFTER",
    "RESIDENT_KIB_MIN",
    "Collecting",
    "looking_seldom",
    "short_collections",
]

LOOK_AFTER = (20_000, 20, 20)
"""New objects until a look at the new ones; such looks until one at the older ones, and at all."""

EVERY_S = 1.0
RESIDENT_KIB_MIN = 262_144
"""Below this growth is the start's."""
BLOCKS_MIN = 2_000_000
"""As many small objects or fewer are not worth a look at everything."""
QUIET_SHARE = 0.25
"""A second in which the process took less of a core is a quiet one."""
_NEVER = 1 << 30


class Collecting:
    """What was frozen, and when to look at all of it."""

    def __init__(self) -> None:
        self._limit_kib = 2 * max(RESIDENT_KIB_MIN, _peak_kib())
        self._limit_blocks = _half_more(_blocks())

    def look(self, *, is_quiet: bool = True) -> bool:
        """Ends young garbage and freezes the rest; whether it looked at everything."""
        over = max(_blocks() / self._limit_blocks, _peak_kib() / self._limit_kib)
        is_whole = over > (1.0 if is_quiet else 2.0)
        if is_whole:
            gc.unfreeze()
            gc.collect()
        else:
            gc.collect(1)
        gc.freeze()
        if is_whole:
            self._limit_kib = 2 * _peak_kib()
            self._limit_blocks = _half_more(_blocks())
        return is_whole


def _half_more(blocks: int) -> int:
    return max(BLOCKS_MIN, blocks) * 3 // 2


def _blocks() -> int:
    """How many small objects there are; takes a millisecond for 20 million."""
    return sys.getallocatedblocks()


def _peak_kib() -> int:
    """The most memory that the process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def looking_seldom() -> Iterator[None]:
    """Meanwhile the collector looks as seldom as suits a server."""
    before = gc.get_threshold()
    gc.set_threshold(*LOOK_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@asynccontextmanager
async def short_collections() -> AsyncIterator[None]:
    """The collector never looks at everything by itself, as long as the block runs."""
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_look_on, Collecting())
            yield
            nursery.cancel_scope.cancel()
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()


async def _look_on(collecting: Collecting) -> None:
    taken_s = time.process_time()
    while True:
        before_s, taken_s = taken_s, time.process_time()
        collecting.look(is_quiet=taken_s - before_s < QUIET_SHARE * EVERY_S)
        await trio.sleep(EVERY_S)
