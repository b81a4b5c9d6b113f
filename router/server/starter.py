"""The file that ``fairline init`` writes: ready to serve, with fresh keys and every reason.

Owns: the text of a first ``fairline.toml`` and its random secret. Does not know: what a setting
does when it is read.
"""

import secrets
from pathlib import Path

from router.errors import SettingsError

__all__ = ["write_starter"]

FILE_NAME = "fairline.toml"

_TEXT = """\
# Fairline's settings. Check this file with:  fairline check --config fairline.toml
# Every key with its default: fairline init DIR --with examples, or config/ of the source.
# A variable wins over this file:            FAIRLINE_SERVER__BIND=127.0.0.1:9000
# A file can hold any text, a secret above all: secret_file = "/run/secrets/fairline"

[server]
bind = "127.0.0.1:8080"     # WebSocket and HTTP on one port; elsewhere, put TLS in front
journal = "file"            # what was answered survives a crash; kept in this folder:
data = "{data}"{gap}# relative to this file
{proxies}
[tenants.main]
# The sites that may embed the widget, letter by letter: scheme://host or scheme://host:port.
# These two are pages of this machine to try it with (python3 -m http.server 8000); put yours here.
origins = ["http://127.0.0.1:8000", "http://localhost:8000"]
# Your service signs tokens with this secret; it was made for this file and is nowhere else.
keys = [{{kid = "main", alg = "HS256", secret = "{secret}"}}]
visitors = true             # anonymous customers, through the widget; false: only proven ones
# Your service proves who a customer is by an HMAC over their id with this one (docs/widget.md).
identity_secret = "{identity}"
native_apps = false         # customers' sockets from apps, which send no Origin

[tenants.main.policy]
# A class is worth a bounded head start in ms; the first one is everybody's.
classes = {{regular = 0, gold = 30000, urgent = 90000}}
# What an agent may hold at a time, by channel and in all.
capacity = {{chat = 3, voice = 1, email = 5, total = 5}}

[[tenants.main.policy.queues]]
id = "support"
name = "Support"
channels = ["chat", "email"]
needs = [{{skill = "support", level = 30}}]
# What is given up after waiting so long; nobody waits for a perfect match for ever.
steps = [
  {{after_ms = 30000, needs = [{{skill = "support", level = 10}}]}},
  {{after_ms = 60000, needs = [], any_language = true}},
]
wrap_up_ms = 15000
offer_preview = 140         # characters of the first message in an offer; 0: the card alone

[[tenants.main.policy.agents]]
id = "alice"
name = "Alice"
skills = {{support = 80}}     # 0 to 100
languages = {{en = 100, fr = 60}}
"""


_PROXIES = """\
proxies = ["127.0.0.1"]     # whose word counts for where a client comes from
"""


def write_starter(folder: Path, *, data: str = "data", has_proxy: bool = False) -> Path:
    """Writes ``fairline.toml`` into a folder, readable by its owner alone.

    Args:
        folder: Where to; made where there is none.
        data: Where the server keeps what it must not lose.
        has_proxy: Whether a proxy on this machine stands in front.

    Raises:
        SettingsError: where a file is there already, or the folder cannot be written.
    """
    file = folder / FILE_NAME
    text = _TEXT.format(
        data=data,
        gap=" " * max(1, 19 - len(data)),
        proxies=_PROXIES if has_proxy else "",
        secret=secrets.token_urlsafe(32),
        identity=secrets.token_urlsafe(32),
    )
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(text, encoding="utf-8")
    except FileExistsError as error:
        there = "it" if error.filename == str(file) else error.filename
        sentence = f"{there} is there already; remove it first or name another folder"
        raise SettingsError(sentence, file=str(file)) from None
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", file=str(file)) from None
    return file
