"""The command ``fairline runbook``: what to do about an alert, where no page can be reached.

Owns: its argument and output. Does not know: what stands in a runbook.
"""

import sys

from router.errors import SettingsError
from router.server.runbooks import names, of_alert, text_of
from router.suggestions import did_you_mean

__all__ = ["runbook"]


def runbook(name: str = "index", /) -> None:
    """Prints a runbook: what an alert means, what to look at, what to do.

    Needs no server: an alert's link leads to the node, which may be what is down.

    Args:
        name: The alert, or the last word of its link, such as node-down; without one, the list.
    """
    name = name.removesuffix(".html").removesuffix(".md")
    text = text_of(of_alert(name) or name)
    if text is None:
        hint = did_you_mean(name, names()) or "; fairline runbook lists all"
        raise SettingsError(f"there is no runbook {name!r}{hint}")
    sys.stdout.write(text)
