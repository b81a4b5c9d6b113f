"""The parts that every picture of ours begins with.

Owns: the sheet, and words on it. Does not know: what is drawn.

Invariant (tests/lab/test_svg.py): words are words, whatever stands in them.
"""

from xml.sax.saxutils import escape

__all__ = ["sheet", "words_at"]


def sheet(width: int, height: int, title: str) -> list[str]:
    """An open ``svg`` element, white, with the title for who cannot see it."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#0f172a">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]


def words_at(x: float, y: float, words: str, *, size: int = 13, anchor: str = "start") -> str:
    """Words that begin, end or have their middle at a place."""
    style = f'font-size="{size}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
