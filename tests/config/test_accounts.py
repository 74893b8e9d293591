"""[accounts]: read, refused, and what is made of it."""

from pathlib import Path

import pytest

from apppw_tui import config as configuration
from apppw_tui.bootstrap import Parts, build
from apppw_tui.config import AccountsConfig
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.ports import SystemClock
from apppw_tui.integrations.dovecot_passwords import DovecotPasswords
from apppw_tui.store.engine import StoreLocation
from tests.running import CommandLine
from tests.support import PASSWORD


def load(folder: Path, text: str) -> configuration.Config:
    path = folder / "config.toml"
    path.write_text(text)
    return configuration.load(path)


def wired(folder: Path, text: str) -> Parts:
    config = load(folder, text)
    place = StoreLocation.of(config, folder / "store", None)
    return build(place, config, SystemClock(), create=True)


def test_without_it_the_store_keeps_them(tmp_path: Path) -> None:
    assert load(tmp_path, "").accounts == AccountsConfig("store")
    assert wired(tmp_path, '[accounts]\nsource = "store"').context.source is None


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    text = """
        [accounts]
        source = "dovecot"
        socket = "/run/mail/portal"
        require_add = true
        change_password_at = "https://mail.example.org/password"
    """
    made = wired(tmp_path, text).context
    source = made.source
    assert source is not None
    assert source.require_add
    assert source.sentence == (
        "The account password is not kept here. Change it at https://mail.example.org/password."
    )
    assert source.passwords == DovecotPasswords(Path("/run/mail/portal"), made.error_log)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "where you changed it before"),
        (
            'change_password_at = "in the webmail, under Settings."',
            "in the webmail, under Settings",
        ),
        ('change_password_at = "http://10.0.0.1/"', "at http://10.0.0.1/"),
    ],
)
def test_where_it_is_changed_ends_a_sentence(tmp_path: Path, place: str, said: str) -> None:
    source = wired(tmp_path, f'[accounts]\nsource = "dovecot"\n{place}').context.source
    assert source is not None
    assert not source.require_add
    assert source.sentence == f"The account password is not kept here. Change it {said}."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('source = "ldap"', 'accounts.source: must be one of "store" and "dovecot"'),
        ("source = 1", "accounts.source: must be a line of text"),
        ('socket = "/run/x"', 'accounts.socket: goes with source = "dovecot" alone'),
        ('source = "store"\nrequire_add = true', "accounts.require_add: goes with"),
        ('source = "dovecot"\nsocket = "run/x"', "accounts.socket: must be an absolute path"),
        ('source = "dovecot"\nrequire_add = 1', "accounts.require_add: must be true or false"),
        ('source = "dovecot"\nchange_password_at = " "', "accounts.change_password_at: must be of"),
        (f'source = "dovecot"\nchange_password_at = "{"x" * 201}"', "must be of 1 to 200"),
        ('sorce = "dovecot"', "Did you mean accounts.source?"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, f"[accounts]\n{line}\n")
    assert reason in str(refused.value)


# --- the commands -----------------------------------------------------------------------------

WHERE = "The account password is not kept here. Change it where you changed it before."


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere.toml"
    path.write_text('[accounts]\nsource = "dovecot"\nrequire_add = true\n')
    return path


def test_an_account_is_added_without_a_password(run: CommandLine, file: Path) -> None:
    out = run.good("account", "add", "ada", "--config", file)
    assert out == "Added ada. At the first sign-in a second factor is set up.\n"
    assert run.house().now("ada").password_hash is None


@pytest.mark.parametrize(
    "command",
    [("add", "grace", "--password-stdin"), ("set-password", "ada"), ("set-password", "nobody")],
)
def test_a_password_is_not_taken(run: CommandLine, file: Path, command: tuple[str, ...]) -> None:
    run.good("account", "add", "ada", "--config", file)
    said = run("account", *command, "--config", file, stdin=f"{PASSWORD}\n")
    assert said.code == 1
    assert said.line.startswith(WHERE)
    assert run.house().store.list_names() == ["ada"]
    assert run.house().now("ada").password_hash is None
