"""recipes/dovecot/apppw.lua while the daemon is silent: who has to wait, and who goes on."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.app_password import SYMBOLS, checksum, parse, plain
from tests.services import lua
from tests.services.lua import FORMED, Script

OLD = "the old one"
PAST, LATER = "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
UID = "0123456789abcdef0123456789abcdef"
WAITS, GOES_ON = "failure", "next"


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    with lua.running(tmp_path) as script:
        (tmp_path / "sock").rename(tmp_path / "away")
        yield script
        (tmp_path / "away").rename(tmp_path / "sock")


def enforce(script: Script, name: str, line: str = f"{PAST} {UID}\n") -> None:
    (script.folder / name).write_text(line)


def says(script: Script, user: str, password: str = OLD) -> str:
    return script.verify(user.encode(), password.encode())


def test_an_old_password_goes_on_but_an_enforced_accounts(script: Script) -> None:
    enforce(script, "ada@example.org")
    assert says(script, "bob@example.org") == GOES_ON
    assert says(script, "ada@example.org") == WAITS
    assert says(script, "Ada@Example.ORG") == WAITS
    assert says(script, "ada@example.com") == GOES_ON


@pytest.mark.parametrize("answer", [b"", b"yes", b'{"answer": "error"}', b'{"answer": "yes"}'])
def test_what_is_no_answer_is_silence(tmp_path: Path, answer: bytes) -> None:
    with lua.running(tmp_path) as script:
        enforce(script, "ada")
        script.daemon.answers = [answer + b"\n"] * 3
        assert says(script, "bob") == GOES_ON
        assert says(script, "ada") == WAITS
        assert says(script, "bob", FORMED.decode()) == WAITS


def test_not_now_is_said_to_everybody_who_is_told_so(tmp_path: Path) -> None:
    with lua.running(tmp_path) as script:
        script.daemon.answers = [b'{"answer": "not now"}\n']
        assert says(script, "bob") == WAITS


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{LATER} {UID}\n", GOES_ON),
        (f"{PAST} {UID}\n", WAITS),
        (f"1970-01-01T00:00:00Z {UID}\n", WAITS),
        ("", WAITS),
        (f"{LATER}\n", WAITS),
        (f"{LATER} {UID} more\n", WAITS),
        (f"{LATER} {UID}\n{LATER} {UID}\n", WAITS),
        (f"9999999-01-01T00:00:00Z {UID}\n", WAITS),
    ],
)
def test_the_instant_decides_and_what_is_none_is_past(script: Script, line: str, said: str) -> None:
    enforce(script, "ada", line)
    assert says(script, "ada") == said


@pytest.mark.parametrize("broken", ["gone", "a folder", "unreadable"])
def test_without_the_folder_everybody_waits(script: Script, broken: str) -> None:
    assert says(script, "bob") == GOES_ON
    if broken == "a folder":
        (script.folder / "bob").mkdir()
    elif broken == "unreadable":
        (script.folder / "bob").symlink_to("bob")  # a loop: root, too, cannot read that
    else:
        script.folder.rmdir()
    assert says(script, "bob") == WAITS


@pytest.mark.parametrize("name", ["o'hara", "a+b", "a&b=c~d-e_f.g", "_x@example.org", "x" * 64])
def test_every_name_an_account_can_have_is_looked_up(script: Script, name: str) -> None:
    assert says(script, name) == GOES_ON
    enforce(script, name)
    assert says(script, name) == WAITS


@pytest.mark.parametrize("name", ["ada%40example.org", "ada@bücher.example", "ada%C3%A4@x"])
def test_a_name_that_may_be_read_otherwise_is_that_account(script: Script, name: str) -> None:
    enforce(script, "ada@example.org")
    assert says(script, name) == WAITS


@pytest.mark.parametrize("name", ["../ada", "x/../ada", "ada/", "a b", ".", "%2e%2e%2fada"])
def test_what_is_no_name_leaves_the_folder_alone(script: Script, name: str) -> None:
    enforce(script, "ada")
    (script.folder.parent / "ada").write_text("x")
    assert says(script, name) == GOES_ON


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", GOES_ON),
        ('# default_domain = "example.org"\n', GOES_ON),
        ('default_domain = "example.com"\n', GOES_ON),
        ('default_domain = "example.org"  # ours\n', WAITS),
        ("host_name = 'x'\n default_domain='example.org'\n[policy]\n", WAITS),
        ('default_domain = """example.org"""\n', WAITS),
        (None, WAITS),
    ],
)
def test_the_default_domain_is_the_daemons(script: Script, told: str | None, said: str) -> None:
    if told is None:
        script.configuration.unlink()
    else:
        script.configuration.write_text(told)
    enforce(script, "grace@example.org")
    assert says(script, "grace") == said
    # A name with a domain means no other.
    enforce(script, "linus")
    assert says(script, "linus@example.org") == GOES_ON


def test_the_portal_takes_the_old_passwords_of_all(script: Script) -> None:
    enforce(script, "ada")
    assert script.verify(b"ada", OLD.encode(), b"apppw-portal") == GOES_ON


@pytest.mark.parametrize("mechanism", ["none", "PLAIN", "LOGIN"])
def test_whether_there_is_a_user_is_not_answered(script: Script, mechanism: str) -> None:
    enforce(script, "ada")
    assert script.look_up(mechanism) == GOES_ON


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "SCRAM-SHA-256", "APOP", "DIGEST-MD5"])
def test_nobody_gets_an_old_password_for_its_proof(script: Script, mechanism: str) -> None:
    assert script.look_up(mechanism) == WAITS


def test_a_hung_daemon_is_not_waited_for_again_and_again(tmp_path: Path) -> None:
    """As a bystander sees it: after the first question, nobody else's arrives in the pause."""
    with lua.running(tmp_path, seconds=0.2, pause=3600) as script:
        script.daemon.answers = [b"half a line"]
        for user in ("ada", "bob", "carol"):
            assert says(script, user) == GOES_ON
        assert says(script, "ada", FORMED.decode()) == WAITS
        assert len(script.daemon.asked) == 1


# What an app password looks like (SAFETY 4, 5): the script may take more for one, never less.


def drawn(chance: random.Random, length: int) -> str:
    body = "".join(chance.choice(SYMBOLS) for _ in range(length - 1))
    return body + checksum(body)


@pytest.mark.parametrize("length", [16, 20])
@pytest.mark.parametrize(
    "between", ["", " ", "-", "\t", "\r\n", "\u00a0", "\u202f", "\u2011", "\u00ad"]
)
def test_an_app_password_waits_however_it_is_written(
    script: Script, length: int, between: str
) -> None:
    chance = random.Random(length)
    for _ in range(20):
        secret = drawn(chance, length)
        spelled = secret.replace("0", "O").replace("1", chance.choice("iIlL1"))
        groups = [spelled[start : start + 4] for start in range(0, length, 4)]
        for written in (between.join(groups), between.join(groups).upper()):
            assert parse(written) is not None
            assert says(script, "bob", written) == WAITS


@pytest.mark.parametrize(
    "password",
    [
        *("", " ", "x", OLD, "correct horse battery", "l'été à la mer 2", "Passwort für Ü"),
        *("😀" * 8, "пароль-пароль-12", "パスワード1234567", "a" * 600, "u" * 16, "u" * 20),
        *(FORMED.decode()[:-1], FORMED.decode()[:-1] + "9", FORMED.decode() + "0"),
    ],
)
def test_another_password_goes_on(script: Script, password: str) -> None:
    assert says(script, "bob", password) == GOES_ON


def test_a_password_that_is_no_utf8_goes_on(script: Script) -> None:
    assert script.verify(b"bob", FORMED[:-1] + b"\xff") == GOES_ON


@pytest.mark.slow
def test_every_character_that_can_stand_in_an_app_password_is_known(script: Script) -> None:
    """Each one of Unicode: alone at the end of one, where it may be dropped; or as part of it."""
    told = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    standing = [one for one in told if all(symbol in SYMBOLS for symbol in plain(one))]
    assert len(standing) > 1300
    for one in standing:
        symbols = plain(one)
        body = (symbols + "7kfm2xqd9h3vtw5nc8r0")[:15]
        secret = body + checksum(body)
        presented = parse(one + secret[len(symbols) :])
        assert presented is not None, ascii(one)
        assert presented.reveal() == secret
        assert says(script, "bob", one + secret[len(symbols) :]) == WAITS, ascii(one)


@pytest.mark.slow
def test_whatever_is_read_as_an_app_password_waits(script: Script) -> None:
    """The same spellings through both: right ones, and what only resembles one."""
    chance = random.Random(16)
    around = [*" -\t\r\n\0\x85", *map(chr, (0xA0, 0xAD, 0x200B, 0x202F, 0x2011, 0x2014, 0xFEFF))]
    strange = [*"u.ü_'", *map(chr, (0x301, 0xFE0F, 0x2028, 0x43A, 0x212A, 0x2460, 0x2475, 0x1F600))]
    taken = 0
    for _ in range(4000):
        signs = list(drawn(chance, chance.choice([16, 16, 20, 20, 12, 15, 17, 21])))
        for place, sign in enumerate(signs):
            signs[place] = chance.choice([sign, sign, sign.upper(), chr(ord(sign) + 0xFEE0)])
        for _ in range(chance.choice([0, 3, 40, 120])):
            signs.insert(chance.randrange(len(signs) + 1), chance.choice(around))
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            signs.insert(chance.randrange(len(signs) + 1), chance.choice(strange))
        written = "".join(signs)
        if parse(written) is not None:
            taken += 1
            assert says(script, "bob", written) == WAITS, ascii(written)
    assert 800 < taken < 2500
