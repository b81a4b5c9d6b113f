import re
import tomllib
from pathlib import Path

import pytest

from router.server.cli import main
from router.server.settings import load


def _init(*words: str) -> int:
    try:
        main(["init", *words])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_a_first_centre_behind_a_proxy_and_under_systemd_is_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _init(str(tmp_path), "--with", "systemd,nginx", "--site", "help.shop.example") == 0
    told = capsys.readouterr().out
    for name in ("fairline.toml", "systemd/fairline.service", "nginx/fairline.conf"):
        assert f"Wrote {tmp_path / name}" in told
    settings = load([tmp_path / "fairline.toml"], {})
    assert settings.server.proxies == ("127.0.0.1",)
    assert settings.server.data == "/var/lib/fairline"
    assert "server_name help.shop.example" in (tmp_path / "nginx/fairline.conf").read_text()


def test_settings_that_are_there_stay_and_say_the_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _init(str(tmp_path)) == 0
    file = tmp_path / "fairline.toml"
    own = file.read_text().replace("127.0.0.1:8080", "127.0.0.1:7070")
    file.write_text(own)
    assert _init(str(tmp_path), "--with", "prometheus") == 0
    assert file.read_text() == own
    assert "127.0.0.1:7070" in (tmp_path / "prometheus/prometheus.yml").read_text()
    assert f"Wrote {file}. " in capsys.readouterr().out.splitlines()[0]


def test_nothing_is_written_where_anything_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "caddy").mkdir()
    (tmp_path / "caddy" / "Caddyfile").write_text("mine")
    assert _init(str(tmp_path), "--with", "caddy,systemd") == 1
    assert "caddy/Caddyfile: it is there already" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["caddy"]
    assert _init(str(tmp_path), "--with", "cady") == 1
    assert 'did you mean "caddy"' in capsys.readouterr().err


def test_without_a_proxy_nobody_s_word_counts_for_an_address(tmp_path: Path) -> None:
    assert _init(str(tmp_path), "--with", "prometheus") == 0
    text = (tmp_path / "fairline.toml").read_text()
    assert "proxies" not in tomllib.loads(text)["server"]
    assert not re.search(r"\n\n\n", text)


def test_compose_brings_its_own_settings_and_a_way_to_the_runbooks(tmp_path: Path) -> None:
    assert _init(str(tmp_path), "--with", "compose,examples") == 0
    assert not (tmp_path / "fairline.toml").exists()
    compose = (tmp_path / "docker/compose.yml").read_text()
    assert "build: ../.." not in compose
    assert '"127.0.0.1:9100:9090"' in compose
    alerts = (tmp_path / "prometheus/alerts.yml").read_text()
    assert set(re.findall(r"runbook_url: (\S+/)", alerts)) == {"http://127.0.0.1:9100/runbooks/"}
