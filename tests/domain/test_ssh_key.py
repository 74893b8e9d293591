"""Which ssh keys count, and by which fingerprint they are known."""

import base64
import subprocess
from pathlib import Path

import pytest

from apppw_tui.domain.errors import LimitReached, NameTaken, NotFound
from apppw_tui.domain.ssh_key import MOST, ProvenKey, UnfitKey, parse
from tests.kiosk.keys import SK_ECDSA, SK_ED25519, SecurityKey, certify, fingerprint, generate
from tests.support import KEY, OTHER_KEY, House

KINDS = {
    "ssh-ed25519": ("-t", "ed25519"),
    "ssh-rsa": ("-t", "rsa", "-b", "2048"),
    "ecdsa-sha2-nistp256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa-sha2-nistp384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa-sha2-nistp521": ("-t", "ecdsa", "-b", "521"),
}


def line_of(blob: bytes, type_: str) -> str:
    return f"{type_} {base64.b64encode(blob).decode()}"


@pytest.mark.parametrize("type_", KINDS)
def test_key_has_the_fingerprint_that_ssh_keygen_says(type_: str, tmp_path: Path) -> None:
    key = generate(tmp_path, "key", *KINDS[type_])
    assert parse((tmp_path / "key.pub").read_text()) == (type_, key.fingerprint)


@pytest.mark.parametrize("type_", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_certificate_is_known_by_its_key(type_: str, tmp_path: Path) -> None:
    key = generate(tmp_path, "key", *KINDS[type_])
    certify(tmp_path, key)
    certificate = (tmp_path / "key-cert.pub").read_text()
    assert certificate.startswith(f"{type_}-cert-v01@openssh.com ")
    assert parse(certificate) == (type_, key.fingerprint)


@pytest.mark.parametrize("type_", [SK_ED25519, SK_ECDSA])
def test_security_key_counts(type_: str, tmp_path: Path) -> None:
    line = line_of(SecurityKey(type_, 1).blob, type_)
    (tmp_path / "key.pub").write_text(f"{line}\n")
    assert parse(line) == (type_, fingerprint(tmp_path / "key.pub"))


def test_certificate_of_a_security_key_is_known_by_its_key(tmp_path: Path) -> None:
    line = line_of(SecurityKey(SK_ED25519, 1).blob, SK_ED25519)
    (tmp_path / "key.pub").write_text(f"{line}\n")
    authority = generate(tmp_path, "authority")
    signing = ["-s", str(authority.path), "-I", "somebody", str(tmp_path / "key.pub")]
    subprocess.run(["ssh-keygen", "-q", *signing], check=True)
    certificate = (tmp_path / "key-cert.pub").read_text()
    assert certificate.startswith("sk-ssh-ed25519-cert-v01@openssh.com ")
    assert parse(certificate) == parse(line)


def test_rsa_below_2048_bits_is_refused(tmp_path: Path) -> None:
    generate(tmp_path, "key", "-t", "rsa", "-b", "1024")
    with pytest.raises(UnfitKey, match="RSA keys need 2048 bits"):
        parse((tmp_path / "key.pub").read_text())


def test_dsa_is_refused() -> None:
    with pytest.raises(UnfitKey, match="DSA keys are too weak"):
        parse("ssh-dss AAAAB3NzaC1kc3M=")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",  # no field behind the type
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2U2NCBvZiAzMiBieXRlcyBmb3IgYSB0ZXN0",  # another's
        "ssh-ed25519-cert-v01@openssh.com AAAA",
        "ssh-xmss@openssh.com AAAA",
        "ssh-ed25519 " + "A" * 20_000,
    ],
)
def test_anything_else_is_no_key(line: str) -> None:
    with pytest.raises(UnfitKey):
        parse(line)


def test_proof_counts_for_ten_minutes() -> None:
    key = ProvenKey("SHA256:x", "ssh-ed25519", proved_at=100.0)
    assert key.is_recent(100.0)
    assert key.is_recent(699.9)
    assert not key.is_recent(700.0)
    assert not key.is_recent(99.0)


def test_keys_of_an_account_have_names_of_their_own_and_are_ten_at_most(house: House) -> None:
    account = house.add()
    first = house.give_ssh_key(called="Laptop")
    account = house.now()
    with pytest.raises(NameTaken, match="You already have a key called Laptop"):
        account.with_ssh_key(
            type(first)(OTHER_KEY.fingerprint, OTHER_KEY.type, "LAPTOP", first.added)
        )
    for number in range(1, MOST):
        digits = f"{number:043}"
        account = account.with_ssh_key(
            type(first)(f"SHA256:{digits}", KEY.type, f"Key {number}", first.added)
        )
    assert len(account.ssh_keys) == MOST
    with pytest.raises(LimitReached, match="You have 10 ssh keys"):
        account.with_ssh_key(type(first)(OTHER_KEY.fingerprint, KEY.type, "More", first.added))


def test_removing_a_key_ends_sessions(house: House) -> None:
    house.add()
    house.give_ssh_key()
    account = house.now()
    without = account.without_ssh_key(KEY.fingerprint)
    assert without.ssh_keys == ()
    assert without.session_generation == account.session_generation + 1
    with pytest.raises(NotFound, match="already removed"):
        without.without_ssh_key(KEY.fingerprint)


@pytest.fixture
def house() -> House:
    return House()
