"""`config check`: which file is read, whether it can be used, and what it names in vain."""

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from apppw_tui import cli
from apppw_tui.store.folder.location import open_store
from tests.running import CommandLine, Said
from tests.store.other_uid import OTHER, only_root, said_as
from tests.support import House


@pytest.fixture
def run(run: CommandLine) -> CommandLine:
    run.house()
    return run


@pytest.fixture
def system(run: CommandLine) -> Path:
    """The server's own file, which says where the store is."""
    file = run.home / "etc" / "config.toml"
    file.parent.mkdir()
    file.write_text(f"store = '{run.store}'\n")
    return file


@pytest.fixture
def own(run: CommandLine) -> Path:
    file = run.home / ".config" / "apppw-tui" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    return file


def of(output: Said) -> list[tuple[str, ...]]:
    """The table of files, without its padding."""
    pairs = (line.partition(": ") for line in output.out.splitlines()[:-1])
    return [(name, value.strip()) for name, _, value in pairs]


def found(run: CommandLine, more: str) -> list[tuple[str, str]]:
    """What is found in a file that is right but for `more`, which stays out of everybody's way."""
    file = run.home / "c.toml"
    file.write_text(f"store = '{run.store}'\n{more}\n")
    output = run("config", "check", file, "--json")
    result = json.loads(output.out)
    assert (result["file"], result["problem"]) == (str(file), None)
    assert output.code == (1 if result["findings"] else 0)
    assert output.err == ""
    return [(finding["where"], finding["what"]) for finding in result["findings"]]


def test_without_any_file_the_defaults_hold(run: CommandLine) -> None:
    output = run("config", "check")
    assert (output.code, output.err) == (0, "")
    assert of(output) == [
        ("Read", "nothing; the defaults hold"),
        ("Not there", f"{run.home}/etc/config.toml"),
        ("Not there", f"{run.home}/.config/apppw-tui/config.toml"),
    ]
    assert output.out.endswith("\nIt is right.\n")


def test_the_servers_file_goes_before_ones_own(run: CommandLine, system: Path, own: Path) -> None:
    assert of(run("config", "check")) == [("Read", str(system)), ("Passed over", str(own))]
    system.unlink()
    assert of(run("config", "check")) == [("Read", str(own)), ("Not there", str(system))]


@pytest.mark.parametrize("named", [["config", "check"], ["config", "check", "--config"]])
def test_a_named_file_goes_before_all(
    run: CommandLine, system: Path, own: Path, named: list[str]
) -> None:
    system.write_text("wrong")
    file = run.home / "new.toml"
    file.write_text(f"store = '{run.store}'")
    output = run(*named, file)
    assert (output.code, of(output)) == (0, [("Read", str(file))])


def test_a_file_is_named_once(run: CommandLine, own: Path) -> None:
    output = run("config", "check", own, "--config", own)
    assert (output.code, output.out) == (1, "")
    assert output.line == "Say which file once: after check, or with --config."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[serv]", "1: serv: there is no such key. Did you mean serve?"),
        ("host_name = 5", "1: host_name: must be a line of text."),
        ("[serve]\nremember = -1", "2: serve.remember: must be from 0 to 3600 seconds."),
        ("a = 1\nstore =\n", " not TOML: Invalid value (at line 2, column 8)."),
        (None, " no such file or directory."),
    ],
)
def test_what_is_no_use_is_told_and_for_programs_too(
    run: CommandLine, content: str | None, reason: str
) -> None:
    file = run.home / "c.toml"
    if content is not None:
        file.write_text(content)
    output = run("config", "check", file)
    assert (output.code, output.out, output.line) == (3, "", f"{file}:{reason}")
    for_programs = run("config", "check", file, "--json")
    assert (for_programs.code, for_programs.line) == (3, output.line)
    result = json.loads(for_programs.out)
    assert (result["problem"], result["findings"]) == (output.line, [])


def test_what_others_can_write_is_told_and_how_to_mend_it(run: CommandLine, system: Path) -> None:
    system.chmod(0o666)
    output = run("config", "check")
    assert output.code == 1
    assert f"{system}: Others than its owner can write it: " in output.out
    assert f"\n  Run: chmod go-w {system}\nIt can be used; 1 thing to put right.\n" in output.out


@only_root
def test_a_stranger_may_not_own_the_servers_file(run: CommandLine, system: Path) -> None:
    os.chown(system, OTHER, OTHER)
    output = run("config", "check")
    assert output.code == 1
    assert f"It belongs to uid {OTHER}" in output.out
    os.chown(run.store, OTHER, OTHER)  # the store's owner may
    assert run("config", "check").code == 0


@only_root
def test_ones_own_file_is_ones_own(run: CommandLine) -> None:
    # In a folder that others can reach, which pytest's are not.
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "c.toml"
        file.write_text("store = '/'")  # root's, whom it may belong to as well
        for path in (Path(name), file):
            os.chown(path, OTHER, OTHER)
        assert said_as(OTHER, lambda: cli.main(["config", "check", str(file)])) == "0"
        os.chown(file, OTHER - 1, OTHER)
        file.chmod(0o644)
        assert said_as(OTHER, lambda: cli.main(["config", "check", str(file)])) == "1"


def test_a_missing_store_is_told_and_not_made(run: CommandLine) -> None:
    folder = run.home / "none"
    output = run("config", "check", "--store", folder)
    assert output.code == 0  # it is the first account that makes it
    assert f"{folder}: There is no store yet.\n" in output.out
    assert output.out.endswith("It is right.\n")
    (result,) = json.loads(run.good("config", "check", "--store", folder, "--json"))["findings"]
    assert (result["level"], result["where"]) == ("notice", str(folder))
    assert not folder.exists()


def test_a_missing_key_is_told_once_something_was_sealed(run: CommandLine) -> None:
    key = run.home / "key"
    assert found(run, f"key_file = '{key}'") == []  # as after installing
    house = House(store=open_store(run.store))
    house.add("eve")
    assert found(run, f"key_file = '{key}'") == []
    house.give_authenticator("eve")
    why = (str(key), "There is no key: what it sealed cannot be opened.")
    assert found(run, f"key_file = '{key}'") == [why]
    os.mkfifo(run.store / "accounts" / "ada.json")
    assert found(run, f"key_file = '{key}'") == [why]
    key.touch()
    assert found(run, f"key_file = '{key}'") == []


@pytest.mark.parametrize("table", ["[delivery]\nkinds = ['text']", "[notices]"])
def test_what_is_to_be_run_has_to_be_a_program(run: CommandLine, table: str) -> None:
    program = run.home / "send"
    result = f"{table}\ncommand = ['{program}']"
    for there in (False, True):
        if there:
            program.touch(0o644)
        ((where, what),) = found(run, result)
        assert where == str(program)
        assert "it is no program" in what
    program.chmod(0o755)
    assert found(run, result) == []


def test_a_group_that_does_not_exist_is_told(run: CommandLine) -> None:
    serve = "[[serve.socket]]\nname = 'a'\nprotocol = 'mux'\ngroup = 'root'\n"
    assert found(run, serve) == []
    assert found(run, serve + serve.replace("'a'", "'b'").replace("root", "no-such")) == [
        ("group of [[serve.socket]] b", "There is no group no-such: the daemon will not start.")
    ]


def test_names_in_it_do_not_act_on_the_terminal(run: CommandLine) -> None:
    folder = run.home / "\x1b[31m"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "c.toml").touch()
    output = run("config", "check", folder / "c.toml")
    assert output.code == 1
    assert "Others than its owner can write it" in output.out
    assert "\x1b" not in output.out


@pytest.mark.parametrize(
    ("dsn", "sentence"),
    [
        ("host=/nowhere dbname=apppw", None),
        ("host=/nowhere colour=blue", "dsn has a word that PostgreSQL does not know."),
        ("host=/nowhere passfile={}", "passfile is open to others: chmod 600 {}"),
        ("host=/nowhere passfile=/nowhere", "passfile cannot be read."),
        ("host=/nowhere sslcert=/nowhere", "sslcert is not there: /nowhere"),
        ("host=/nowhere sslkey=/nowhere", "sslkey is not there: /nowhere"),
        ("host=/nowhere sslrootcert=/nowhere", "sslrootcert is not there: /nowhere"),
        ("host=/nowhere sslrootcert=system sslcert={}", None),
    ],
)
def test_database_is_looked_at_as_far_as_nobody_has_to_be_asked(
    run: CommandLine, own: Path, dsn: str, sentence: str | None
) -> None:
    passfile = run.home / "pass"
    passfile.write_text("x")
    passfile.chmod(0o644)
    own.write_text(
        f'[store]\nengine = "postgresql"\nfolder = "{run.home}/not-yet"\n'
        f'dsn = "{dsn.format(passfile)}"\n'
    )
    result = json.loads(run("config", "check", "--json").out)["findings"]
    pairs = [(finding["where"], finding["what"]) for finding in result]
    assert pairs == ([] if sentence is None else [("store.dsn", sentence.format(passfile))])


def test_driver_that_lacks_is_told(
    run: CommandLine, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.write_text('[store]\nengine = "postgresql"\ndsn = "host=/nowhere"\n')
    monkeypatch.setitem(sys.modules, "apppw_tui.store.postgres.dsn", None)
    (finding,) = json.loads(run("config", "check", "--json").out)["findings"]
    assert finding["where"] == "store.engine"
    assert "its driver is not installed" in finding["what"]
