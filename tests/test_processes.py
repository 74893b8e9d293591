"""The program as it is really started: its streams, its languages, its end."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import pexpect
import pytest

from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.location import open_store
from tests.running import ROOT, environment, run_program
from tests.support import PASSWORD, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The store that the program opens by default, with ada in it."""
    house = House(store=open_store(tmp_path / ".local" / "share" / "apppw-tui", create=True))
    house.add("ada")
    return house


def names(house: House) -> list[str]:
    return [password.name for password in house.now("ada").app_passwords]


@pytest.mark.slow
def test_from_the_first_account_to_the_last(tmp_path: Path) -> None:
    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        done = run_program(tmp_path, *arguments, stdin=stdin)
        return done.returncode, done.stdout, done.stderr

    stdin = f"{PASSWORD}\n".encode()
    adding = ("account", "add", "ada", "--password-stdin")
    added = b"Added ada. At the first sign-in a second factor is set up.\n"
    assert run(*adding, stdin=stdin) == (0, added, b"")
    code, password, said = run("app-password", "create", "ada", "Phone")
    assert (code, len(password), said) == (0, 17, b"")
    assert run("verify", "ada", "--service", "imap", stdin=password) == (0, b"Phone\n", b"")
    assert run("verify", "ada", stdin=password[::-1]) == (1, b"", b"")
    assert run("verify", "ada", stdin=stdin) == (1, b"", b"")
    assert run("app-password", "delete", "ada", "Phone") == (0, b"Deleted Phone.\n", b"")
    assert run("verify", "ada", stdin=password) == (1, b"", b"")
    assert run("account", "remove", "ada")[0] == 0
    code, out, said = run("account", "list")
    assert (code, out) == (0, b"")
    assert said.startswith(b"No accounts yet.")


@pytest.mark.parametrize("how", ["full disk", "closed", "nobody reads"])
def test_an_app_password_that_could_not_be_printed_is_not_kept(
    tmp_path: Path, house: House, how: str
) -> None:
    arguments = ("app-password", "create", "ada", "Phone")
    if how == "full disk":
        with Path("/dev/full").open("wb") as full:
            done = run_program(tmp_path, *arguments, stdout=full)
    elif how == "closed":
        done = run_program(tmp_path, *arguments, closed=1)
    else:
        with nobody_reads() as pipe:
            done = run_program(tmp_path, *arguments, stdout=pipe)
    assert done.returncode == 1
    assert done.stderr == b"apppw-tui: The password could not be printed, so it was not kept.\n"
    assert names(house) == []


def nobody_reads() -> IO[bytes]:
    """The writing end of a pipe that has no other one."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb")


def test_a_yes_stays_a_yes_whoever_reads_it(tmp_path: Path, house: House) -> None:
    stdin = house.issue("Phone", "ada").secret.reveal().encode()
    with Path("/dev/full").open("wb") as full:
        done = run_program(tmp_path, "verify", "ada", stdin=stdin, stdout=full)
    assert (done.returncode, done.stderr) == (0, b"")
    with nobody_reads() as pipe:
        done = run_program(tmp_path, "verify", "ada", stdin=stdin, stdout=pipe)
    assert (done.returncode, done.stderr) == (0, b"")
    done = run_program(tmp_path, "verify", "ada", stdin=stdin, closed=1)
    assert (done.returncode, done.stderr) == (0, b"")
    done = run_program(tmp_path, "verify", "ada", stdin=stdin[::-1], closed=1)
    assert done.returncode == 1


SAYING = [
    ["account", "list"],
    ["account", "show", "ada", "--json"],
    ["account", "require-verification", "ada"],
    ["account", "bypass", "ada", "--minutes", "5"],
    ["account", "unlock", "ada"],
    ["account", "set-password", "ada", "--password-stdin"],
    ["app-password", "delete", "ada", "Phone"],
    ["key", "rotate"],
    ["key", "rotate", "--finish", "--yes"],
]


def sealed(tmp_path: Path, house: House) -> House:
    """The same house, with something that its key has sealed."""
    store = tmp_path / ".local" / "share" / "apppw-tui"
    house = replace(house, seals=FolderKeyring(store, store / "key", house.store.has_sealed_values))
    house.give_phone(name="ada")
    return house


@pytest.mark.slow
def test_output_that_a_full_disk_swallowed_is_said(tmp_path: Path, house: House) -> None:
    house = sealed(tmp_path, house)
    before = house.now("ada")
    house.issue("Phone", "ada")
    for arguments in (["account", "list"], *SAYING):
        with Path("/dev/full").open("wb") as full:
            done = run_program(tmp_path, *arguments, stdin=b"a loom of 40 wheels", stdout=full)
        assert done.returncode == 1
        reason = "no space left on device"
        said = f"apppw-tui: It worked, but its output could not be printed: {reason}.\n"
        assert done.stderr.decode() == said
    after = house.now("ada")
    assert (names(house), after.verification_required) == ([], True)
    assert after.password_hash != before.password_hash
    assert after.sealed_values() != before.sealed_values()
    assert after.bypass_until is not None
    assert len((tmp_path / ".local/share/apppw-tui/key").read_text().split()) == 1


@pytest.mark.slow
def test_a_reader_who_left_is_no_error(tmp_path: Path, house: House) -> None:
    house = sealed(tmp_path, house)
    house.issue("Phone", "ada")
    for arguments in (["account", "list", "--json"], *SAYING):
        with nobody_reads() as pipe:
            done = run_program(tmp_path, *arguments, stdin=b"a loom of 40 wheels", stdout=pipe)
        assert (done.returncode, done.stderr) == (0, b"")


NAME = "B\u00fcro \u624b\u673a"


@pytest.mark.slow
@pytest.mark.parametrize("language", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8"}, {}])
def test_letters_of_all_languages_come_out_under_any_language(
    tmp_path: Path, house: House, language: dict[str, str]
) -> None:
    done = run_program(tmp_path, "app-password", "create", "ada", NAME, more=language)
    assert (done.returncode, done.stderr) == (0, b"")
    assert names(house) == [NAME]
    done = run_program(tmp_path, "app-password", "list", "ada", more=language)
    assert NAME in done.stdout.decode()
    done = run_program(tmp_path, "app-password", "delete", "ada", NAME, more=language)
    assert done.stdout.decode() == f"Deleted {NAME}.\n"


def test_where_a_letter_cannot_be_written_its_number_is(tmp_path: Path, house: House) -> None:
    secret = house.issue(NAME, "ada").secret.reveal().encode()
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    done = run_program(tmp_path, "verify", "ada", stdin=secret, more=ascii_only)
    assert (done.returncode, done.stdout) == (0, b"B\\xfcro \\u624b\\u673a\n")
    done = run_program(tmp_path, "app-password", "delete", "ada", NAME, more=ascii_only)
    assert (done.returncode, done.stdout) == (0, b"Deleted B\\xfcro \\u624b\\u673a.\n")


@pytest.mark.slow
def test_a_damaged_store_is_one_line_and_no_traceback(tmp_path: Path, house: House) -> None:
    house.issue("Phone", "ada")
    path = tmp_path / ".local" / "share" / "apppw-tui" / "accounts" / "ada.json"
    path.write_bytes(path.read_bytes()[:-100])
    for arguments in (
        ["account", "list"],
        ["account", "show", "ada"],
        ["app-password", "list", "ada"],
        ["app-password", "create", "ada", "Car"],
        ["app-password", "delete", "ada", "Phone"],
        ["account", "remove", "ada"],
    ):
        done = run_program(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (3, b"")
        said = f"apppw-tui: {path} cannot be read: it is not JSON; it was left alone.\n"
        assert done.stderr.decode() == said


def test_the_password_is_not_echoed_at_a_terminal(tmp_path: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "apppw_tui", "account", "add", "ada"],
        env=environment(tmp_path),
        cwd=str(ROOT),
        timeout=120,
        encoding="utf-8",
    )
    for prompt in ("Password: ", "Again: "):
        child.expect_exact(prompt)
        assert "weaves" not in child.before
        child.sendline(PASSWORD)
    child.expect(pexpect.EOF)
    assert child.before.split()[:2] == ["Added", "ada."]
    child.close()
    assert child.exitstatus == 0


def test_a_password_is_never_among_the_arguments(tmp_path: Path) -> None:
    for action in ("add", "set-password"):
        help_ = run_program(tmp_path, "account", action, "--help").stdout
        assert b"--password-stdin" in help_
        assert b"--password " not in help_


@pytest.mark.slow
def test_standard_input_may_be_closed(tmp_path: Path, house: House) -> None:
    for arguments, code in ((["verify", "ada"], 1), (["account", "add", "eve"], 1), ([], 64)):
        done = run_program(tmp_path, *arguments, closed=0)
        assert (done.returncode, done.stdout) == (code, b"")
        assert b"Traceback" not in done.stderr
        assert b"fault" not in done.stderr
