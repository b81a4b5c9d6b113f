"""Sets of small numbers, kept as blocks of bits, for what changes and is compared all the time.

Owns: which numbers are in a set, and what two sets have in common.
Does not know: what the numbers stand for.

Invariant: as a plain ``set`` of numbers (tests/test_blocks.py).

A mask over ten thousand groups is a number of ten thousand bits, and every change of one bit
copies all of it. In blocks a change copies one block, and whether two sets have anything in common
mostly shows in the first block.
"""

from collections.abc import Iterator
from typing import Final

from router.marks import i64, mypyc_attr

__all__ = ["Blocks"]

WIDTH: Final = 8
"""A block has two to the power of this many bits: 256."""

_REST: Final = 255

_BITS: Final = [1 << number for number in range(1 << WIDTH)]
"""Each bit of a block, for making one anew copies zeros."""


@mypyc_attr(acyclic=True)
class Blocks:
    """A set of numbers from 0 on."""

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def has(self, number: i64) -> bool:
        """Whether a number is in."""
        at = number >> WIDTH
        return at < len(self.blocks) and bool(self.blocks[at] & _BITS[number & _REST])

    def flip(self, number: i64) -> None:
        """Puts a number in that is not in, or takes one out that is."""
        at = number >> WIDTH
        while at >= len(self.blocks):
            self.blocks.append(0)
        self.blocks[at] = self.blocks[at] ^ _BITS[number & _REST]

    def meets(self, other: "Blocks") -> bool:
        """Whether any number is in both."""
        mine, theirs = self.blocks, other.blocks
        return any(mine[at] & theirs[at] for at in range(min(len(mine), len(theirs))))

    def common(self, other: "Blocks") -> Iterator[int]:
        """The numbers that are in both, smallest first."""
        mine, theirs = self.blocks, other.blocks
        for at in range(min(len(mine), len(theirs))):
            block = mine[at] & theirs[at]
            first = at << WIDTH
            while block:
                lowest = block & -block
                yield first + lowest.bit_length() - 1
                block ^= lowest

    def __iter__(self) -> Iterator[int]:
        """The numbers, smallest first."""
        yield from self.common(self)
