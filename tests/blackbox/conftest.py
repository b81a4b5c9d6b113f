"""A server process for each module, and a tenant of its own for each test."""

from collections.abc import Iterator

import pytest

from tests.helpers.outsider_server import Server

PLAIN_TENANTS = 40


@pytest.fixture(scope="module")
def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the module's ``TENANTS`` and with plain ones."""
    plain: dict[str, dict[str, object]] = {f"plain{n}": {} for n in range(PLAIN_TENANTS)}
    named = getattr(request.module, "TENANTS", {})
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder, {**plain, **named}, getattr(request.module, "SERVER", None))
    with server.running():
        yield server


@pytest.fixture(scope="module")
def plain_tenants() -> Iterator[str]:
    return iter([f"plain{n}" for n in range(PLAIN_TENANTS)])


@pytest.fixture
def server(process: Server) -> Iterator[Server]:
    """The module's server; sockets that a test leaves open are closed behind it."""
    yield process
    process.hang_up()


@pytest.fixture
def tenant(plain_tenants: Iterator[str]) -> str:
    """A tenant that nobody used yet, with the policy of ``outsider.POLICY``."""
    return next(plain_tenants)


@pytest.fixture(scope="module")
def tenant_once(plain_tenants: Iterator[str]) -> str:
    """One tenant for all cases of tests that leave nothing behind."""
    return next(plain_tenants)
