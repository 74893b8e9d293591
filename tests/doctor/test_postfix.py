"""Signing in to Postfix, as the real postconf tells it."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from apppw_tui.doctor import postfix, probe
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.doctor.probe import CommandOutput, SystemPaths
from tests.doctor.healthy import Server, faults
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.unix_sockets import abandoned

MASTER = adapted("postfix/master-submission.cf", {})
LOOPBACK = "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n"
IN_MAIN = "smtpd_sasl_auth_enable = yes\n"


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    """A queue directory, with the socket of the recipe in it."""
    folder = tmp_path / "queue"
    (folder / "private").mkdir(parents=True)
    abandoned(folder / "private/apppw")
    return folder


def asking_of(queue: Path, main: str, master: str = MASTER) -> probe.Run:
    """The real programs, over that configuration."""
    require_program("postconf", "postfix")
    folder = queue.parent / "postfix"
    folder.mkdir()
    # Without a name, postconf looks for one in the network.
    text = f"compatibility_level = 3.6\nmyhostname = mail.example\nqueue_directory = {queue}\n"
    (folder / "main.cf").write_text(text + LOOPBACK + main)
    (folder / "master.cf").write_text(master)
    for path in folder.iterdir():
        os.utime(path, (0, 0))  # Postfix waits two seconds for a file that was just written

    def ask(command: Sequence[str]) -> CommandOutput:
        return probe.run([command[0], "-c", str(folder), *command[1:]])

    return ask


def looked_at(queue: Path, main: str, master: str = MASTER) -> list[Finding]:
    return faults(postfix.check(asking_of(queue, main, master), SystemPaths(queue.parent / "root")))


@pytest.mark.parametrize("name", ["direct", "cyrus"])
def test_nothing_is_wrong_with_the_recipes(queue: Path, name: str) -> None:
    assert looked_at(queue, adapted(f"postfix/main-{name}.cf", {})) == []


def test_where_nobody_signs_in_nothing_is_looked_at(queue: Path) -> None:
    assert looked_at(queue, "smtpd_sasl_security_options = noplaintext\n", "") == []


@pytest.mark.parametrize(
    ("main", "master", "level", "what"),
    [
        (
            "smtpd_sasl_security_options =\nsmtpd_sasl_tls_security_options = noanonymous\n",
            MASTER,
            Level.DANGER,
            "smtpd_sasl_security_options of submission/inet has no noanonymous",
        ),
        (
            "smtpd_sasl_tls_security_options = noactive\n",
            MASTER,
            Level.DANGER,
            "smtpd_sasl_tls_security_options of submission/inet has no noanonymous",
        ),
        (
            "",
            MASTER.replace("smtpd_tls_security_level=encrypt", "smtpd_tls_security_level=may"),
            Level.WARNING,
            "submission/inet takes passwords over connections that are not encrypted",
        ),
        (IN_MAIN, "", Level.WARNING, "main.cf takes passwords over connections"),
        (
            "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/gone\n",
            MASTER,
            Level.DANGER,
            "it is no socket: nobody can send",
        ),
        ("mynetworks = 127.0.0.1 192.0.2.0/24\n", MASTER, Level.NOTICE, "192.0.2.0/24: from"),
    ],
    ids=["anonymous", "anonymous-tls", "clear", "clear-main", "socket", "networks"],
)
def test_a_fault_is_found_alone(
    queue: Path, main: str, master: str, level: Level, what: str
) -> None:
    (finding,) = looked_at(queue, main, master)
    assert (finding.level, what in finding.what, finding.remedy != "") == (level, True, True), (
        finding
    )


def test_a_path_inside_the_chroot_is_looked_for_there(queue: Path) -> None:
    main = "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = /private/apppw\n"
    assert looked_at(queue, main) == []


def test_what_no_mail_program_connects_to_is_no_port(queue: Path) -> None:
    relay = "relay unix - - y - - smtp\n  -o syslog_name=relay\n"
    (finding,) = looked_at(queue, IN_MAIN, relay)
    assert finding.what.startswith("main.cf takes passwords")


@pytest.mark.parametrize(
    "main",
    ["smtpd_tls_auth_only = yes\n", "smtpd_tls_wrappermode = yes\n"],
)
def test_passwords_on_encrypted_connections_alone_are_no_fault(queue: Path, main: str) -> None:
    assert looked_at(queue, IN_MAIN + main, "") == []


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        ("regexp:{{/^(.+)$$/ $$1}}", True),
        (r"regexp:{{/^([^+@]+)(\+[^@]*)?@(.+)$$/ $$1@$$3}}", False),
        ("inline:{ada@example.org=ada@example.org}", False),  # asked for without the extension
        ("inline:{x=y}, regexp:{{/^(.+)$$/ $$1}}", True),
        ("unionmap:{regexp:{{/^(.+)$$/ $$1}}, inline:{{x=y}}}", True),
        ("", False),
    ],
)
def test_who_may_send_from_an_address_with_an_extension(
    queue: Path, tmp_path: Path, table: str, *, refused: bool
) -> None:
    main = f"recipient_delimiter = +\nsmtpd_sender_login_maps = {table}\n"
    ask = asking_of(queue, main, MASTER)
    (tmp_path / "store" / "accounts").mkdir(parents=True)
    (tmp_path / "store" / "accounts" / "ada@example.org.json").touch()
    findings = faults(postfix.check_senders(ask, tmp_path / "store"))
    assert [finding.where for finding in findings] == (["Postfix"] if refused else [])


def test_the_recipe_lets_everybody_send_from_an_address_with_an_extension(
    queue: Path, tmp_path: Path
) -> None:
    main = "recipient_delimiter = +\n" + adapted("postfix/main-senders.cf", {})
    ask = asking_of(queue, main, MASTER)
    (tmp_path / "store" / "accounts").mkdir(parents=True)
    (tmp_path / "store" / "accounts" / "ada@example.org.json").touch()
    (line,) = postfix.check_senders(ask, tmp_path / "store")
    assert line.what == "Everybody may send as themselves."


def test_without_postfix_nothing_is_missed(server: Server) -> None:
    server.programs.out = {
        key: text for key, text in server.programs.out.items() if "postconf" not in key
    }
    assert server.faults() == []
