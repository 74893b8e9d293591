"""Each command that takes or gives a secret, under strace: it goes where it is meant to, only.

Words, variables and names of files, contents of files, pipes and sockets: all of it is looked
through for every secret there is, in every way to write it.
"""

from pathlib import Path

import pytest

from tests.secrecy.asking import WAYS, connection
from tests.secrecy.shell import Shell
from tests.secrecy.strace import Strace
from tests.serving import serving
from tests.terminal.program import ACCOUNT
from tests.terminal.traces import in_files

pytestmark = pytest.mark.slow


def test_what_commands_are_told_and_tell_goes_nowhere_else(shell: Shell, tmp_path: Path) -> None:
    kept = shell.run_every_command()
    assert kept == {
        f"app-password create {ACCOUNT} Phone": {"pipe": {"made"}},
        f"app-password ensure {ACCOUNT} Car": {"pipe": {"ensured"}},
        # An argument of what sends it, as recipes/config.toml says.
        f"account bypass {ACCOUNT} --minutes 5": {"names": {"number"}},
        "notices": {"names": {"number"}},
        f"backup {tmp_path}/with.tar --with-key": {".tmp": {"key 0"}},
        "key rotate": {"store/.tmp": {"key 0", "key 1"}},
        "key rotate --finish --yes": {"store/.tmp": {"key 1"}},
    }
    assert in_files(shell.store, shell.secrets) == {str(shell.store / "key"): {"key 1"}}


def test_who_asks_the_daemon_hands_the_password_to_it_alone(shell: Shell) -> None:
    """By the command and by PAM's helper; of what the daemon is told it hands on nothing at all."""
    made, _ = shell.run("app-password", "create", ACCOUNT, "Phone", gives="app password")
    password = made.strip()
    wrong = {"wrong": "7kfm2xqd9h3vtw58", "old": "ninety wet umbrellas"}
    shell.secrets |= wrong
    told = {"PAM_USER": ACCOUNT, "PAM_TYPE": "auth", "PAM_SERVICE": "apppw-imap"}
    traced = Strace(shell.home)
    with serving(shell.home, before=traced.line) as daemon:
        ask = ("pam", "--socket", str(daemon.sockets / "json"))
        _, found = shell.run(*ask, stdin=password, more=told)
        assert found == {"socket": {"app password"}}
        for name, code in (("wrong", 1), ("old", 1)):
            _, found = shell.run(*ask, stdin=wrong[name], code=code, more=told)
            assert found == {"socket": {name}}
        for name, talk, _ in WAYS.values():
            for secret in (password, *wrong.values()):
                with connection(daemon, name) as asking:
                    assert talk(asking, secret)
                # Typed into the wrong field.
                with connection(daemon, name) as asking:
                    assert talk(asking, "x", user=secret)
        assert daemon.end() == 0
    # What has the form of a name is looked for as the file of an account, by lstat alone: of a file
    # that is opened, or is to be, whoever watches the folder or audits openings is told the name.
    assert traced.finds(shell.secrets) == {}
    assert "errors" in traced.finds({"account": ACCOUNT})
    _, found = shell.run("verify", ACCOUNT, stdin=password)
    assert found == {}
