"""In which form the core runs: as Python, or compiled (docs/speed.md).

Owns: that one answer, and how records are declared because of it. Does not know: any record.

A record that commands read all the time is a dataclass and no msgspec Struct, for only that can be
compiled: each of its fields is then a read from memory. As Python it has slots; compiled it has its
own, and must not be asked for others. Types that are more than a name stand in quotes there, for a
compiled class keeps no other word of them, and msgspec has to know them when it restores a record.
"""

from types import FunctionType

__all__ = ["IS_PLAIN"]


def _some_function() -> None:
    """Stands for all others of the core."""


IS_PLAIN = isinstance(_some_function, FunctionType)
"""Whether this is Python, where records need slots."""
