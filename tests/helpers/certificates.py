"""A certificate of this machine, made anew for each test: its own, or of an issuer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["certificate", "issued"]


USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def certificate(folder: Path, *, days: int = 1) -> tuple[str, str]:
    """A certificate of 127.0.0.1 that ends in so many days, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _written(folder, key, made)


def issued(folder: Path) -> tuple[str, str]:
    """Like ``certificate``, but of an authority: the file has leaf and intermediate, no root."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        for name in ("Root of the tests", "Intermediate of the tests", "localhost")
    ]
    now = datetime.now(UTC)
    chain: list[x509.Certificate] = []
    for place in (1, 2):
        key, issuer, is_leaf = keys[place], keys[place - 1], place == 2
        usage = dict.fromkeys(USAGES, False)
        usage |= {"digital_signature": is_leaf, "key_cert_sign": not is_leaf}
        constraints = x509.BasicConstraints(ca=not is_leaf, path_length=None)
        whose = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        hosts = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[place])
            .issuer_name(names[place - 1])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(constraints, critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(whose, critical=False)
            .add_extension(own, critical=False)
        )
        if is_leaf:
            builder = builder.add_extension(hosts, critical=False)
        chain.insert(0, builder.sign(issuer, hashes.SHA256()))
    return _written(folder, keys[2], *chain)


def _written(
    folder: Path, key: ec.EllipticCurvePrivateKey, *chain: x509.Certificate
) -> tuple[str, str]:
    files = folder / "cert.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    files[0].write_bytes(b"".join(one.public_bytes(pem) for one in chain))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(files[0]), str(files[1])
