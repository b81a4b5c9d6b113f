"""Servers that are there already: whose may be loaded, what their metrics tell, a whole run."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loadtest.__main__ import main
from loadtest.comparing import compare
from loadtest.node import ServerNotThereError
from loadtest.notes import Sheet
from loadtest.page import page
from loadtest.remote import Remote, remote_of
from loadtest.run_command import figures_for
from loadtest.sampling import Sampler
from loadtest.scenario import Scenario, ScenarioError
from loadtest.tokens import Key
from tests.helpers.loads import outcome, scenario
from tests.helpers.real_server import free_port
from tests.helpers.redis_server import redis_server
from tests.loadtest.test_run_command import NONE

KEY = Key("main", "s" * 40)
URL = "ws://127.0.0.1:9/v1/socket"
PAGE = """\
fairline_build_info{version="1.2"} 1.0
process_cpu_seconds_total %s
process_resident_memory_bytes 1.048576e+06
fairline_loop_lag_seconds_bucket{le="0.01"} %s
fairline_loop_lag_seconds_bucket{le="+Inf"} %s
"""


@contextmanager
def node(*pages: str) -> Iterator[str]:
    """A page of metrics that changes with each look; its address."""
    left = list(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = left[0] if len(left) == 1 else left.pop(0)
            self.send_response(200 if text and self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with closing(server.socket):
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()


def remote(chosen: Scenario | None = None, **changes: Any) -> Remote:  # noqa: ANN401 - of any
    facts: dict[str, Any] = {"url": URL, "tenants": (), "key_of": lambda _: KEY, **changes}
    return remote_of(chosen or scenario(), **facts)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": "http://127.0.0.1/"}, "write ws://HOST:PORT/v1/socket"),
        ({"url": "ws://shop.example/v1/socket"}, "shop.example is not this machine"),
        ({"url": "ws://192.168.0.7/v1/socket"}, "--i-own-this-server if it is yours"),
        ({"metrics_urls": ["ws://x/metrics"]}, "is no address of a page"),
        ({"metrics_urls": ["http://x/m", "http://x/m"]}, "name each node once"),
        ({"metrics_urls": ["http://me:hush@x/m"]}, "--metrics-url: leave out name and password"),
        ({"url": "ws://me:hush@127.0.0.1/v1/socket"}, "--url: leave out name and password"),
        ({"tenants": ["a", "b"]}, "the scenario has 1; name as many"),
    ],
)
def test_what_may_not_be_loaded_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        remote(**changes)
    assert sentence in str(refused.value)


def test_a_server_of_yours_is_not_killed() -> None:
    chosen = scenario(faults=[{"at": 0.5, "kind": "kill"}])
    with pytest.raises(ScenarioError, match=r"faults\[0\].kind: .* is not killed"):
        remote(chosen)


def test_who_owns_it_may_load_it_from_elsewhere() -> None:
    found = remote(url="wss://shop.example/v1/socket", is_own=True)
    assert not found.is_here
    assert remote(url="ws://[::1]:80/v1/socket").is_here
    assert remote(url="ws://localhost/v1/socket").is_here
    two = remote(scenario(load={"tenants": 2}))
    assert two.tenants == ("load0", "load1")
    assert two.keys == (("main", "s" * 40),) * 2


def test_each_page_of_metrics_is_a_node() -> None:
    with node(PAGE % (10.0, 90, 100)) as first, node(PAGE % (2.5, 10, 20), "") as second:
        port = int(first.rpartition(":")[2].partition("/")[0])
        found = remote(url=f"ws://127.0.0.1:{port}/v1/socket", metrics_urls=[first, second])
        found.start()
        assert (found.has_figures, found.version) == (True, "1.2")
        readings = found.readings()  # one node is silent now: the last that was told
    assert [(each.cpu_s, each.resident_bytes) for each in readings] == [(10.0, 2**20), (2.5, 2**20)]
    assert [each.lag for each in readings] == [
        {0.01: 90.0, float("inf"): 100.0},
        {0.01: 10.0, float("inf"): 20.0},
    ]
    assert [each.node in url for each, url in zip(readings, (first, second), strict=True)] == [
        True,
        True,
    ]
    assert found.redis() is None


def test_two_pages_of_one_host_are_two_nodes_and_the_silent_one_is_named() -> None:
    with node(PAGE % (10.0, 90, 100)) as url:
        other = url.replace("/metrics", "/other")
        found = remote(url=url.replace("http", "ws"), metrics_urls=[url, other])
        found.start()
        assert len({each.node for each in found.readings()}) == 2
    assert not found.has_figures
    assert found.silent_urls == [other]


def test_a_redis_that_never_answered_is_missed_aloud() -> None:
    found = remote(redis_url="redis://127.0.0.1:1/0")
    run = outcome(scenario(load={"seconds": 20.0}), Sheet(0, handshakes=NONE))
    assert "nobody answered INFO" in figures_for(run, "x x x x x.toml", found)["warnings"][0]
    run.redis = "Redis 7"
    assert figures_for(run, "x x x x x.toml", found)["warnings"] == []


@pytest.mark.process
def test_the_redis_that_was_named_is_looked_at(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server:
        found = remote(redis_url=server.url)
        told = found.redis()
        assert told is not None
        assert told.product.startswith("Valkey")
        found.close()


def test_samples_are_what_grew_between_two_looks() -> None:
    with node(*(PAGE % each for each in ((1.0, 0, 0), (1.0, 0, 0), (1.6, 5, 5)))) as url:
        found = remote(url=url.replace("http", "ws").replace("/metrics", "/v1/socket"))
        found.start()
        sampler = Sampler(found, [], 0.0)
        sampler.take()
    (sample,) = sampler.samples
    assert sample.cpu > 0.5
    assert (sample.resident_mib, sample.lag_p99_ms) == (1.0, 10.0)


def test_where_no_metrics_are_nothing_is_measured_and_nothing_said_of_it() -> None:
    with node("") as url:
        found = remote(url=url.replace("http", "ws").replace("/metrics", "/v1/socket"))
        found.start()
    assert not found.has_figures
    run = outcome(scenario(load={"seconds": 20.0}), Sheet(0, handshakes=NONE))
    run.has_server_figures, run.empty_mib = False, None
    figures = figures_for(run, "python -m loadtest run x.toml", found)
    assert figures["measures"]["cpu_ms_per_conversation"] is None
    assert figures["generator"]["server_cpu"] is None
    assert "were not measured: there are no metrics at http://127.0.0.1" in figures["warnings"][0]
    assert figures["setup"]["server"].endswith("of unknown version, not started by the load test")
    assert "server CPU" not in {each.measure for each in compare(figures, figures, draws=5)}
    text = page(figures)
    assert "Not measured: no metrics of the server could be read." in text
    assert "the server took" not in text.partition("<h2>The generator</h2>")[2]


def test_nobody_there_is_a_sentence() -> None:
    with pytest.raises(ServerNotThereError, match="nobody answers there"):
        remote(url=f"ws://127.0.0.1:{free_port()}/v1/socket").start()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--tenant", "acme"), "--tenant: goes with --url"),
        (("--redis-url", "redis://127.0.0.1/"), "--redis-url: goes with --url"),
        (("--url", URL, "--key-file", "F", "--redis-url", "x"), "--redis-url: "),
        (("--url", URL, "--key-file", "F", "--journal", "redis"), "leave out --url"),
        (("--url", URL), "--key-file: name the server's .toml"),
        (("--url", URL, "--profile"), "--profile: only a server that was started here"),
        (("--url", "ws://shop.example/", "--key-file", "F"), "--i-own-this-server"),
        (("--url", URL, "--key-file", "absent"), "absent"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_why(
    words: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key"
    key.write_text("s" * 40, "utf-8")
    given = [str(key) if word == "F" else word for word in words]
    assert main(["loadtest/scenarios/steady.toml", *given]) == 2
    assert sentence in capsys.readouterr().err


TEXT = """
name = "short"
[load]
seconds = 2
warm_up = 0.5
drain = 40
processes = 1
tenants = 2
[arrivals]
rate = 10
[[lines]]
id = "shop"
talk = 0.3
messages = 1
[[desks]]
id = "all"
count = 12
accepts_after = 0.1
[customers]
connected = 12
"""


@pytest.mark.process
def test_a_run_against_a_server_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the settings that are printed to the figures."""
    file, settings, out = (tmp_path / name for name in ("s.toml", "server.toml", "f.json"))
    file.write_text(TEXT, "utf-8")
    port = free_port()
    assert main(["settings", str(file), "--port", str(port)]) == 0
    settings.write_text(capsys.readouterr().out, "utf-8")
    with serving(settings, tmp_path / "log") as server:
        url = f"ws://127.0.0.1:{port}/v1/socket"
        words = [str(file), "--url", url, "--key-file", str(settings), "--json", str(out)]
        assert main(words) == 0, capsys.readouterr().out
        assert server.poll() is None  # it was there before, and is there after
    figures = json.loads(out.read_text("utf-8"))
    assert figures["measures"]["violations"] == 0
    assert figures["measures"]["served_share"] > 0.9
    assert figures["memory"]["empty_mib"] > 10
    assert sum(sample["cpu"] for sample in figures["samples"]) > 0
    assert figures["setup"]["server"].startswith(f"{url}, fairline ")


@contextmanager
def serving(settings: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "router", "serve", "--config", str(settings)]
    with log.open("wb") as out, subprocess.Popen(words, stdout=out, stderr=out) as server:
        try:
            while b"listening" not in log.read_bytes():
                with suppress(subprocess.TimeoutExpired):
                    server.wait(0.05)
                    raise AssertionError(log.read_text("utf-8"))
            yield server
        finally:
            server.terminate()
