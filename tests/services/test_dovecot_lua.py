"""Dovecot asks through recipes/dovecot/apppw.lua, with another passdb behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import old_passwords
from tests.services.dovecot import Dovecot, running
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted, lua_script
from tests.services.require import require_program, unavailable
from tests.services.sign_in import HOST, IN, NOT_NOW, PROTOCOLS, REFUSED
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial
from tests.support import NOW, first_quick

BOB, LATIN = "bob@example.org", b"\xfcber alles"  # ISO 8859-1, as old programs send it
# The old passwords work from here alone (recipes/roundcube); and where else somebody may come from.
ELSEWHERE = "127.0.0.2"
# As it is sent, and what it is an account by.
NAMES = {
    "Dora%40example.org": "dora@example.org",
    "o%27hara%2Blist@example.org": "o'hara+list@example.org",
    "eva@Bücher.example": "eva@xn--bcher-kva.example",
    "eva%40%D7%90%D7%91.example": "eva@xn--4dbc.example",
    "fay@אב.example": "fay@xn--4dbc.example",
    "gil@日本.example": "gil@xn--wgv71a.example",
    **{name: name for name in ALL_SIGNS},
}
NO_USER = 67  # sysexits.h, as doveadm has it
_MODULE = Path("/usr/lib/dovecot/modules/auth/libauthdb_lua.so")


@pytest.fixture(scope="module")
def server(folder: Path, user: OrdinaryUser) -> Iterator[tuple[Dovecot, Path]]:
    program = require_program("dovecot", "dovecot-core")
    if not _MODULE.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    script, recipe = lua_script(folder, folder / "sock", ENFORCED), folder / "05-apppw-lua.conf"
    old = old_passwords.written(folder / "old", OPEN, ENFORCED, UNKNOWN)
    with old.open("ab") as more:
        more.write(BOB.encode() + b":{PLAIN}" + LATIN + b"\n")
    recipe.write_text(
        adapted("dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)})
        + adapted("roundcube/20-webmail.conf", {"/etc/dovecot/users": str(old)})
        + adapted("dovecot/99-apppw-auth.conf", {})
        + adapted("dovecot/99-apppw-names.conf", {})
    )
    recipe.chmod(0o644)
    with running(program, folder, user, recipe, PROTOCOLS) as dovecot:
        yield dovecot, folder / "sock"


@pytest.fixture
def dovecot(server: tuple[Dovecot, Path]) -> Dovecot:
    return server[0]


@pytest.fixture
def daemon(server: tuple[Dovecot, Path]) -> Iterator[Asked]:
    with asked(server[1], "json") as daemon:
        yield daemon


def everywhere(said: str) -> dict[str, str]:
    return dict.fromkeys(PROTOCOLS, said)


@pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
@pytest.mark.parametrize("name", TRIALS)
def test_only_the_right_one_opens_the_mailbox(
    dovecot: Dovecot, daemon: Asked, name: str, account: str
) -> None:
    tried = trial(name, daemon.house, account, "mail", "http")
    said = everywhere(IN if tried.gets_in else REFUSED)
    assert dovecot.all_say(tried.account, tried.password) == said
    assert sorted(daemon.book.asked) == [(protocol, HOST) for protocol in PROTOCOLS]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_service_is_told(dovecot: Dovecot, daemon: Asked, protocol: str) -> None:
    right = trial("right", daemon.house, ENFORCED, protocol, "http")
    said = {other: IN if other == protocol else REFUSED for other in PROTOCOLS}
    assert dovecot.all_say(ENFORCED, right.password) == said


@pytest.mark.parametrize(
    ("account", "said"), [(OPEN, IN), (UNKNOWN, IN), (ENFORCED, REFUSED), ("nobody", REFUSED)]
)
def test_the_old_password_opens_what_is_not_enforced(
    dovecot: Dovecot, daemon: Asked, account: str, said: str
) -> None:
    assert dovecot.all_say(account, OLD) == everywhere(said)
    assert sorted(daemon.book.asked) == [(protocol, HOST) for protocol in PROTOCOLS]


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
def test_while_the_daemon_is_down_only_what_is_its_own_waits(
    dovecot: Dovecot, daemon: Asked, account: str
) -> None:
    right = trial("right", daemon.house, account, "mail", "http")
    assert dovecot.all_say(account, right.password) == everywhere(IN)
    daemon.stop()
    assert dovecot.all_say(account, right.password) == everywhere(NOT_NOW)
    assert dovecot.all_say(account, OLD) == everywhere(IN if account == OPEN else NOT_NOW)
    assert dovecot.all_say(account, "neither") == everywhere(
        REFUSED if account == OPEN else NOT_NOW
    )
    daemon.start()
    assert dovecot.all_say(account, right.password) == everywhere(IN)


@pytest.mark.parametrize("account", [OPEN, ENFORCED, UNKNOWN])
def test_whether_there_is_a_user_is_not_answered(dovecot: Dovecot, account: str) -> None:
    """With the old passwords the webmail's alone, as well: who asks so has no address."""
    assert dovecot.doveadm("user", account).returncode == 0
    assert dovecot.doveadm("user", "stranger@example.org").returncode == NO_USER


def test_a_restart_of_the_daemon_is_not_noticed(dovecot: Dovecot, daemon: Asked) -> None:
    right = trial("right", daemon.house, ENFORCED, "mail", "http")
    for _ in range(3):
        assert dovecot.all_say(ENFORCED, right.password) == everywhere(IN)
        daemon.stop()
        daemon.start()


@pytest.mark.parametrize(
    "password", ['a"b\\c\n', "ä€😀", LATIN, "x" * 600], ids=lambda text: ascii(text)[:20]
)
def test_a_strange_password_is_refused(
    dovecot: Dovecot, daemon: Asked, password: bytes | str
) -> None:
    assert dovecot.all_say(OPEN, password) == everywhere(REFUSED)


def test_an_old_password_that_is_not_utf8_goes_on_to_who_knows_it(
    dovecot: Dovecot, daemon: Asked
) -> None:
    daemon.house.add(BOB)
    assert dovecot.says(BOB, LATIN) == IN
    daemon.house.alter(BOB, enforced_from=NOW)
    assert dovecot.says(BOB, LATIN) == REFUSED


def test_a_default_domain_completes_the_name(dovecot: Dovecot, daemon: Asked) -> None:
    daemon.stop()
    daemon.house.default_domain = "example.org"
    daemon.start()
    daemon.house.add("carol@example.org")
    secret = daemon.house.issue("Phone", "carol@example.org").secret
    assert dovecot.lets_in("carol", secret.reveal())
    mailboxes = dovecot.log.parent / "mail"
    assert (mailboxes / "carol@example.org").exists()
    assert not (mailboxes / "carol").exists()


@pytest.mark.parametrize("sent", first_quick(*NAMES))
def test_a_name_is_read_as_programs_write_it(dovecot: Dovecot, daemon: Asked, sent: str) -> None:
    """Dovecot opens the mailbox of the account's own name, and no other."""
    name = NAMES[sent]
    daemon.house.add(name)
    secret = daemon.house.issue("Phone", name).secret.reveal()
    assert dovecot.all_say(sent, secret) == everywhere(IN), dovecot.log.read_text()[-2000:]
    done = dovecot.doveadm("auth", "test", "-x", "service=imap", sent, secret)
    assert f"user={name}\n" in done.stdout, done
    assert {path.name for path in (dovecot.log.parent / "mail").iterdir()} & {
        name, sent, sent.lower()
    } == {name}  # fmt: skip
    daemon.house.alter(name, enforced_from=NOW)
    assert dovecot.says(sent, OLD) == REFUSED
    daemon.stop()
    assert dovecot.says(sent, secret) == NOT_NOW
    daemon.start()


@pytest.mark.parametrize("sign", first_quick(*'"*()/\\ \x1b'))
def test_what_no_name_has_is_refused_unasked(dovecot: Dovecot, daemon: Asked, sign: str) -> None:
    assert dovecot.says(f"dora{sign}", OLD) == REFUSED
    assert daemon.book.asked == []


@pytest.mark.slow
def test_the_old_password_can_be_the_webmails_alone(dovecot: Dovecot, daemon: Asked) -> None:
    right = trial("right", daemon.house, OPEN, "mail", "http")
    assert dovecot.says(OPEN, OLD) == IN
    assert dovecot.says(OPEN, OLD, source=ELSEWHERE) == REFUSED
    assert dovecot.says(OPEN, right.password, source=ELSEWHERE) == IN


@pytest.mark.slow
@pytest.mark.parametrize("account", [OPEN, ENFORCED, *ALL_SIGNS])
def test_a_kick_ends_a_session_that_is_open(dovecot: Dovecot, daemon: Asked, account: str) -> None:
    if account in ALL_SIGNS:
        daemon.house.add(account)
    right = trial("right", daemon.house, account, "mail", "http")
    with dovecot.idling(account, right.password) as session:
        assert account in dovecot.doveadm("who").stdout
        done = dovecot.doveadm("kick", "--", account)
        assert done.returncode == 0, done.stderr
        assert "BYE" in session.last_words()
    # It may come back, until its password is deleted.
    assert dovecot.says(account, right.password) == IN


def test_no_password_is_in_the_log(dovecot: Dovecot, daemon: Asked) -> None:
    right = trial("right", daemon.house, ENFORCED, "mail", "http")
    dovecot.says(ENFORCED, right.password)
    daemon.stop()
    dovecot.says(ENFORCED, right.password)
    log = dovecot.log.read_text()
    assert "apppw-tui cannot be asked" in log
    assert right.password not in log
    assert OLD not in log
