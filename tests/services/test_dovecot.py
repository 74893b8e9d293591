"""Dovecot asks PAM, PAM asks `apppw-tui pam`, with old passwords behind: the files of recipes/."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import old_passwords, pam
from tests.services.dovecot import Dovecot, running
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.services.sign_in import HOST, IN, PROTOCOLS, REFUSED
from tests.services.trials import ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial
from tests.support import first_quick

NO_USER = 67  # sysexits.h, as doveadm has it


@pytest.fixture(scope="module")
def place(folder: Path, program: Path, user: OrdinaryUser) -> Iterator[tuple[Dovecot, Path]]:
    server = require_program("dovecot", "dovecot-core")
    recipe, enforced = folder / "05-apppw.conf", folder / "enforced"
    # As recipes/dovecot/apppw-enforced writes it, and as Dovecot looks a name up in such a file.
    enforced.write_text(f"{ENFORCED}\no\\'hara\n")
    with pam.installed(program, folder / "json", *PROTOCOLS) as prefix:
        recipe.write_text(
            adapted("dovecot/05-apppw.conf", {"args = apppw-%Ls": f"args = {prefix}%Ls"})
            + adapted(
                "dovecot/06-apppw-enforced.conf", {"/etc/dovecot/apppw-enforced": str(enforced)}
            )
            + old_passwords.behind(folder, OPEN, ENFORCED, UNKNOWN, "o\\'hara", "o\\'more&x=1~2")
            + adapted("dovecot/99-apppw-auth.conf", {})
        )
        with running(server, folder, user, recipe, PROTOCOLS) as dovecot:
            yield dovecot, folder / "json"


@pytest.fixture
def dovecot(place: tuple[Dovecot, Path]) -> Dovecot:
    return place[0]


@pytest.fixture
def daemon(place: tuple[Dovecot, Path]) -> Iterator[Asked]:
    with asked(place[1], "json") as daemon:
        yield daemon


@pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
@pytest.mark.parametrize("name", TRIALS)
def test_only_the_right_one_opens_the_mailbox(
    dovecot: Dovecot, daemon: Asked, name: str, account: str
) -> None:
    tried = trial(name, daemon.house, account, "mail", "http")
    said = IN if tried.gets_in else REFUSED
    assert dovecot.all_say(tried.account, tried.password) == dict.fromkeys(PROTOCOLS, said)
    assert sorted(daemon.book.asked) == [(protocol, HOST) for protocol in PROTOCOLS]


@pytest.mark.parametrize("protocol", first_quick(*PROTOCOLS))
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
    assert dovecot.all_say(account, OLD) == dict.fromkeys(PROTOCOLS, said)
    assert len(daemon.book.asked) == len(PROTOCOLS)
    daemon.stop()
    assert dovecot.all_say(account, OLD) == dict.fromkeys(PROTOCOLS, said)


@pytest.mark.parametrize("account", first_quick(OPEN, ENFORCED))
def test_while_the_daemon_is_down_an_app_password_is_refused(
    dovecot: Dovecot, daemon: Asked, account: str
) -> None:
    right = trial("right", daemon.house, account, "mail", "http")
    assert dovecot.all_say(account, right.password) == dict.fromkeys(PROTOCOLS, IN)
    daemon.stop()
    assert dovecot.all_say(account, right.password) == dict.fromkeys(PROTOCOLS, REFUSED)
    daemon.start()
    assert dovecot.all_say(account, right.password) == dict.fromkeys(PROTOCOLS, IN)


@pytest.mark.parametrize("written", first_quick(ENFORCED.upper(), "--help"))
def test_a_name_is_no_way_around(dovecot: Dovecot, daemon: Asked, written: str) -> None:
    assert dovecot.says(written, OLD) == REFUSED


@pytest.mark.slow
def test_every_name_that_an_account_can_have_is_asked_for(dovecot: Dovecot, daemon: Asked) -> None:
    assert dovecot.says("o'more&x=1~2", OLD) == IN
    assert dovecot.says("o'hara", OLD) == REFUSED


@pytest.mark.slow
@pytest.mark.parametrize("account", [OPEN, ENFORCED, UNKNOWN])
def test_whether_there_is_a_user_is_not_answered(dovecot: Dovecot, account: str) -> None:
    assert dovecot.doveadm("user", account).returncode == 0
    assert dovecot.doveadm("user", "stranger@example.org").returncode == NO_USER
