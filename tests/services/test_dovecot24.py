"""Dovecot 2.4, which Debian 13 has: by Lua and by PAM, the files of recipes/ where they belong."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from apppw_tui.integrations.dovecot_users import DovecotUsers
from tests.services import debian13, dovecot24
from tests.services.dovecot24 import RECIPES, SOURCES, Dovecot
from tests.services.looking_up import FOUND, NOT_FOUND, policy_says, taken
from tests.services.old_password_daemon import APP_PASSWORD, Daemon, told
from tests.services.old_passwords import OLD
from tests.services.recipes import adapted
from tests.services.sign_in import HOST, IN, NOT_NOW, PROTOCOLS, REFUSED, connected, says
from tests.services.trials import ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial
from tests.support import first_quick
from tests.unix_sockets import listening
from tests.verifier.harness import served_in_thread

NO_USER = 67  # sysexits.h
TIMEOUT = 30.0  # seconds, for one answer
# In conf.d, where they go under other names.
NAMES = {
    "24-apppw-lua.conf": "05-apppw-lua.conf",
    "24-apppw.conf": "05-apppw.conf",
    "24-apppw-enforced.conf": "06-apppw-enforced.conf",
}
# One worker makes one Debian for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("debian13")]


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with dovecot24.rooted() as root:
        yield root


@pytest.fixture(scope="module", params=RECIPES)
def dovecot(root: Path, request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    with dovecot24.running(root, str(request.param)) as dovecot:
        yield dovecot


@pytest.fixture
def daemon(dovecot: Dovecot) -> Iterator[Asked]:
    with asked(dovecot.socket, "json") as daemon:
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
    assert dovecot.says(tried.account, tried.password) == said, dovecot.log.read_text()[-3000:]
    assert sorted(daemon.book.asked) == [(protocol, HOST) for protocol in PROTOCOLS]


@pytest.mark.parametrize(
    ("account", "said"), [(OPEN, IN), (UNKNOWN, IN), (ENFORCED, REFUSED), ("nobody", REFUSED)]
)
def test_the_old_password_opens_what_is_not_enforced(
    dovecot: Dovecot, daemon: Asked, account: str, said: str
) -> None:
    assert dovecot.says(account, OLD) == everywhere(said)
    assert len(daemon.book.asked) == len(PROTOCOLS)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
def test_while_the_daemon_is_down(dovecot: Dovecot, daemon: Asked, account: str) -> None:
    right = trial("right", daemon.house, account, "mail", "http")
    assert dovecot.says(account, right.password) == everywhere(IN)
    daemon.stop()
    # PAM has no third answer.
    down = {"lua": NOT_NOW, "pam": REFUSED}[dovecot.way]
    assert dovecot.says(account, right.password) == everywhere(down)
    old = IN if account == OPEN else down
    assert dovecot.says(account, OLD) == everywhere(old)
    daemon.start()
    assert dovecot.says(account, right.password) == everywhere(IN)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Dora%40example.org", "dora@example.org"),
        ("eva@Bücher.example", "eva@xn--bcher-kva.example"),
        ("fay@אב.example", "fay@xn--4dbc.example"),
    ],
)
def test_a_name_is_read_as_programs_write_it(
    dovecot: Dovecot, daemon: Asked, sent: str, name: str
) -> None:
    """By PAM, which says no name, Dovecot would open another mailbox: so it is refused unasked."""
    daemon.house.add(name)
    secret = daemon.house.issue("Phone", name).secret.reveal()
    said = IN if dovecot.way == "lua" else REFUSED
    assert dovecot.says(sent, secret) == everywhere(said), dovecot.log.read_text()[-3000:]
    made = {path.name for path in (dovecot.root / "var/vmail").iterdir()}
    assert not made & {sent, sent.lower()}
    assert said == REFUSED or name in made


def test_the_old_password_can_be_the_webmails_alone(dovecot: Dovecot, daemon: Asked) -> None:
    assert says("imap", dovecot.ports["imap"], OPEN, OLD) == IN
    assert says("imap", dovecot.ports["imap"], OPEN, OLD, "127.0.0.2") == REFUSED


def test_a_kick_ends_a_session_that_is_open(dovecot: Dovecot, daemon: Asked) -> None:
    right = trial("right", daemon.house, OPEN, "mail", "http")
    with connected("imap", dovecot.ports["imap"]) as session:
        assert session.sign_in(OPEN, right.password) == IN
        session.idle()
        assert dovecot.run("doveadm", "kick", "--", OPEN) == 0
        assert "BYE" in session.last_words()


def test_commands_are_told_whom_it_knows(dovecot: Dovecot) -> None:
    place = dovecot.root / "run" / f"dovecot-{dovecot.name}" / "auth-userdb"
    with closing(DovecotUsers(place, TIMEOUT)) as users:
        assert [users.knows(name) for name in (OPEN, UNKNOWN, "nobody")] == [True, True, False]


@pytest.mark.parametrize("way", RECIPES)
@pytest.mark.parametrize("source", SOURCES)
def test_mail_is_delivered_and_users_are_found(root: Path, way: str, source: str) -> None:
    """Whoever is enforced; while the daemon answers, while it is hung, and without it."""

    def finds(dovecot: Dovecot, account: str) -> dict[str, object]:
        message = "Subject: hello\n\nhello\n"
        return {
            "doveadm user": dovecot.run("doveadm", "user", account),
            "LMTP": taken(dovecot.ports["lmtp"], account),
            "quota": policy_says(dovecot.ports["policy"], account),
            "LDA": dovecot.run("/usr/lib/dovecot/dovecot-lda", "-d", account, stdin=message),
        }

    def all_is_well(dovecot: Dovecot) -> None:
        for account in (OPEN, ENFORCED, UNKNOWN):
            assert finds(dovecot, account) == FOUND, dovecot.log.read_text()[-3000:]
        assert finds(dovecot, "stranger@example.org") == NOT_FOUND
        assert says("imap", dovecot.ports["imap"], OPEN, OLD) == IN
        refused = says("imap", dovecot.ports["imap"], ENFORCED, OLD)
        assert refused in (REFUSED, NOT_NOW)

    with dovecot24.running(root, way, source) as dovecot:
        all_is_well(dovecot)
        with asked(dovecot.socket, "json"):
            all_is_well(dovecot)
        with listening(dovecot.socket):
            dovecot.socket.chmod(0o666)
            all_is_well(dovecot)
        dovecot.socket.unlink()


def test_a_right_old_password_is_told_and_nothing_else(root: Path) -> None:
    with dovecot24.running(root, "lua", http_options=True) as dovecot:
        daemon, imap = Daemon(), dovecot.ports["imap"]
        with served_in_thread(daemon.converse, dovecot.socket):
            assert says("imap", imap, OPEN, OLD) == IN, dovecot.log.read_text()[-3000:]
            assert daemon.told == [told(OPEN, "imap")]
            assert says("imap", imap, OPEN, "wrong") == REFUSED
            assert says("imap", imap, OPEN, APP_PASSWORD) == IN
            assert says("imap", imap, ENFORCED, OLD) == REFUSED
            assert says("imap", imap, OPEN, OLD, "127.0.0.2") == REFUSED
            for account in (OPEN, ENFORCED, UNKNOWN):
                assert dovecot.run("doveadm", "user", account) == 0
            assert dovecot.run("doveadm", "user", "stranger@example.org") == NO_USER
            assert len(daemon.told) == 1
            daemon.silent = True
            assert says("imap", imap, UNKNOWN, OLD) == IN
        assert says("imap", imap, OPEN, OLD) == IN
        assert says("imap", imap, OPEN, "wrong") == REFUSED


@pytest.mark.parametrize("way", RECIPES)
def test_debians_own_configuration_takes_it(root: Path, way: str) -> None:
    """As the first of the passdbs, without a line changed; Debian's own stands behind it."""
    laid = []
    for recipe in RECIPES[way]:
        laid.append(root / "etc/dovecot/conf.d" / NAMES.get(recipe, recipe))
        dovecot24.put(laid[-1], adapted(f"dovecot/{recipe}", {}))
    try:
        told = debian13.output(root, "doveconf", "-n").splitlines()
    finally:
        for path in laid:
            path.unlink()
    passdbs = [line.split()[1] for line in told if line.startswith("passdb ")]
    assert passdbs == ["apppw", *(["apppw-enforced"] if way == "pam" else []), "pam"]
    assert "auth_mechanisms = plain login" in told
    (allowed,) = [line for line in told if line.startswith("auth_username_chars = ")]
    assert "+'&=~" in allowed
    assert ("%" in allowed, "ü" in allowed) == (way == "lua", way == "lua")
