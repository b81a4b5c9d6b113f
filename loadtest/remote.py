"""A server that the load test did not start: where it is, as whom one comes, what it tells.

Owns: whose server may be loaded, and what its metrics say of processor, memory and loop. Does not
know: the load. It starts, kills and changes nothing.

Invariants (tests/loadtest/test_remote.py): a server beyond this machine is refused unless whoever
asks says that it is theirs; what no page of metrics tells is left out of every figure.
"""

import http.client
import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from loadtest.scenario import Scenario, ScenarioError
from loadtest.serving import LAG_BUCKET, ServerNotThereError
from loadtest.tokens import Key

__all__ = ["Remote", "remote_of"]

WITHIN_S = 2.0
CPU = re.compile(r"^process_cpu_seconds_total ([0-9.e+-]+)", re.MULTILINE)
RESIDENT = re.compile(r"^process_resident_memory_bytes ([0-9.e+-]+)", re.MULTILINE)
VERSION = re.compile(r'^fairline_build_info\{version="([^"]*)"\}', re.MULTILINE)


@dataclass
class Remote:
    """A server, perhaps of several nodes, each with a page of metrics.

    Attributes:
        url: Its WebSocket.
        tenants: The tenants' names, one for each of the scenario's.
        signing: Their keys, in the same order.
        metrics_urls: A page for each node; the node's own address where none is named.
        has_figures: Whether these pages told what they should, once it was asked.
    """

    url: str
    tenants: tuple[str, ...]
    signing: tuple[Key, ...]
    metrics_urls: tuple[str, ...] = ()
    has_figures: bool = False
    version: str = ""
    cpu_before_s: float = 0.0
    _pages: list[str] = field(default_factory=list)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The id and the secret of each tenant's key."""
        return tuple((key.kid, key.secret) for key in self.signing)

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine, so that its processor time is the machine's."""
        return _is_loopback(urlsplit(self.url).hostname or "")

    @property
    def pid(self) -> int:
        """Nobody's: it was not started here.

        Raises:
            ScenarioError: always; only what was started here can be profiled.
        """
        raise ScenarioError("--profile: only a server that was started here can be looked into")

    def start(self) -> None:
        """Looks whether somebody listens there, and whether the metrics can be read.

        Raises:
            ServerNotThereError: nobody does.
        """
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), WITHIN_S).close()
        except OSError as error:
            raise ServerNotThereError(f"{self.url}: nobody answers there: {error}") from None
        if not self.metrics_urls:
            scheme = "https" if parts.scheme == "wss" else "http"
            self.metrics_urls = (f"{scheme}://{parts.netloc}/metrics",)
        self.cpu_s()
        self.has_figures = bool(self._pages) and all(CPU.search(page) for page in self._pages)
        versions = {found[1] for page in self._pages if (found := VERSION.search(page))}
        self.version = ", ".join(sorted(versions))

    def kill(self) -> None:
        """Leaves it as it is."""

    def cpu_s(self) -> float:
        """The processor time of all nodes so far; asks their pages anew."""
        pages = [_page(url) for url in self.metrics_urls]
        if all(pages):
            self._pages = pages
        return self._sum(CPU)

    def resident_bytes(self) -> int:
        """The memory of all nodes, when they were asked last."""
        return int(self._sum(RESIDENT))

    def lag_buckets(self) -> dict[float, float]:
        """How late their loops were: counts by upper bound, when they were asked last."""
        found: dict[float, float] = {}
        for page in self._pages:
            for bound, count in LAG_BUCKET.findall(page):
                found[float(bound)] = found.get(float(bound), 0.0) + float(count)
        return found

    def _sum(self, figure: re.Pattern[str]) -> float:
        return sum(float(found[1]) for page in self._pages if (found := figure.search(page)))


def _page(url: str) -> str:
    """A page of metrics; empty where there is none."""
    parts = urlsplit(url)
    kind: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    )
    door = kind(parts.netloc, timeout=WITHIN_S)
    try:
        door.request("GET", parts.path or "/metrics")
        answer = door.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        door.close()
    return text if answer.status == http.client.OK else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def remote_of(
    scenario: Scenario,
    *,
    url: str,
    tenants: Sequence[str],
    key_of: Callable[[str], Key],
    metrics_urls: Sequence[str] = (),
    is_own: bool = False,
) -> Remote:
    """A server for a scenario.

    Args:
        scenario: What will be played.
        url: The server's WebSocket.
        tenants: One for each of the scenario's; those of ``loadtest settings`` if empty.
        key_of: The key of a tenant.
        metrics_urls: A page of metrics for each node.
        is_own: Whether whoever asks said that the server is theirs.

    Raises:
        ScenarioError: it may not be loaded, or not with this scenario.
        KeyUnusableError: a key cannot be used.
    """
    for sentence in _problems(scenario, url, metrics_urls, is_own=is_own):
        raise ScenarioError(sentence)
    count = scenario.load.tenants
    names = tuple(tenants) or tuple(f"load{number}" for number in range(count))
    if len(names) != count:
        raise ScenarioError(f"--tenant: the scenario has {count}; name as many, each once")
    if len(set(names)) < count:
        raise ScenarioError("--tenant: one is there twice")
    return Remote(url, names, tuple(map(key_of, names)), tuple(metrics_urls))


def _problems(
    scenario: Scenario, url: str, metrics_urls: Sequence[str], *, is_own: bool
) -> Iterator[str]:
    """Why that server may not be loaded so."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        yield f"--url: {url!r} is no WebSocket; write ws://HOST:PORT/v1/socket"
    elif not is_own and not _is_loopback(parts.hostname):
        yield (
            f"--url: {parts.hostname} is not this machine. Load stops others' work: add "
            "--i-own-this-server if it is yours to load"
        )
    for index, fault in enumerate(scenario.faults):
        if fault.kind == "kill":
            yield (
                f"faults[{index}].kind: a server that was not started here is not killed; leave "
                "out --url, or take another scenario"
            )
    for page in metrics_urls:
        if urlsplit(page).scheme not in ("http", "https"):
            yield f"--metrics-url: {page!r} is no address of a page"
