import re
import tomllib
from pathlib import Path

import pytest
import yaml

from router.errors import SettingsError
from router.server import operating
from router.server.operating import KINDS, Place, chosen, filled, write_operating
from router.server.sections import ServerSettings

EVERYTHING = tuple(KINDS)
OWN = Place(
    Path("/srv/desk/fairline.toml"),
    ServerSettings(bind="127.0.0.1:8181", ops_bind="0.0.0.0:9191", data="/srv/desk/data"),
    "help.shop.example",
)
EXAMPLES = ("127.0.0.1:8080", "chat.example", "/opt/fairline", "/etc/fairline", "build: ../..")
"""Words of the examples that must not be left where a file of our own place is meant."""


def _paths(folder: Path) -> set[str]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix() for file in found}


def test_each_kind_has_the_files_that_its_program_reads(tmp_path: Path) -> None:
    wanted = {
        "systemd": {"systemd/fairline.service", "systemd/fairline.sysusers"},
        "caddy": {"caddy/Caddyfile"},
        "nginx": {"nginx/fairline.conf"},
        "prometheus": {
            "prometheus/prometheus.yml",
            "prometheus/rules.yml",
            "prometheus/alerts.yml",
        },
        "grafana": {
            "grafana/alerts.json",
            "grafana/node.json",
            "grafana/overview.json",
            "grafana/queues.json",
        },
        "compose": {"docker/compose.yml", "docker/Dockerfile", "prometheus/rules.yml"},
        "kubernetes": {
            "kubernetes/fairline.yaml",
            "kubernetes/monitoring.yaml",
            "kubernetes/pair.yaml",
        },
        "examples": {"fairline.example.toml", "scenarios/small-shop.toml", "staffing.toml"},
    }
    assert wanted.keys() == KINDS.keys()
    for kind, files in wanted.items():
        written = write_operating(tmp_path / kind, [kind], OWN)
        assert {file.relative_to(tmp_path / kind).as_posix() for file in written} >= files
        assert [file for file in written if file.name.startswith("tests")] == []
        assert _paths(tmp_path / kind) == {
            file.relative_to(tmp_path / kind).as_posix() for file in written
        }


def test_every_example_word_is_in_its_file_and_none_is_left(tmp_path: Path) -> None:
    root = operating.example_folder()
    for folder in ("systemd", "caddy", "nginx", "prometheus", "docker", "kubernetes"):
        texts = {
            name: (root / name).read_text("utf-8") for name in operating.files_of(EVERYTHING)
            if name.startswith(f"{folder}/")
        }  # fmt: skip
        for example in operating.words_of(folder, OWN):
            assert any(example in text for text in texts.values()), (folder, example)
    for file in write_operating(tmp_path, ("systemd", "caddy", "nginx", "prometheus"), OWN):
        left = [example for example in EXAMPLES if example in file.read_text("utf-8")]
        assert left == [], file


def test_what_is_written_has_the_place_s_own_words(tmp_path: Path) -> None:
    write_operating(tmp_path, EVERYTHING, OWN)
    unit = (tmp_path / "systemd/fairline.service").read_text("utf-8")
    assert "serve --config /srv/desk/fairline.toml" in unit
    assert "ReadWritePaths=-/srv/desk/data" in unit
    assert "\nProtectHome=yes\n" in unit
    assert re.search(r"^ExecStart=/\S+/fairline serve", unit, re.MULTILINE)
    for proxy in ("caddy/Caddyfile", "nginx/fairline.conf"):
        text = (tmp_path / proxy).read_text("utf-8")
        assert "127.0.0.1:8181" in text
        assert "help.shop.example" in text
    scrape = yaml.safe_load((tmp_path / "prometheus/prometheus.yml").read_text("utf-8"))
    ours = next(job for job in scrape["scrape_configs"] if job["job_name"] == "fairline")
    assert ours["static_configs"] == [{"targets": ["127.0.0.1:9191"]}]


def test_a_unit_sees_the_home_in_which_its_files_are() -> None:
    place = OWN._replace(settings=Path("/home/ann/desk/fairline.toml"))
    assert "\nProtectHome=no\n" in filled("systemd/fairline.service", place)


def test_every_alert_leads_to_a_page_of_this_server_or_of_the_base_that_was_named() -> None:
    for place, base in (
        (OWN, "http://127.0.0.1:9191/runbooks/"),
        (OWN._replace(runbooks="https://wiki.example/runs/"), "https://wiki.example/runs/"),
    ):
        pages = re.findall(r"runbook_url: (\S+)", filled("prometheus/alerts.yml", place))
        assert len(pages) > 20
        assert {page[: len(base)] for page in pages} == {base}


def test_a_file_in_the_way_stops_all_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    mine = tmp_path / "nginx" / "fairline.conf"
    mine.write_text("mine")
    with pytest.raises(SettingsError, match="there already") as caught:
        write_operating(tmp_path, ("systemd", "nginx"), OWN)
    assert caught.value.file == str(mine)
    assert mine.read_text() == "mine"
    assert _paths(tmp_path) == {"nginx/fairline.conf"}


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "nginx").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_operating(tmp_path, ("nginx",), OWN)


def test_kinds_are_read_with_a_mend_for_what_is_misspelt() -> None:
    assert chosen("caddy, prometheus,caddy") == ("caddy", "prometheus")
    assert chosen("") == ()
    with pytest.raises(SettingsError, match='did you mean "grafana"'):
        chosen("grafna")
    with pytest.raises(SettingsError, match="there are systemd, caddy"):
        chosen("xyz")


@pytest.mark.parametrize(
    ("bind", "seen"),
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("[fd00::7]:80", "[fd00::7]:80"),
    ],
)
def test_an_address_is_one_that_can_be_reached(bind: str, seen: str) -> None:
    place = Place(Path("f"), ServerSettings(bind=bind))
    assert (place.public, place.ops) == (seen, seen)
    assert place.pages == f"http://{seen}/runbooks"


def test_the_operator_of_prometheus_gets_every_rule_and_alert_as_it_is() -> None:
    monitor, rule = yaml.safe_load_all(filled("kubernetes/monitoring.yaml", OWN))
    root = operating.example_folder() / "prometheus"
    wanted = []
    for name in ("rules.yml", "alerts.yml"):
        wanted += yaml.safe_load(filled(f"prometheus/{name}", OWN))["groups"]
    assert rule["spec"]["groups"] == wanted
    assert sum(len(group["rules"]) for group in wanted) > 30
    scrape = yaml.safe_load((root / "prometheus.yml").read_text("utf-8"))
    assert scrape["rule_files"] == ["rules.yml", "alerts.yml"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["interval"] == scrape["global"]["scrape_interval"]


def test_the_examples_are_settings_that_can_be_read(tmp_path: Path) -> None:
    write_operating(tmp_path, ("examples",), OWN)
    assert "server" in tomllib.loads((tmp_path / "fairline.example.toml").read_text("utf-8"))
