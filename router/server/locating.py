"""In which line of a TOML file which key stands, so that a mistake can be shown where it is.

Owns: finding keys in a text that is TOML already. Does not know: what a value is (``tomllib`` reads
those), files, or what a key means.

Invariant (tests/server/test_locating.py): in a text that ``tomllib`` reads, every key and every
entry of a list is found, in the line where it is written, by the path under which it is read.

No library tells it: ``tomllib`` forgets where it read, ``tomlkit`` keeps blanks but no positions.
Nothing here decides what a file says: a path that is not found has no line, and that is all.
"""

import re
from collections import Counter

__all__ = ["lines_of"]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_ASSIGN = re.compile(r"[ \t]*=[ \t]*")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def lines_of(text: str) -> dict[str, int]:
    """The line, counted from 1, of each path such as ``tenants.acme.keys[0].secret``."""
    return _Walk(text).walk()


class _Walk:
    """One walk through a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._counts: Counter[str] = Counter()
        self._last: dict[str, str] = {}
        """By the path of an array of tables, that of its entry under way."""
        self._found: dict[str, int] = {}
        self._line = 1
        self._counted = 0

    def walk(self) -> dict[str, int]:
        """Goes to the end, or to where it is no TOML."""
        table = ""
        while self._skip_blank():
            if self._takes("["):
                table = self._header()
            else:
                before = self._place
                self._pair(table)
                if self._place == before:
                    break
        return self._found

    def _header(self) -> str:
        is_list = self._takes("[")
        self._skip_inline()
        names = self._names()
        start = self._place
        path = ""
        for depth, name in enumerate(names):
            path = f"{path}.{name}" if path else name
            if depth < len(names) - 1:
                self._note(path, start)
                path = self._last.get(path, path)
        if is_list:
            entry = f"{path}[{self._counts[path]}]"
            self._counts[path] += 1
            self._note(path, start)
            self._last[path] = path = entry
        else:
            path = self._last.get(path, path)
        self._note(path, start)
        self._place = self._text.find("\n", start)
        self._place = len(self._text) if self._place < 0 else self._place
        return path

    def _pair(self, table: str) -> None:
        start = self._place
        path = table
        for name in self._names():
            path = f"{path}.{name}" if path else name
            self._note(path, start)
        assign = _ASSIGN.match(self._text, self._place)
        if assign is None:
            return
        self._place = assign.end()
        self._value(path)

    def _value(self, path: str) -> None:
        if self._takes("["):
            self._list(path)
        elif self._takes("{"):
            while self._skip_blank() and not self._takes("}"):
                before = self._place
                if not self._takes(","):
                    self._pair(path)
                if self._place == before:
                    return
        else:
            found = _TEXT.match(self._text, self._place) or _SCALAR.match(self._text, self._place)
            if found is not None:
                self._place = found.end()

    def _list(self, path: str) -> None:
        count = 0
        while self._skip_blank() and not self._takes("]"):
            before = self._place
            if not self._takes(","):
                entry = f"{path}[{count}]"
                self._note(entry, self._place)
                self._value(entry)
                count += 1
            if self._place == before:
                return

    def _names(self) -> list[str]:
        """The parts of a dotted key."""
        names: list[str] = []
        while True:
            quoted = _TEXT.match(self._text, self._place)
            found = quoted or _BARE.match(self._text, self._place)
            if found is None:
                return names
            names.append(found[0][1:-1] if quoted else found[0])
            self._place = found.end()
            dot = _DOT.match(self._text, self._place)
            if dot is None:
                return names
            self._place = dot.end()

    def _note(self, path: str, place: int) -> None:
        if place >= self._counted:  # notes come nearly always in the order of the text
            self._line += self._text.count("\n", self._counted, place)
            self._counted = place
        line = self._line if place == self._counted else self._text.count("\n", 0, place) + 1
        self._found.setdefault(path, line)

    def _skip_blank(self) -> bool:
        found = _BLANK.match(self._text, self._place)
        assert found is not None, "it matches nothing, too"
        self._place = found.end()
        return self._place < len(self._text)

    def _skip_inline(self) -> None:
        while self._place < len(self._text) and self._text[self._place] in " \t":
            self._place += 1

    def _takes(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._place):
            return False
        self._place += 1
        return True
