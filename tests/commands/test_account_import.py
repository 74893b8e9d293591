"""Accounts that are taken over from a Dovecot passwd-file."""

import json
from dataclasses import replace
from pathlib import Path

import argon2
import pytest

from apppw_tui.domain.errors import SignInRefused
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder.profiles import HashProfilesFile
from tests.argon import count_argon2
from tests.running import CommandLine
from tests.support import PASSWORD


def hashed(memory: int = 19456, passes: int = 1, lanes: int = 1, salt: int = 16) -> str:
    made = argon2.PasswordHasher(passes, memory, lanes).hash(PASSWORD, salt=b"s" * salt)
    return "{ARGON2ID}" + made


GOOD = hashed()


@pytest.fixture
def run(run: CommandLine) -> CommandLine:
    run.house().add("grace")
    return run


def file(run: CommandLine, *lines: str) -> Path:
    path = run.home / "passwd"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "password_hash",
    [GOOD, hashed(salt=8), hashed(65536, 3, 4), hashed().removeprefix("{ARGON2ID}")],
)
def test_whoever_is_taken_over_signs_in_with_their_old_password(
    run: CommandLine, password_hash: str
) -> None:
    path = file(run, "# people", "", f"ada@example.org:{password_hash}:1000:1000::/home/ada::x=y")
    assert run.good("account", "import", path) == "Added ada@example.org.\n"
    house = run.house()
    assert house.sign_in("ada@example.org", PASSWORD)
    assert (
        password_hash.removeprefix("{ARGON2ID}") != house.now("ada@example.org").password_hash
    )  # anew


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("../ada:" + GOOD, 'An account name cannot have "/" in it. One looks like ada or'),
        ("ada:", "It has no password; add it, and set one."),
        ("ada::1000:1000", "It has no password; add it, and set one."),
        ("ada|", "It has no password; add it, and set one."),
        ("ada:{PLAIN}secret", "Its password is no Argon2id hash; add it, and set a password."),
        ("ada:$6$salt$hash", "Its password is no Argon2id hash; add it, and set a password."),
        (
            "ada:" + GOOD.partition("}")[2].replace("argon2id", "argon2i"),
            "Its password is no Argon2id hash; add it, and set a password.",
        ),
        ("ada:$argon2id$v=19$m=19456,t=2$x$y", "Its hash is damaged."),
        ("ada:{ARGON2ID}$argon2id$v=19$m=19456,t=2$x$y", "Its hash is damaged."),
        ("ada:" + GOOD + "xx", "Its hash is damaged."),
        ("ada:" + GOOD.replace("argon2id", "argon2i"), "Its hash is damaged."),
        ("ada:" + GOOD.replace("v=19", "v=16"), "Its hash is damaged."),
        (
            "ada:" + hashed(1024),
            "Its hash takes 1024 KiB, and must take at least 19456.",
        ),
        (
            "ada:{ARGON2ID}" + GOOD.partition("}")[2].replace("m=19456", "m=9999999"),
            "Its hash takes 9999999 KiB, and may take 262144 at most.",
        ),
        (
            "ada:{ARGON2ID}" + GOOD.partition("}")[2].replace("t=1", "t=99"),
            "Its hash takes 99 passes, and may take 10 at most.",
        ),
        ("grace:" + GOOD, "There is already an account grace."),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_who_cannot_be_taken_over_is_told_by_line_and_the_others_are_added(
    run: CommandLine, line: str, reason: str, dry: bool
) -> None:
    path = file(run, line, f"carol:{GOOD}")
    said = run("account", "import", path, *(["--dry-run"] if dry else []))
    name = line.replace("|", ":").partition(":")[0]
    whose = f", {name}" if is_account_name(name) else ""
    assert (said.code, said.out) == (1, "Would add carol.\n" if dry else "Added carol.\n")
    assert said.line.startswith(f"line 1{whose}: {reason}")
    assert run.house().store.list_names() == (["grace"] if dry else ["carol", "grace"])


def test_a_name_counts_once_and_the_default_domain_completes_it(run: CommandLine) -> None:
    config = run.home / "with.toml"
    config.write_text('default_domain = "example.org"')
    path = file(run, f"ada:{GOOD}", f"ada@example.org:{GOOD}")
    said = run("account", "import", path, "--config", config, "--json")
    assert said.code == 1
    assert json.loads(said.out) == [
        {"line": 1, "account": "ada@example.org", "added": True},
        {"line": 2, "account": "ada@example.org", "error": "It stands in the file twice."},
    ]


def test_a_greater_bound_is_said(run: CommandLine) -> None:
    path = file(run, f"ada:{GOOD}")
    said = run("account", "import", path, "--most-memory", "1")
    assert (said.code, said.line) == (1, "--most-memory must be at least 19 MiB.")
    assert run.good("account", "import", path, "--most-memory", "19") == "Added ada.\n"


def test_a_file_that_cannot_be_read_adds_nobody(run: CommandLine) -> None:
    assert run("account", "import", run.home / "none").line.endswith(
        "cannot be read: no such file or directory."
    )
    assert run.house().store.list_names() == ["grace"]


def test_full_names_are_in_nobodys_way_whatever_they_are_written_in(run: CommandLine) -> None:
    path = run.home / "passwd"
    # Latin-1, and what ends a line for Python alone: its rest would be an account.
    lines = [f"ada:{GOOD}:::J\xf6rg".encode("latin-1"), f"ben:{GOOD}:::B\u2028cem:{GOOD}".encode()]
    path.write_bytes(b"\r\n".join(lines))
    assert run.good("account", "import", path) == "Added ada.\nAdded ben.\n"
    path.write_bytes(b"\xff:" + GOOD.encode())
    assert (
        "line 1: An account name cannot have a byte that is no UTF-8 in it"
        in run("account", "import", path).line
    )


@pytest.mark.parametrize("content", ["", "\n", "# nobody\n"])
def test_a_file_without_accounts_is_told(run: CommandLine, content: str) -> None:
    path = file(run, content)
    assert run.good("account", "import", path) == f"There are no accounts in {path}.\n"
    told = run("account", "import", "-", "--dry-run", stdin=content)
    assert (told.code, told.out) == (0, "There are no accounts in standard input.\n")
    assert json.loads(run.good("account", "import", path, "--json")) == []


def test_on_trial_no_store_is_made_for_them(run: CommandLine) -> None:
    store = run.home / "none" / "store"
    told = ["account", "import", str(file(run, f"ada:{GOOD}")), "--store", str(store), "--dry-run"]
    assert run.good(*told) == "Would add ada.\n"
    assert not store.parent.exists()


def test_what_is_added_is_recorded_and_a_store_made_for_it(run: CommandLine) -> None:
    store = run.home / "none" / "store"
    run.good("account", "import", file(run, f"ada:{GOOD}"), "--store", store)
    assert store.stat().st_mode & 0o777 == 0o700
    assert "Account created" in run.good("activity", "ada", "--store", store)


# --- names alone -----------------------------------------------------------------------------


@pytest.fixture
def dovecot(run: CommandLine) -> tuple[str, str]:
    """The option that names a configuration by which Dovecot knows the passwords."""
    config = run.home / "dovecot.toml"
    config.write_text("[accounts]\nsource = 'dovecot'\n")
    return "--config", str(config)


NAMES = "grace\nada:{SSHA}xyz:1000\n\n# old\nben|{SHA512-CRYPT}$6$x$y|\nNo One\n"


def test_names_alone_are_taken_over_whatever_the_scheme(
    run: CommandLine, dovecot: tuple[str, str]
) -> None:
    told = ["account", "import", "--names", "-", *dovecot]
    dry = run(*told, "--dry-run", stdin=NAMES)
    assert dry.out == "Would add ada.\nWould add ben.\n1 account of the list was there.\n"
    assert run.house().store.list_names() == ["grace"]
    said = run(*told, stdin=NAMES)
    assert said.out == "Added ada.\nAdded ben.\n1 account of the list was there.\n"
    assert (said.code, said.line) == (1, "line 6: An account name cannot have a blank in it. One "
                                         "looks like ada or ada@example.org.")  # fmt: skip
    assert run.house().now("ada").password_hash is None


def test_names_can_be_taken_over_again_and_again(
    run: CommandLine, dovecot: tuple[str, str]
) -> None:
    path = file(run, "grace", "ada")
    told = ["account", "import", "--names", str(path), *dovecot]
    run.good(*told)
    assert run.good(*told) == "2 accounts of the list were there.\n"
    assert json.loads(run.good(*told, "--json")) == [
        {"line": 1, "account": "grace", "added": False, "already": True},
        {"line": 2, "account": "ada", "added": False, "already": True},
    ]


def test_where_passwords_are_kept_here_a_name_is_not_enough(run: CommandLine) -> None:
    said = run("account", "import", "--names", file(run, "ada"))
    assert said.code == 1
    assert said.line.startswith("Nobody could sign in by a name alone: account passwords are kept")
    assert run.house().store.list_names() == ["grace"]


@pytest.mark.parametrize("options", [[], ["--json"], ["--dry-run"]])
def test_nothing_is_printed_that_could_be_a_secret(run: CommandLine, options: list[str]) -> None:
    path = file(
        run,
        f"ada:{GOOD}",
        f"Ad a:{GOOD}",
        *(
            "bob:{PLAIN}hunter2",
            "carl|{PLAIN}hunter2",
            "dora,hunter2",
            "dora,x:hunter2",
            "hunter2",
            "eve hunter2",
            "{PLAIN}hunter2",
        ),
        *("fay:{ARGON2ID.B64}hunter2", "gus:hunter2:hunter2:allow_nets=hunter2", ":hunter2"),
    )
    said = run("account", "import", path, *options)
    assert "argon2" not in said.out + said.err
    assert "hunter2" not in said.out + said.err
    assert 'line 6: An account name cannot have "," in it.' in said.err
    no_hash = "It has no : and no hash behind it. To take names alone, use --names."
    assert f"line 7: {no_hash}" in said.err
    if "--json" in options:
        assert {"line": 7, "account": None, "error": no_hash} in json.loads(said.out)


COSTS = [(19456, 1), (20000, 1), (20001, 1)]  # with the profile of new hashes, one too many


def test_a_fourth_cost_is_refused_with_a_sentence_and_the_others_are_added(
    run: CommandLine,
) -> None:
    people = [f"user{number}:{hashed(*cost)}" for number, cost in enumerate(COSTS)]
    path = file(run, *people, f"carol:{hashed(*COSTS[1])}")
    for dry in (True, False):
        said = run("account", "import", path, *(["--dry-run"] if dry else []))
        verb = "Would add" if dry else "Added"
        assert said.code == 1
        assert said.out == "".join(f"{verb} {name}.\n" for name in ("user0", "user1", "carol"))
        assert said.line == (
            "line 3, user2: Its hash costs m=20001,t=1,p=1, and hashes of 3 other costs are in "
            "use, which is the most; set a password instead, or let apppw-tui account tidy --all "
            "see whether one is left over."
        )
    assert run.house().store.list_names() == ["carol", "grace", "user0", "user1"]


def test_a_cost_that_nobody_has_any_more_makes_room(run: CommandLine) -> None:
    path = file(run, *(f"user{number}:{hashed(*cost)}" for number, cost in enumerate(COSTS)))
    assert run("account", "import", path).code == 1
    run.good("account", "tidy", "user0")
    assert "No account password" not in run.good("account", "tidy", "--all")
    run.good("account", "remove", "user0")
    run.clock.advance(1)
    said = run.good("account", "tidy", "--all")
    assert said.endswith("No account password has a hash of the cost m=19456,t=1,p=1 any more.\n")
    path = file(run, f"user2:{hashed(*COSTS[2])}")
    assert run.good("account", "import", path) == "Added user2.\n"


def test_every_attempt_computes_each_cost_once_whoever_it_is_for(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(run, *(f"user{number}:{hashed(*cost)}" for number, cost in enumerate(COSTS[:2])))
    run.good("account", "import", path)
    profiles = HashProfilesFile(run.store, run.clock)
    hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE, profiles=profiles)
    house = replace(run.house(), hasher=hasher)
    spent = count_argon2(monkeypatch)
    every = {"m=8,t=1,p=1", "m=19456,t=1,p=1", "m=20000,t=1,p=1"}
    for name in ("grace", "user0", "user1", "nobody"):
        spent.clear()
        with pytest.raises(SignInRefused):
            house.portal.sign_in(name, "wrong")
        assert spent.total == len(every)
        # An imported one has a hash of the present cost made in the place of the dummy.
        assert {*spent.verified, "m=8,t=1,p=1"} == every
    for name in ("user0", "user1"):
        spent.clear()
        assert house.sign_in(name, PASSWORD)
        assert spent.total == len(every)
        assert "$m=8,t=1,p=1$" in str(house.now(name).password_hash)


def test_no_more_memory_may_be_allowed_than_is_ever_read(run: CommandLine) -> None:
    said = run("account", "import", file(run, f"ada:{GOOD}"), "--most-memory", "1025")
    assert (said.code, said.line) == (1, "--most-memory may be at most 1024 MiB.")
    costly = GOOD.replace("m=19456,t=1", "m=1048576,t=5")
    said = run("account", "import", file(run, f"ada:{costly}"), "--most-memory", "1024")
    assert said.line == "line 1, ada: Its hash takes 1048576 KiB in 5 passes, which is too much."
