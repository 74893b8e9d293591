"""`apppw-tui verify`: 0 is right, 1 is wrong, 2 is wrong usage, 3 is no answer."""

import os
import sys
from dataclasses import replace

import pexpect
import pytest

from tests.argon import count_argon2, failing_argon2
from tests.running import CommandLine
from tests.support import PASSWORD


@pytest.fixture
def right(run: CommandLine) -> str:
    """Ada's app password Phone."""
    house = run.house()
    house.add("ada")
    return house.issue("Phone", "ada").secret.reveal()


def silently(run: CommandLine, code: int, *arguments: str, stdin: bytes | str | None) -> None:
    said = run("verify", *arguments, stdin=stdin)
    assert (said.code, said.out, said.err) == (code, "", "")


@pytest.mark.parametrize("ending", ["", "\n", "\0", "\n\n", "\0\0", "\n\0", "\u00a0\r\n"])
def test_the_right_one_prints_its_name(run: CommandLine, right: str, ending: str) -> None:
    assert run.good("verify", "ada", stdin=right + ending) == "Phone\n"


@pytest.mark.parametrize(
    "stdin",
    [
        b"",
        None,
        b"\n",
        b"hunter2\n",
        PASSWORD,
        b"\xff" * 20,
        b"x" * 9999,
        "7kfm2xqd9h3vtw5nc8rw",
    ],
)
def test_a_wrong_one_is_refused_silently(
    run: CommandLine, right: str, stdin: bytes | str | None
) -> None:
    silently(run, 1, "ada", stdin=stdin)


@pytest.mark.parametrize("name", ["grace", "../ada", "", "a\x1b[31m", "ada@example.org"])
def test_an_unknown_account_is_refused_silently(run: CommandLine, right: str, name: str) -> None:
    silently(run, 1, name, stdin=right)


def test_the_service_that_it_is_for_is_judged(run: CommandLine, right: str) -> None:
    house = run.house()
    (phone,) = house.now("ada").app_passwords
    house.alter("ada", app_passwords=(replace(phone, scope=("imap",)),))
    arguments = ["ada", "--rhost", "192.0.2.7", "--service"]
    assert run.good("verify", *arguments, "imap", stdin=right) == "Phone\n"
    silently(run, 1, *arguments, "smtp", stdin=right)
    silently(run, 1, *arguments, "", stdin=right)
    silently(run, 1, "ada", stdin=right)


def test_it_costs_one_hash(run: CommandLine, right: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = count_argon2(monkeypatch)
    run.good("verify", "ada", stdin=right)
    assert spent.total == 1
    silently(run, 1, "grace", stdin=right)
    assert spent.total == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"account": {"1": {"schema": "2.0"}}}'])
def test_a_damaged_account_is_no_answer_and_named(
    run: CommandLine, right: str, content: bytes
) -> None:
    path = run.store / "accounts" / "ada.json"
    path.write_bytes(content)
    for stdin in (right, right + "\n"):
        said = run("verify", "ada", stdin=stdin)
        assert (said.code, said.out) == (3, "")
        assert said.line.startswith(f"{path} cannot be read: ")
    assert path.read_bytes() == content


def test_argon2_without_memory_is_no_answer(
    run: CommandLine, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_argon2(monkeypatch)
    said = run("verify", "ada", stdin=right)
    assert (said.code, said.out) == (3, "")
    assert said.line == "The password could not be checked now. Try again later."


def test_a_broken_configuration_is_no_answer(run: CommandLine, right: str) -> None:
    broken = run.home / "broken.toml"
    broken.write_text("stroe = 1")
    said = run("verify", "ada", "--config", broken, stdin=right)
    assert (said.code, said.out) == (3, "")
    assert said.line == f"{broken}:1: stroe: there is no such key. Did you mean store?"


def test_a_default_domain_completes_the_account(run: CommandLine) -> None:
    house = run.house()
    house.add()
    right = house.issue("Phone").secret.reveal()
    configuration = run.home / "c.toml"
    configuration.write_text('default_domain = "example.org"')
    assert run.good("verify", "ada", "--config", configuration, stdin=right) == "Phone\n"


@pytest.mark.parametrize("arguments", [[], ["ada", "grace"], ["ada", "--servic", "imap"]])
def test_wrong_usage_is_told_from_a_refusal(run: CommandLine, arguments: list[str]) -> None:
    said = run("verify", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: apppw-tui ")


@pytest.mark.parametrize(
    ("typed", "said"), [(b"\x04", "No password was given."), (b"\xff\r", "is not UTF-8.")]
)
@pytest.mark.usefixtures("right")
def test_what_is_said_of_no_password_stands_on_a_line_of_its_own(
    run: CommandLine, typed: bytes, said: str
) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "apppw_tui", "--store", str(run.store), "verify", "ada"],
        timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    child.expect_exact(b"App password: ")
    child.send(typed)
    child.expect(pexpect.EOF)
    ended, line = (child.before or b"").decode().split("\r\n")[:2]
    assert ended == ""
    assert line.endswith(said)
    child.close()


def test_at_a_terminal_it_asks_for_one_line_without_echo_and_says_that_it_is_refused(
    run: CommandLine, right: str
) -> None:
    for password, end, code in ((right, "Phone", 0), ("7kfm 2xqd 9h3v tw58", "Refused.", 1)):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "apppw_tui", "--store", str(run.store), "verify", "ada"],
            encoding="utf-8",
            timeout=60,
        )
        child.expect_exact("App password: ")
        child.sendline(password)
        child.expect(pexpect.EOF)
        assert (child.before or "").split() == [end]  # and nothing of what was typed
        child.close()
        assert child.exitstatus == code
