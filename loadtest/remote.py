"""A server that the load test did not start: where it is, as whom one comes, what it tells.

Owns: whose server may be loaded, and what its metrics say of processor, memory and loop. Does not
know: the load. It starts, kills and changes nothing.

Invariants (tests/loadtest/test_remote.py): a server beyond this machine is refused unless whoever
asks says that it is theirs; what no page of metrics tells is left out of every figure; each
page is a node of its own.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from loadtest.node import ServerNotThereError
from loadtest.readings import Reading, page_at
from loadtest.redis_watch import RedisReading, RedisWatch
from loadtest.scenario import Scenario, ScenarioError
from loadtest.tokens import Key

__all__ = ["Remote", "remote_of"]

WITHIN_S = 2.0
"""In which somebody must answer at the address."""
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
        watch: Looks at the Redis of its journal.
    """

    url: str
    tenants: tuple[str, ...]
    signing: tuple[Key, ...]
    metrics_urls: tuple[str, ...] = ()
    has_figures: bool = False
    version: str = ""
    watch: RedisWatch | None = None
    _pages: list[str] = field(default_factory=list)

    @property
    def urls(self) -> tuple[str, ...]:
        """Its one address."""
        return (self.url,)

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
        self._pages = [""] * len(self.metrics_urls)
        self.readings()
        self.has_figures = not self.silent_urls
        versions = {found[1] for page in self._pages if (found := VERSION.search(page))}
        self.version = ", ".join(sorted(versions))

    def check(self) -> None:
        """Nothing: whoever started it looks after it."""

    def kill(self) -> None:
        """Leaves it as it is."""

    def revive(self) -> None:
        """Leaves it as it is."""

    def close(self) -> None:
        """Leaves it as it is."""
        if self.watch is not None:
            self.watch.close()

    @property
    def silent_urls(self) -> list[str]:
        """The pages that never told what they should."""
        pages = zip(self.metrics_urls, self._pages, strict=True)
        return [url for url, page in pages if not CPU.search(page)]

    def readings(self) -> Sequence[Reading]:
        """Each node; of one whose page is silent what it told last."""
        self._pages = [
            page_at(url) or last for url, last in zip(self.metrics_urls, self._pages, strict=True)
        ]
        return [
            Reading.of(
                _name(url, self.metrics_urls),
                _figure(CPU, page),
                int(_figure(RESIDENT, page)),
                page,
            )
            for url, page in zip(self.metrics_urls, self._pages, strict=True)
        ]

    def redis(self) -> RedisReading | None:
        """The Redis of its journal, where one was named."""
        return self.watch.look() if self.watch is not None else None


def _name(url: str, urls: Sequence[str]) -> str:
    """Host and port; and the path, where another page is at the same."""
    host = urlsplit(url).netloc
    is_alone = sum(urlsplit(each).netloc == host for each in urls) == 1
    return host if is_alone else host + urlsplit(url).path


def _figure(figure: re.Pattern[str], page: str) -> float:
    found = figure.search(page)
    return float(found[1]) if found else 0.0


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
    redis_url: str = "",
    is_own: bool = False,
) -> Remote:
    """A server for a scenario.

    Args:
        scenario: What will be played.
        url: The server's WebSocket.
        tenants: One for each of the scenario's; those of ``loadtest settings`` if empty.
        key_of: The key of a tenant.
        metrics_urls: A page of metrics for each node.
        redis_url: The Redis of its journal; not looked at if empty.
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
    signing = tuple(map(key_of, names))
    watch = RedisWatch(redis_url) if redis_url else None
    return Remote(url, names, signing, tuple(metrics_urls), watch=watch)


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
    yield from _of_addresses(url, metrics_urls)


def _of_addresses(url: str, metrics_urls: Sequence[str]) -> Iterator[str]:
    for option, address in (("--url", url), *(("--metrics-url", page) for page in metrics_urls)):
        if "@" in urlsplit(address).netloc:
            yield f"{option}: leave out name and password, they would stand in the report"
    if len(set(metrics_urls)) < len(metrics_urls):
        yield "--metrics-url: one is there twice; name each node once"
    for page in metrics_urls:
        if urlsplit(page).scheme not in ("http", "https"):
            yield f"--metrics-url: {page!r} is no address of a page"
