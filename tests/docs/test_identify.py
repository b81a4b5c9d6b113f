"""The programs on the page about customers' identities do what they say, where they can be run."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import hatch_build
from router.server.auth import Authenticator
from router.server.sections import KeyEntry, Settings, Tenant

PAGE = (Path(__file__).parents[2] / "docs/how-to/identify.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (proof|token) -->\n```(\w+)\n(.*?)\n```", re.DOTALL)
SECRET = "a secret of thirty-two bytes or more"
CALLS: dict[str, tuple[str, list[str], str]] = {
    "python": (sys.executable, ["-"], "print({call})"),
    "js": ("node", ["--input-type=module", "-"], "console.log({call});"),
    "php": ("php", [], "echo {call};"),
    "ruby": ("ruby", ["-"], "puts {call}"),
}
"""How each is run from its standard input, and how it says what a call gives."""


def _blocks(kind: str) -> list[tuple[str, str]]:
    found = [(language, text) for what, language, text in BLOCK.findall(PAGE) if what == kind]
    assert [language for language, _ in found] == ["python", "js", "php", "ruby"]
    return found


def _said(language: str, text: str, call: str) -> str:
    name, more, says = CALLS[language]
    path = hatch_build.find_npm()[1]["PATH"] if language == "js" else None
    program = shutil.which(name, path=path)
    if program is None:
        pytest.skip(f"NOT TESTED: no {name} on this machine")
    begin = "<?php\n" if language == "php" else ""
    done = subprocess.run(
        [program, *more],
        input=f"{begin}{text}\n{says.format(call=call)}\n",
        env={**os.environ, "IDENTITY_SECRET": SECRET, "TOKEN_SECRET": SECRET},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("language", "text"), _blocks("proof"))
def test_every_language_makes_the_same_proof(language: str, text: str) -> None:
    expected = hmac.new(SECRET.encode(), b"c-17", hashlib.sha256).hexdigest()
    assert _said(language, text, 'proof_of("c-17")') == expected


@pytest.mark.parametrize(("language", "text"), _blocks("token"))
def test_every_language_makes_a_token_that_counts(language: str, text: str) -> None:
    token = _said(language, text, 'token_for("c-17", "Carla")')
    tenant = Tenant(keys=(KeyEntry(kid="main", alg="HS256", secret=SECRET),))
    identity = Authenticator(Settings(tenants={"main": tenant})).verify(
        token, int(time.time() * 1000)
    )
    told = msgspec.structs.asdict(identity.claims)
    assert (identity.subject, told["name"], told["verified"]) == ("c-17", "Carla", True)
