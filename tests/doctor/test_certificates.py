"""The certificates that a machine trusts or comes with: until when they hold."""

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apppw_tui.config import DatabaseConfig
from apppw_tui.doctor.database import check_certificates
from apppw_tui.doctor.finding import Finding, Level

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def certificate(end: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=100))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def looked_at(path: Path, key: str, *days: int) -> list[Finding]:
    path.write_bytes(b"".join(certificate(NOW + timedelta(days=number)) for number in days))
    dsn = f"host=/x {key}={path}"
    return [*check_certificates(DatabaseConfig(dsn=dsn, serve_dsn=dsn), NOW)]


@pytest.mark.parametrize(
    ("key", "days", "level"),
    [
        ("sslrootcert", (-900, 400), None),
        ("sslrootcert", (-900, 20), Level.WARNING),
        ("sslrootcert", (-900, -1), Level.DANGER),
        ("sslcert", (400, -1), Level.DANGER),
        ("sslcert", (400, 20), Level.WARNING),
    ],
)
def test_one_that_is_trusted_is_enough_and_a_chain_needs_all(
    tmp_path: Path, key: str, days: tuple[int, ...], level: Level | None
) -> None:
    findings = looked_at(tmp_path / "bundle.pem", key, *days)
    assert [finding.level for finding in findings] == ([] if level is None else [level])


def test_an_odd_certificate_of_a_bundle_warns_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    load = x509.load_pem_x509_certificates

    def warned(content: bytes) -> list[x509.Certificate]:
        warnings.warn("The parsed certificate contains an odd serial number.", stacklevel=1)
        return load(content)

    monkeypatch.setattr(x509, "load_pem_x509_certificates", warned)
    assert looked_at(tmp_path / "bundle.pem", "sslrootcert", 400) == []
    assert recwarn.list == []
