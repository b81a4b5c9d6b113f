"""The certificate that is served: which files are a pair, and how it is changed under way."""

import io
import json
import os
import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from router.errors import SettingsError
from router.server import logs
from router.server.certificates import Certificate, certificate_of, renewed
from router.server.clock import Clock
from router.server.sections import ServerSettings
from tests.helpers.certificates import certificate
from tests.helpers.nodes import PATIENCE_S, RunningNode, node_settings, open_node
from tests.helpers.raw import wait_until

DAY_S = 86_400
Spoil = Callable[[Path, Path], None]


def pair(cert: str, key: str) -> Certificate:
    return Certificate(ServerSettings(tls_cert=cert, tls_key=key))


def test_a_pair_says_when_it_ends(tmp_path: Path) -> None:
    left_s = pair(*certificate(tmp_path, days=5)).expires_s - time.time()
    assert 4.9 * DAY_S < left_s <= 5 * DAY_S
    assert certificate_of(ServerSettings()) is None


def _nothing(cert: Path, _: Path) -> None:
    cert.write_text("nothing of the kind", "utf-8")


def _missing(_: Path, key: Path) -> None:
    key.unlink()


def _half(cert: Path, _: Path) -> None:
    text = cert.read_text("utf-8")
    cert.write_text(text[: len(text) // 2], "utf-8")


def _no_key(cert: Path, key: Path) -> None:
    key.write_bytes(cert.read_bytes())


def _foreign(_: Path, key: Path) -> None:
    key.write_bytes(_pem(serialization.NoEncryption()))


def _locked(_: Path, key: Path) -> None:
    key.write_bytes(_pem(serialization.BestAvailableEncryption(b"a passphrase")))


def _pem(protection: serialization.KeySerializationEncryption) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


WRONG = [
    (_nothing, "tls_cert", "are no certificate"),
    (_half, "tls_cert", "are no certificate"),
    (_missing, "tls_key", "No such file"),
    (_no_key, "tls_cert", "are no certificate"),
    (_foreign, "tls_key", "is the key of another certificate"),
    (_locked, "tls_key", "is encrypted; write the key without a passphrase"),
]


@pytest.mark.parametrize(("spoil", "key", "mend"), WRONG)
def test_what_is_no_pair_is_refused_by_its_key_and_changes_nothing(
    spoil: Spoil, key: str, mend: str, tmp_path: Path
) -> None:
    files = certificate(tmp_path)
    served = pair(*files)
    context, ends_s = served.context, served.expires_s
    spoil(*map(Path, files))
    for read in (lambda: pair(*files), served.renew):
        with pytest.raises(SettingsError, match=mend) as caught:
            read()
        assert caught.value.key == f"server.{key}"
    assert (served.context, served.expires_s) == (context, ends_s)


def test_the_same_files_are_no_news(tmp_path: Path) -> None:
    served = pair(*certificate(tmp_path))
    context = served.context
    assert not served.renew()
    assert served.context is context


async def handshake(node: RunningNode) -> bytes:
    """The certificate that somebody who connects now is shown."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", node.port, ssl_context=context)
    await stream.do_handshake()
    shown = stream.getpeercert(binary_form=True)
    await trio.aclose_forcefully(stream)
    return bytes(shown)


def of_file(path: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(path).read_text("utf-8"))


async def expiry(node: RunningNode) -> float:
    """What the metrics say, of the certificate and of the last SIGHUP."""
    page = (await node.node.render_metrics()).decode()
    (value,) = (
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "fairline_certificate_expiry_timestamp_seconds"
    )
    return value


async def test_a_hangup_serves_the_renewed_pair_and_a_wrong_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.server.metrics.PAGE_S", 0.0)
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    cert, key = certificate(tmp_path, days=3)
    old = of_file(cert)
    async with open_node(node_settings(tls_cert=cert, tls_key=key)) as node:
        before_s = await expiry(node)
        certificate(tmp_path, days=90)
        renewed = of_file(cert)
        assert await handshake(node) == old
        assert await expiry(node) == before_s, "what counts is what is served"

        os.kill(os.getpid(), signal.SIGHUP)
        with trio.fail_after(10):
            await wait_until(lambda: "certificate.renewed" in stream.getvalue())
        assert await handshake(node) == renewed != old
        assert await expiry(node) - before_s > 80 * DAY_S

        certificate(tmp_path, days=200)
        _foreign(Path(cert), Path(key))
        os.kill(os.getpid(), signal.SIGHUP)
        with trio.fail_after(10):
            await wait_until(lambda: "certificate.refused" in stream.getvalue())
        assert await handshake(node) == renewed
        page = await node.node.render_metrics()
        assert b"fairline_config_reload_success 0.0" in page
    refused = json.loads(stream.getvalue().splitlines()[-1])
    assert refused["key"] == "server.tls_key"
    assert "is the key of another certificate" in refused["error"]


async def test_a_stop_waits_for_no_file_that_hangs(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    served = pair(cert, key)
    _hang(cert)
    reading, over = trio.Event(), trio.Event()

    async def renew() -> None:
        reading.set()
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await renewed(served)
        over.set()

    scopes: list[trio.CancelScope] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(renew)
        await reading.wait()
        with trio.fail_after(PATIENCE_S):
            writer = await trio.to_thread.run_sync(_opened_by_reader, cert)
        scopes[0].cancel()
        with trio.move_on_after(PATIENCE_S) as patience:
            await over.wait()
        os.close(writer)  # the thread reads nothing, and ends
    assert not patience.cancelled_caught, "the stop waited for the file"


def _hang(path: str) -> None:
    """Whoever opens it waits for somebody who writes."""
    Path(path).unlink()
    os.mkfifo(path)


def _opened_by_reader(fifo: str) -> int:
    """The writer's end, once somebody reads; nothing comes, so the reader hangs until it closes."""
    return os.open(fifo, os.O_WRONLY)
