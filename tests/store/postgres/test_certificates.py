"""A database by the commands of docs/administrator.md: who is let in, and what others are told."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apppw_tui.config import DatabaseConfig
from apppw_tui.doctor.database import check_certificates
from apppw_tui.doctor.finding import Level
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from tests.programs import finished
from tests.services.require import require_program
from tests.store.postgres.cluster import Cluster, private_cluster
from tests.systemd.walk import steps

pytestmark = pytest.mark.slow
CHAPTER = "When one machine is not enough"
NOW = datetime.now(UTC)
UNTRUSTED = (
    "The certificate of the database is not to be trusted. Look whether sslrootcert is what signed "
    "it, whether it is out of date, and at the name."
)
UNUSABLE = (
    "The certificate of this machine, or its key, cannot be used. Look at sslcert and sslkey: the "
    "owner of the store must be able to read both."
)
NOT_LET_IN = (
    "The database does not let this machine in. Look whether the certificate is out of date, or of "
    "another role; its log says which."
)
NOT_NAMED = (
    "The database lets no such user in from here, or not to a database of that name. Look at "
    "dbname and user in dsn, and at pg_hba.conf there; its log says which."
)


def block(title: str, beginning: str) -> str:
    """The commands of the page under that heading, one line of which begins so."""
    (found,) = [
        step.commands
        for step in steps("administrator.md", CHAPTER)
        if step.title == title and re.search(f"(?m)^{re.escape(beginning)}", step.commands)
    ]
    return found


def run_as(cluster: Cluster, script: str) -> None:
    """In a home of their own, as the user whose the server is."""
    require_program("openssl", "openssl")
    done = finished(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"HOME": str(cluster.folder), "PATH": os.environ["PATH"]},
        user=cluster.user.uid,
        group=cluster.user.gid,
        extra_groups=[],
        cwd=cluster.folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Server:
    """A server that heard of the page; `own` has the files of those who come."""

    cluster: Cluster
    own: Path
    port: int

    def dsn(self, name: str = "portal.mail1", role: str = PORTAL, **words: str | Path) -> str:
        """With the certificate `name`, as `role`."""
        values = {
            "host": "db1.example.org",
            "hostaddr": "127.0.0.1",
            "port": self.port,
            "dbname": "apppw",
            "user": role,
            "sslmode": "verify-full",
            "sslrootcert": self.own / "ca.pem",
            "sslcert": self.own / f"{name}.pem",
            "sslkey": self.own / f"{name}.key",
            **words,
        }
        return " ".join(f"{key}={value}" for key, value in values.items())

    def identity(self, dsn: str) -> list[tuple[object, ...]]:
        database = Database(dsn, 10)
        try:
            return database.rows("SELECT current_user::text, ssl FROM pg_stat_ssl"
                                 " WHERE pid = pg_backend_pid()")  # fmt: skip
        finally:
            database.close()

    def refusal(self, dsn: str) -> str:
        with pytest.raises(StoreUnusable) as caught:
            self.identity(dsn)
        return str(caught.value)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own = tmp_path_factory.mktemp("own")
    with private_cluster() as cluster:
        cluster.create("apppw")
        cluster.execute("postgres", "CREATE ROLE apppw_standby LOGIN REPLICATION")
        run_as(cluster, block("2. Make the certificates", "openssl req"))
        data, made = cluster.folder / "data", cluster.folder / "apppw-ca"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name, source in (("ca.pem", "ca.pem"), ("server.pem", "db1.example.org.pem")):
            run_as(cluster, f"cp {made / source} {data / name}")
        run_as(cluster, f"cp {made}/db1.example.org.key {data}/server.key; mkdir {data}/conf.d")
        # The clusters of Debian read conf.d; and trust nobody on TCP.
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"include_dir = 'conf.d'\nssl = on\nport = {port}\n")
        (data / "pg_hba.conf").write_text("local all all trust\n")
        script = block("3. Set up the primary", "cat >conf.d/apppw.conf")
        script = script.replace("/etc/postgresql/15/main", str(data))
        script = script.replace("192.0.2.0/24", "127.0.0.1/32")
        script = re.sub(r"(?m)^systemctl .*\n", "", script)
        run_as(cluster, script)
        cluster.stop()
        cluster.start()
        for path in made.iterdir():
            shutil.copy(path, own)
            (own / path.name).chmod(0o600)
        yield Server(cluster, own, port)


def make_certificate(server: Server, name: str, end: datetime, signed_by: str = "ca") -> None:
    """A client's certificate like those of the page, which cannot make one that has ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    theirs = serialization.load_pem_private_key(
        (server.own / f"{signed_by}.key").read_bytes(), None
    )
    assert isinstance(theirs, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate((server.own / f"{signed_by}.pem").read_bytes())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal.mail1")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=100))
        .not_valid_after(end)
        .sign(theirs, hashes.SHA256())
    )
    (server.own / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (server.own / f"{name}.key").write_bytes(written)
    (server.own / f"{name}.key").chmod(0o600)


def test_each_certificate_opens_its_role_over_tls(server: Server) -> None:
    assert server.identity(server.dsn()) == [(PORTAL, True)]
    daemon = server.dsn("verifier.mail1", VERIFIER)
    assert server.identity(daemon) == [(VERIFIER, True)]
    assert server.identity(server.dsn("owner", "apppw_owner")) == [("apppw_owner", True)]
    standby = f"{server.dsn('db2.example.org', 'apppw_standby', dbname='x')} replication=true"
    with psycopg.connect(standby, autocommit=True) as connection:
        (row,) = connection.execute("IDENTIFY_SYSTEM").fetchall()
    assert row[0]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("verifier.mail1", PORTAL),
        ("portal.mail1", "apppw_owner"),
        ("portal.mail1", "postgres"),
        ("db1.example.org", PORTAL),
    ],
)
def test_certificate_of_another_role_is_refused_in_a_sentence(
    server: Server, name: str, role: str
) -> None:
    expected = NOT_NAMED if role == "postgres" else NOT_LET_IN
    assert server.refusal(server.dsn(name, role)) == expected


def test_certificate_that_ended_or_is_a_strangers_is_refused_in_a_sentence(server: Server) -> None:
    make_certificate(server, "ended", NOW - timedelta(days=1))
    assert server.refusal(server.dsn("ended")) == NOT_LET_IN
    run = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=other"
    (server.cluster.folder / "other").mkdir(exist_ok=True)
    done = finished(
        [*run.split(), "-keyout", server.own / "other.key", "-out", server.own / "other.pem"]
    )
    assert done.returncode == 0, done.stderr
    make_certificate(server, "strange", NOW + timedelta(days=9), signed_by="other")
    assert server.refusal(server.dsn("strange")) == NOT_LET_IN
    assert server.refusal(server.dsn(sslrootcert=server.own / "other.pem")) == UNTRUSTED


@pytest.fixture
def home_of_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home with a certificate, which this process may not enter, as after root's change."""
    with tempfile.TemporaryDirectory() as home:
        monkeypatch.setenv("HOME", home)
        (Path(home) / ".postgresql").mkdir()
        (Path(home) / ".postgresql" / "postgresql.crt").write_text("another's")
        yield


@pytest.mark.parametrize("version", [150000, 160000])
@pytest.mark.usefixtures("home_of_root")
def test_without_sslcert_nothing_is_looked_for_at_home(
    server: Server, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    if psycopg.pq.version() >= version:
        monkeypatch.setattr(psycopg.pq, "version", lambda: version)
    bare = server.dsn().replace(f"sslcert={server.own}/portal.mail1.pem ", "")
    bare = bare.replace(f"sslkey={server.own}/portal.mail1.key", "")
    assert "sslcert=" not in bare
    assert server.refusal(bare) == NOT_LET_IN
    assert server.refusal(bare.replace("host=db1", "host=db3")) == UNTRUSTED


def test_wrong_database_and_user_are_told_over_tls(server: Server) -> None:
    assert server.refusal(server.dsn(dbname="nothing-there")) == NOT_NAMED
    assert server.refusal(server.dsn(role="nobody-there")) == NOT_NAMED


def test_server_of_another_name_or_without_what_signed_it_is_not_trusted(server: Server) -> None:
    assert server.refusal(server.dsn(host="db3.example.org")) == UNTRUSTED
    assert server.refusal(server.dsn(sslrootcert=server.own / "none.pem")) == UNTRUSTED


def test_key_that_is_missing_or_open_to_all_is_told(server: Server) -> None:
    assert server.refusal(server.dsn(sslkey=server.own / "none.key")) == UNUSABLE
    wide = server.own / "wide.key"
    shutil.copy(server.own / "portal.mail1.key", wide)
    wide.chmod(0o644)
    assert server.refusal(server.dsn(sslkey=wide)) == UNUSABLE


def test_nobody_is_let_in_without_a_certificate_or_without_tls(server: Server) -> None:
    bare = server.dsn(sslcert=server.own / "none.pem")
    assert server.refusal(bare) == NOT_LET_IN
    plain = server.dsn(sslmode="disable").replace("host=db1.example.org ", "")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(plain)


@pytest.mark.parametrize(("days", "level"), [(-1, Level.DANGER), (29, Level.WARNING), (31, None)])
def test_doctor_names_a_certificate_that_ends(
    server: Server, days: int, level: Level | None
) -> None:
    make_certificate(server, "ending", NOW + timedelta(days=days))
    dsn = server.dsn("ending")
    findings = [*check_certificates(DatabaseConfig(dsn=dsn, serve_dsn=dsn), NOW)]
    assert [finding.level for finding in findings] == ([] if level is None else [level])
    assert [finding.where for finding in findings] == [str(server.own / "ending.pem")] * len(
        findings
    )


def test_doctor_leaves_files_alone_that_are_no_certificates(server: Server) -> None:
    dsn = server.dsn(sslcert=server.own / "portal.mail1.key", sslrootcert=server.own / "none.pem")
    assert [*check_certificates(DatabaseConfig(dsn=dsn, serve_dsn=dsn), NOW)] == []
