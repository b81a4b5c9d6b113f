"""In which line which key stands."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from router.server.locating import lines_of

ROOT = Path(__file__).parents[2]

TEXT = '''\
# a comment with a [header] and a key = "value"
[server]
bind = "x = [1]"   # not a table
tls."key" = { one = 1, two = [ {a = 1}, {a = 2} ] }

[[tenants.acme.policy.queues]]
id = "a"
steps = [
  {after_ms = 1, needs = []},   # the first
  {
    after_ms = 2 },
]
[[tenants.acme.policy.queues]]
id = "b"
name = """
id = "no key"
"""
[tenants.acme.policy.queues.service_level]
target = 1
["a.b".'c d']
e = 1979-05-27T07:32:00Z
'''


def paths(value: object, path: str = "") -> Iterator[str]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, f"{path}[{index}]")


def test_a_key_is_found_in_its_line_by_the_path_under_which_it_is_read() -> None:
    found = lines_of(TEXT)
    expected = {
        "server": 2, "server.bind": 3, "server.tls.key": 4, "server.tls.key.two[1].a": 4,
        "tenants": 6, "tenants.acme": 6, "tenants.acme.policy": 6, "a.b": 20,
        "tenants.acme.policy.queues[0]": 6, "tenants.acme.policy.queues[0].id": 7,
        "tenants.acme.policy.queues[0].steps": 8,
        "tenants.acme.policy.queues[0].steps[0].needs": 9,
        "tenants.acme.policy.queues[0].steps[1]": 10,
        "tenants.acme.policy.queues[0].steps[1].after_ms": 11,
        "tenants.acme.policy.queues[1].id": 14, "tenants.acme.policy.queues[1].name": 15,
        "tenants.acme.policy.queues[1].service_level.target": 19, "a.b.c d.e": 21,
    }  # fmt: skip
    assert {path: found.get(path) for path in expected} == expected
    assert "tenants.acme.policy.queues[1].name.id" not in found


def test_every_path_of_the_files_of_this_house_is_found() -> None:
    files = [file for file in ROOT.glob("config/**/*.toml") if file.is_file()]
    assert len(files) > 3
    for file in [*files, ROOT / "pyproject.toml"]:
        text = file.read_text(encoding="utf-8")
        found = lines_of(text)
        lines = text.splitlines()
        for path in paths(tomllib.loads(text)):
            if path in found or any(one.startswith((f"{path}.", f"{path}[")) for one in found):
                continue  # a table that is only ever named as part of another
            raise AssertionError(f"{file}: {path}")
        for path, line in found.items():
            last = path.rpartition(".")[2].partition("[")[0]
            assert path.endswith("]") or last in lines[line - 1], (file, path, line)


KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.recursive(
    st.one_of(
        st.integers().map(str),
        st.sampled_from(['"x # [y]"', "'a = {'", "true", "1.5", '"""a = 1\n[b]"""', '"\\""']),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: "[\n" + ", # ]\n".join(some) + "\n]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda some: "{" + ", ".join(f"{key} = {value}" for key, value in some.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_the_text_holds_all_paths_are_found(
    first: dict[str, str], second: dict[str, str]
) -> None:
    body = ["".join(f"{key} = {value}\n" for key, value in one.items()) for one in (first, second)]
    text = f"{body[0]}[[t.list]]\n{body[1]}[[t.list]]\n[t.list.x]\n{body[1]}"
    if "t" in first:
        return
    tree = tomllib.loads(text)
    assert set(paths(tree)) <= set(lines_of(text)) | {"t", "t.list"}


@given(st.text("ab=[]{}\"'.,#\n \\", max_size=40))
def test_what_is_no_toml_has_no_lines_and_does_no_harm(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in lines_of(text).values())
