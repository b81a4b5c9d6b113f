from pathlib import Path

import pytest

from router.server.settings import Settings
from router.server.sources import Sources


def _read(folder: Path, *texts: str, **environment: str) -> Sources:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.toml")
        files[-1].write_text(text, encoding="utf-8")
    sources = Sources(Settings)
    sources.add_files(files)
    sources.add_environment(environment)
    return sources


def test_a_later_file_wins_key_by_key_and_a_list_replaces_a_list(tmp_path: Path) -> None:
    sources = _read(
        tmp_path,
        '[server]\nbind = "a:1"\nnode = "n"\n[tenants.acme]\norigins = ["x", "y"]',
        '[server]\nbind = "b:2"\n[tenants.acme]\norigins = ["z"]\n'
        "[tenants.other]\nvisitors = false",
    )
    assert sources.faults == []
    assert sources.tree == {
        "server": {"bind": "b:2", "node": "n"},
        "tenants": {"acme": {"origins": ["z"]}, "other": {"visitors": False}},
    }


def test_a_fault_names_the_file_that_said_it(tmp_path: Path) -> None:
    sources = _read(tmp_path, '[server]\nbind = "a:1"', '[server]\nnode = "n"')
    assert sources.fault("server.bind", "x").file == str(tmp_path / "0.toml")
    assert sources.fault("server.node", "x").file == str(tmp_path / "1.toml")
    assert sources.fault("server.log", "x").file == str(tmp_path / "0.toml")


def test_the_environment_wins_over_files_and_knows_types(tmp_path: Path) -> None:
    sources = _read(
        tmp_path,
        '[server]\nbind = "a:1"\n[tenants.My-Shop]\nkeys = [{kid = "a"}, {kid = "b"}]',
        FAIRLINE_SERVER__BIND="0.0.0.0:80",
        FAIRLINE_SERVER__NODE="17",
        FAIRLINE_SERVER__INSECURE="true",
        FAIRLINE_SERVER__DRAIN_MS="5000",
        FAIRLINE_TENANTS__MY_SHOP__KEYS__1__SECRET="s",
        FAIRLINE_TENANTS__MY_SHOP__ORIGINS='["https://a.example"]',
        FAIRLINE_TENANTS__MY_SHOP__POLICY__CLASSES__GOLD="7",
        PATH="/bin",
    )
    assert sources.faults == []
    assert sources.tree == {
        "server": {"bind": "0.0.0.0:80", "node": "17", "insecure": True, "drain_ms": 5000},
        "tenants": {
            "My-Shop": {
                "keys": [{"kid": "a"}, {"kid": "b", "secret": "s"}],
                "origins": ["https://a.example"],
                "policy": {"classes": {"gold": 7}},
            }
        },
    }
    assert sources.fault("server.bind", "x").file == "environment FAIRLINE_SERVER__BIND"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FAIRLINE_SERVER__BNID", 'did you mean "bind"'),
        ("FAIRLINE_SRVER__BIND", 'did you mean "server"'),
        ("FAIRLINE_SERVER__BIND__PORT", "is not a table"),
        ("FAIRLINE_SERVER_BIND", "FAIRLINE_SERVER__BIND"),
        ("FAIRLINE_TENANTS__ACME__KEYS__5__KID", "there are 1, counted from 0"),
        ("FAIRLINE_TENANTS__ACME__KEYS__X__KID", "is not the number of an entry"),
    ],
)
def test_a_variable_that_leads_nowhere_is_a_fault(tmp_path: Path, name: str, words: str) -> None:
    text = '[server]\nbind = "a:1"\n[tenants.acme]\nkeys = [{kid = "a"}]'
    (fault,) = _read(tmp_path, text, **{name: "1"}).faults
    assert fault.key == name
    assert words in str(fault)


def test_variables_that_an_orchestrator_sets_are_left_alone(tmp_path: Path) -> None:
    sources = _read(tmp_path, "", FAIRLINE_PORT="tcp://10.0.0.1", FAIRLINE_SERVICE_HOST="10.0.0.1")
    assert (sources.faults, sources.tree) == ([], {})


def test_any_text_can_be_read_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    sources = _read(
        tmp_path,
        '[tenants.acme]\nkeys = [{kid = "a", secret_file = "secret"}]',
        FAIRLINE_SERVER__REDIS_URL_FILE=str(tmp_path / "secret"),
    )
    assert sources.faults == []
    assert sources.tree["tenants"]["acme"]["keys"] == [{"kid": "a", "secret": "s3cret"}]
    assert sources.tree["server"]["redis_url"] == "s3cret"


def test_a_text_given_twice_and_a_file_that_is_missing_are_faults(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    sources = _read(
        tmp_path,
        '[server]\nnode = "a"\nnode_file = "secret"\nredis_url_file = "nowhere"\n'
        'bind_file = "bytes"',
    )
    assert [fault.key for fault in sources.faults] == [
        "server.node_file",
        "server.redis_url_file",
        "server.bind_file",
    ]
    assert "s3cret" not in "".join(str(fault) for fault in sources.faults)


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    sources = _read(
        tmp_path,
        '[server]\ndata = "d"\ntls_cert = "/abs.pem"\n[tenants.a]\n'
        'keys = [{kid = "k", public_key_file = "k.pem"}]',
    )
    assert sources.tree["server"] == {"data": str(tmp_path / "d"), "tls_cert": "/abs.pem"}
    key = sources.tree["tenants"]["a"]["keys"][0]
    assert key == {"kid": "k", "public_key_file": str(tmp_path / "k.pem")}


def test_broken_toml_is_one_fault_with_its_line(tmp_path: Path) -> None:
    (fault,) = _read(tmp_path, "[server]\nbind = oops").faults
    assert (fault.file, fault.key) == (str(tmp_path / "0.toml"), "")
    assert fault.line == 2
    assert "this is not TOML" in str(fault)


def test_a_missing_file_and_one_that_is_no_text_are_faults(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xff")
    sources = Sources(Settings)
    sources.add_files([tmp_path / "none.toml", tmp_path / "binary.toml", tmp_path])
    assert len(sources.faults) == 3
    assert all(fault.file and not fault.key for fault in sources.faults)


def test_tables_nested_without_end_are_a_fault(tmp_path: Path) -> None:
    (fault,) = _read(tmp_path, "a = " + "[" * 5000).faults
    assert "nested" in str(fault) or "not TOML" in str(fault)
