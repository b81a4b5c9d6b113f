"""Wheel, sdist and the files of operators: built, installed without network or Node, and read."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import urllib.error
import urllib.request
import zipfile
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from router.journal.redis_address import PORT, address_of
from router.server.pulse import BEAT_S
from router.server.sections import ServerSettings
from tests.helpers.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
PAGES = (
    "board/index.html", "client.js", "client.tgz", "desktop/index.html", "demo/shop.html",
    "widget.js", "widget/page.html",
)  # fmt: skip

pytestmark = pytest.mark.process


def test_an_sdist_makes_a_wheel_with_all_pages_and_no_sources_of_them(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"router/web/dist/{page}" for page in PAGES} <= names
    assert {"router/documents/openapi.json", "router/documents/asyncapi.json"} <= names
    assert "router/journal/redis_functions.lua" in names
    runbooks = {f"router/runbooks/{path.name}" for path in (ROOT / "docs/runbooks").glob("*.md")}
    assert runbooks
    assert runbooks <= names
    web = {name for name in names if name.startswith("router/web/")}
    assert {name for name in web if not name.startswith("router/web/dist/")} == set()
    assert not any("node_modules" in name or name.startswith("tests/") for name in names)


def test_the_wheel_runs_where_nothing_of_the_repository_is(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    program = (
        "import router, router.server.http as http; print(router.__file__); "
        "print(sorted(http._read_files(with_demo=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    where, files = done.stdout.splitlines()
    assert where.startswith(str(target))
    for page in PAGES:
        assert page in files


def test_an_sdist_without_pages_and_without_node_makes_no_package(
    sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    shutil.rmtree(source / "router" / "web" / "dist")
    environment = {**os.environ, "PATH": "/nowhere", "FAIRLINE_NODE": "none"}
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "Node" in done.stderr
    assert not list(source.glob("dist/*.whl"))


SETTINGS = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "config").rglob("*.toml")
    if "server" in tomllib.loads(path.read_text("utf-8"))
)


def test_there_are_settings_to_be_checked() -> None:
    assert {path.name for path in SETTINGS} >= {"fairline.toml", "fairline.example.toml"}


def fairline(*arguments: str) -> str:
    """Runs a command that must go well; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "router", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_all_settings_that_are_there_are_accepted(settings: Path, tmp_path: Path) -> None:
    text = (ROOT / settings).read_text("utf-8")
    if "secrets/" in text:  # compose makes them first, in its volume
        compose = (ROOT / "config/docker/compose.yml").read_text("utf-8")
        (command,) = re.findall(r'command: (\["secret".*\])', compose)
        fairline(*json.loads(command.replace("/var/lib/fairline", str(tmp_path))))
        settings = tmp_path / "fairline.toml"
        settings.write_text(text.replace("/var/lib/fairline", str(tmp_path)), "utf-8")
    with closing(RedisServer(tmp_path / "redis", options=_redis_of_compose())) as redis:
        if 'journal = "redis"' in text:
            where = settings.read_text("utf-8").replace("redis:6379", f"127.0.0.1:{redis.port}")
            settings.write_text(where, "utf-8")
            redis.start()
        said = fairline("check", "--config", str(settings))
    assert "everybody knows" not in said
    assert "server.redis_url" not in said, "compose's Redis keeps what it was told"


def _redis_of_compose() -> list[str]:
    """How compose starts its Redis: name and value by turns."""
    compose = yaml.safe_load((ROOT / "config/docker/compose.yml").read_text("utf-8"))
    server, *options = compose["services"]["redis"]["command"]
    assert server == "valkey-server"
    assert options[:4] == ["--appendonly", "yes", "--appendfsync", "always"]
    return [option.removeprefix("--") for option in options]


def test_compose_has_its_redis_to_itself_and_waits_for_it() -> None:
    compose = yaml.safe_load((ROOT / "config/docker/compose.yml").read_text("utf-8"))
    services = compose["services"]
    server = tomllib.loads((ROOT / "config/docker/fairline.toml").read_text("utf-8"))["server"]
    (host, port) = address_of(server["redis_url"]).hosts[0]
    assert port == PORT
    assert services[host]["networks"] == ["store"]
    assert compose["networks"]["store"] == {"internal": True}
    assert [name for name, one in services.items() if "store" in one.get("networks", [])] == [
        host, "fairline",
    ]  # fmt: skip
    assert "ports" not in services[host]
    assert services["fairline"]["depends_on"][host] == {"condition": "service_healthy"}
    assert services[host]["volumes"] == ["redis:/data"]
    wheel = (ROOT / "config/docker/Dockerfile").read_text("utf-8")
    assert "[otel,redis]" in wheel


def test_the_container_s_addresses_are_those_of_its_neighbours() -> None:
    server = tomllib.loads((ROOT / "config/docker/fairline.toml").read_text("utf-8"))["server"]
    ops_port = server["ops_bind"].rpartition(":")[2]
    compose = (ROOT / "config/docker/compose.yml").read_text("utf-8")
    assert f'"127.0.0.1:8080:{server["bind"].rpartition(":")[2]}"' in compose
    assert f"127.0.0.1:{ops_port}/readyz" in compose
    prometheus = (ROOT / "config/docker/prometheus.yml").read_text("utf-8")
    assert f"fairline:{ops_port}" in prometheus
    assert f"VOLUME {server['data']}" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("file", ["nginx/fairline.conf", "caddy/Caddyfile"])
def test_proxies_reach_the_server_and_keep_operators_pages_to_themselves(file: str) -> None:
    text = (ROOT / "config" / file).read_text("utf-8")
    assert ServerSettings().bind in text
    assert 'proxies = ["127.0.0.1"]' in text
    for page in ("metrics", "healthz", "livez", "readyz"):
        assert page in text
    if "nginx" in file:
        assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in text
        assert "proxy_set_header Upgrade $http_upgrade;" in text
        (read_s,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
        assert int(read_s) > 2 * BEAT_S


def test_compose_names_files_and_volumes_that_are_there() -> None:
    folder = ROOT / "config" / "docker"
    compose = yaml.safe_load((folder / "compose.yml").read_text("utf-8"))
    mounted = [
        mount.split(":")[0] for one in compose["services"].values() for mount in one["volumes"]
    ]
    files = [name for name in mounted if name.startswith(".")]
    assert len(files) >= 8
    assert [name for name in files if not (folder / name).exists()] == []
    assert set(mounted) - set(files) == compose["volumes"].keys()


def test_compose_has_who_hears_of_alerts_and_the_addresses_agree() -> None:
    folder = ROOT / "config" / "docker"
    services = yaml.safe_load((folder / "compose.yml").read_text("utf-8"))["services"]
    scrape = yaml.safe_load((folder / "prometheus.yml").read_text("utf-8"))
    (managers,) = scrape["alerting"]["alertmanagers"]
    hear = yaml.safe_load((folder / "alertmanager.yml").read_text("utf-8"))
    hooks = [hook["url"] for one in hear["receivers"] for hook in one.get("webhook_configs", [])]
    named = [*managers["static_configs"][0]["targets"], *(urlsplit(hook).netloc for hook in hooks)]
    assert len(named) == 2
    assert {name.split(":")[0] for name in named} <= services.keys()
    port = services["alerts"]["command"][-1]
    assert named[-1].endswith(f":{port}")


def test_what_alertmanager_sends_is_printed_one_line_an_alert() -> None:
    program = ROOT / "config" / "docker" / "show_alerts.py"
    alert = {
        "status": "firing",
        "labels": {"alertname": "FairlineDown", "severity": "page"},
        "annotations": {
            "summary": "It is down.",
            "runbook_url": "http://a/runbooks/node-down.html",
        },
    }
    shown = subprocess.Popen([sys.executable, program, "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert shown.stdout is not None
        port = int(shown.stdout.readline().split()[-1])
        address = f"http://127.0.0.1:{port}/"
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(address, data=b"no JSON", timeout=10)
        both = json.dumps({"alerts": [alert, {**alert, "status": "resolved"}]})
        urllib.request.urlopen(address, data=both.encode(), timeout=10).close()
        lines = [shown.stdout.readline() for _ in range(2)]
    finally:
        shown.kill()
        shown.communicate()
    page = "page  FairlineDown  It is down.  http://a/runbooks/node-down.html\n"
    assert lines == [f"firing  {page}", f"resolved  {page}"]


def test_the_unit_uses_commands_that_exist() -> None:
    unit = (ROOT / "config" / "systemd" / "fairline.service").read_text("utf-8")
    for command in re.findall(r"=\S+/bin/fairline (\w+)", unit):
        done = subprocess.run(
            [sys.executable, "-m", "router", command, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, command
