"""A store with nothing wrong, and then with one thing wrong: that is found, and nothing else."""

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from apppw_tui.doctor.finding import Level
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.store.folder.deleted_file import DeletedFile
from apppw_tui.store.folder.deleted_ids import DeletedIds
from tests.doctor.healthy import Server, faults
from tests.store.other_uid import OTHER, said_as
from tests.support import KEY

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def rewrite(path: Path, change: Callable[[dict[str, dict[str, dict[str, object]]]], None]) -> None:
    tables = json.loads(path.read_text())
    change(tables)
    path.write_text(json.dumps(tables))


def edit_head(key: str, value: object) -> Callable[[Server], None]:
    def edit(server: Server) -> None:
        path = server.store / "accounts/ada.json"
        rewrite(path, lambda tables: tables["account"]["1"].update({key: value}))

    return edit


def chmod(name: str, mode: int) -> Callable[[Server], None]:
    return lambda server: (server.store / name).chmod(mode)


def written(name: str, content: str) -> Callable[[Server], None]:
    def write(server: Server) -> None:
        path = server.store / name
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        path.write_text(content)
        path.chmod(0o600)

    return write


def aged(name: str, **by: float) -> Callable[[Server], None]:
    def age(server: Server) -> None:
        written(name, "")(server)
        then = (server.clock.now() - timedelta(**by)).timestamp()
        os.utime(server.store / name, (then, then))

    return age


def moved_and_linked(server: Server) -> None:
    path = server.store / "accounts/bob.json"
    path.rename(server.home / "bob.json")
    path.symlink_to(server.home / "bob.json")


def linked_log(server: Server) -> None:
    (server.store / "log").symlink_to("/dev/null")


def pipe(server: Server) -> None:
    os.mkfifo(server.store / "log", 0o600)


def file_for_folder(server: Server) -> None:
    written("usage", "")(server)


def copied(server: Server) -> None:
    """bob becomes a copy of ada in all but the name."""
    accounts = server.store / "accounts"
    ada = json.loads((accounts / "ada.json").read_text())
    uid = ada["account"]["1"]["uid"]
    rewrite(accounts / "bob.json", lambda tables: tables["account"]["1"].update(uid=uid))


def below_everybodys(server: Server) -> None:
    server.home.chmod(0o777)


def open_counters(server: Server) -> None:
    written("throttle/key", "")(server)
    (server.store / "throttle/key").chmod(0o640)


def reserve_lost(server: Server) -> None:
    (server.store / "reserve").unlink()


def enforced_lost(server: Server) -> None:
    shutil.rmtree(server.store / "enforced")


def closed_untold(server: Server) -> None:
    edit_head("enforced_from", "2026-11-22T12:00:00Z")(server)


def put_off_untold(server: Server) -> None:
    closed_untold(server)
    written("enforced/ada", f"2027-11-22T12:00:00Z {'0' * 32}\n")(server)


def unlisted(server: Server) -> None:
    (server.store / "unlisted").mkdir(0o700)
    written(f"unlisted/{'0' * 32}.json", "{}")(server)


def list_damaged(server: Server) -> None:
    shutil.rmtree(server.store / "ledger")
    written("ledger/deleted.sqlite", "no database" * 100)(server)


def waiting_in_its_document(server: Server) -> None:
    """As a full disk leaves it: the list cannot be written while an app password is deleted."""
    deleted = server.store / "ledger" / "deleted.sqlite"
    deleted.unlink()
    deleted.symlink_to("/nowhere/at/all")
    server.house.issue("Tablet", "bob")
    server.house.operator.delete_app_password("bob", "Tablet")
    deleted.unlink()
    DeletedIds(server.store).ensure_exists()


def list_gone(server: Server) -> None:
    server.house.operator.delete_app_password("bob", tablet(server))
    shutil.rmtree(server.store / "ledger")
    (server.store / "deleted").unlink()


def list_gone_but_for_its_lock(server: Server) -> None:
    DeletedIds(server.store).ensure_exists()
    (server.store / "ledger" / "deleted.sqlite").unlink()


def tablet(server: Server) -> str:
    return server.house.issue("Tablet", "bob").app_password.id


def uid_of_bob(server: Server) -> str:
    account = server.house.store.get("bob")
    assert account is not None
    return account.uid


def revived(server: Server) -> None:
    DeletedIds(server.store).add(uid_of_bob(server), [tablet(server)])


def revived_by_an_older_program(server: Server) -> None:
    """It has listed what it deletes, and a later restore by it did not read that."""
    DeletedFile(server.store).append({uid_of_bob(server): [tablet(server)]})


def no_throttle(server: Server) -> None:
    shutil.rmtree(server.store / "throttle", ignore_errors=True)
    (server.store / "throttle").touch()


def set_aside_link(server: Server) -> None:
    (server.store / "throttle").mkdir(0o700, exist_ok=True)
    (server.store / "throttle/key.damaged-20261122T120000Z").symlink_to("/nowhere/at/all")


FAULTS = [
    ("accounts is open", chmod("accounts", 0o755), Level.DANGER, "accounts", "0755"),
    ("store is open", chmod("", 0o711), Level.DANGER, "", "0711"),
    ("file is open", chmod("accounts/bob.json", 0o644), Level.WARNING, "accounts/bob.json", "0644"),
    ("throttle key", open_counters, Level.WARNING, "throttle/key", "0640"),
    ("log is a link", linked_log, Level.DANGER, "log", "symbolic link"),
    ("log is a pipe", pipe, Level.DANGER, "log", "no ordinary file"),
    ("file for folder", file_for_folder, Level.DANGER, "usage", "folder of the store"),
    ("anybody's folder", below_everybodys, Level.DANGER, "..", "put another store"),
    ("foreign", written("accounts/Ada.json", "{}"), Level.WARNING, "accounts/Ada.json", "belong"),
    ("foreign on top", written("notes", ""), Level.WARNING, "notes", "does not belong"),
    ("left-over", aged("accounts/.tmp-ada", hours=1), Level.NOTICE, "accounts/.tmp-ada", "killed"),
    ("not ended", aged("ended/ada", hours=1), Level.WARNING, "ended", "wait to be ended (1)"),
    ("unlisted", unlisted, Level.WARNING, "unlisted", "not on the list of what was deleted (1)"),
    (
        *("unlisted in an account", waiting_in_its_document, Level.WARNING, "accounts/bob.json"),
        "not on the list of what was deleted",
    ),
    ("empty", written("accounts/bob.json", ""), Level.DANGER, "accounts/bob.json", "is empty"),
    ("not JSON", written("accounts/bob.json", "{"), Level.DANGER, "accounts/bob.json", "not JSON"),
    ("newer", edit_head("schema", "3.0"), Level.DANGER, "accounts/ada.json", "schema is 3"),
    ("renamed", edit_head("name", "eve"), Level.DANGER, "accounts/ada.json", "of another name"),
    ("more", edit_head("colour", "red"), Level.NOTICE, "accounts/ada.json", "know: colour"),
    ("copied", copied, Level.DANGER, "accounts/bob.json", "ada and bob"),
    ("damaged usage", written(f"usage/{'0' * 32}.json", "{"), Level.WARNING, None, "counts as"),
    ("damaged tables", written("usage/usage.sqlite", "x" * 9999), Level.WARNING, None, "damaged"),
    (
        *("set aside", written("usage/usage.sqlite.damaged-20261122T120000Z", ""), Level.WARNING),
        *("usage/usage.sqlite.damaged-20261122T120000Z", "A damaged ledger, set aside"),
    ),
    ("foreign within", written("usage/waiting/x", ""), Level.WARNING, "usage/waiting/x", "belong"),
    ("damaged counters", written("throttle/00.json", "[]"), Level.WARNING, None, "counts as empty"),
    (
        *("damaged ledger", written("ledger/throttle.sqlite.damaged-20261122T120000Z-wal", "x")),
        *(Level.WARNING, None, "does not count any more"),
    ),
    ("no enforced", enforced_lost, Level.WARNING, "enforced", "is not there"),
    ("closed", closed_untold, Level.DANGER, "enforced", "does not close ada:"),
    ("put off", put_off_untold, Level.DANGER, "enforced", "does not close ada:"),
    (
        "too strict",
        written("enforced/eve", f"2026-11-22T12:00:00Z {'0' * 32}\n"),
        Level.WARNING,
        "enforced",
        "It closes eve, and",
    ),
    ("no instant", written("enforced/ada", ""), Level.WARNING, "enforced", "It closes ada, and"),
    ("damaged list", list_damaged, Level.DANGER, "ledger/deleted.sqlite", "nothing is restored"),
    ("list gone", list_gone, Level.DANGER, "ledger/deleted.sqlite", "is gone"),
    ("list lost", list_gone_but_for_its_lock, Level.DANGER, "ledger/deleted.sqlite", "is gone"),
    ("revived", revived, Level.DANGER, "accounts/bob.json", "Tablet is on the list"),
    (
        *("revived elsewhere", revived_by_an_older_program, Level.DANGER, "accounts/bob.json"),
        "Tablet is on the list",
    ),
    ("no throttle", no_throttle, Level.DANGER, "throttle", "Nobody can sign in"),
    (
        *("set aside link", set_aside_link, Level.WARNING, "throttle/key.damaged-20261122T120000Z"),
        "no file itself, and is set aside",
    ),
    ("no reserve", reserve_lost, Level.NOTICE, "reserve", "not set aside"),
]


@pytest.mark.parametrize(
    ("break_it", "level", "where", "what"),
    [row[1:] for row in FAULTS],
    ids=[row[0].replace(" ", "-") for row in FAULTS],
)
def test_a_fault_of_the_store_is_found_alone(
    server: Server, break_it: Callable[[Server], None], level: Level, where: str | None, what: str
) -> None:
    break_it(server)
    finding = server.fault()
    assert (finding.level, what in finding.what, finding.remedy != "") == (level, True, True), (
        finding
    )
    if where is not None:
        assert Path(finding.where) == Path(os.path.normpath(server.store / where))


def test_an_account_that_the_default_domain_would_strand_is_named(server: Server) -> None:
    server.config = replace(server.config, default_domain="example.org")
    ada, _ = sorted(server.faults(), key=lambda found: found.where)
    assert (ada.level, ada.remedy) == (
        Level.NOTICE, "Run: apppw-tui account rename ada ada@example.org",
    )  # fmt: skip
    assert ada.where == str(server.store / "accounts/ada.json")
    (server.store / "accounts/bob.json").rename(server.store / "accounts/ada@example.org.json")
    rewrite(
        server.store / "accounts/ada@example.org.json",
        lambda tables: tables["account"]["1"].update(name="ada@example.org"),
    )
    found = server.fault()
    assert (found.level, "stands before ada@example.org" in found.what) == (Level.WARNING, True)


def test_an_account_with_keys_alone_is_named_where_they_count_for_nothing(server: Server) -> None:
    key = SshKey(KEY.fingerprint, KEY.type, "Laptop", server.clock.now())
    server.house.alter("bob", ssh_keys=(key,))
    policy = server.config.policy._replace(ssh_keys_count=False)
    server.config = replace(server.config, policy=policy)
    finding = server.fault()
    assert (finding.level, finding.where) == (
        Level.WARNING, str(server.store / "accounts/bob.json"),
    )  # fmt: skip
    assert "bob: its only verification methods are ssh keys" in finding.what
    server.house.give_authenticator("bob")
    assert server.faults() == []


def test_an_account_of_a_newer_program_needs_that_program(server: Server) -> None:
    edit_head("schema", "3.0")(server)
    assert server.fault().remedy == "Install the newer apppw-tui that wrote it."


def test_an_account_that_is_a_link_is_told_by_each_who_refuses_it(server: Server) -> None:
    moved_and_linked(server)
    findings = server.faults()
    assert {finding.where for finding in findings} == {str(server.store / "accounts/bob.json")}
    assert all("symbolic link" in finding.what for finding in findings)


def test_what_is_written_at_this_moment_is_no_fault(server: Server) -> None:
    aged("accounts/.tmp-ada", seconds=1)(server)
    aged("ended/ada", seconds=30)(server)
    assert server.faults() == []


@ONLY_ROOT
@pytest.mark.parametrize("name", ["accounts", "accounts/bob.json", "reserve"])
def test_what_belongs_to_another_is_found(server: Server, name: str) -> None:
    os.chown(server.store / name, 65534, 65534)
    finding = server.fault()
    assert (finding.level, "belongs to uid 65534" in finding.what) == (Level.DANGER, True)
    assert finding.remedy == f"Run: chown -h 0 {server.store / name}"


@ONLY_ROOT
def test_a_store_that_came_back_as_roots_is_one_finding(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether all of it is root's or some: it goes back to whom the units run as, whole."""
    home = SimpleNamespace(pw_name="apppw", pw_dir=str(server.store), pw_uid=OTHER)
    monkeypatch.setattr(pwd, "getpwall", lambda: [home])
    os.chown(server.store / "accounts", OTHER, OTHER)
    finding = server.fault()
    assert (finding.level, "apppw is at home there" in finding.what) == (Level.DANGER, True)
    assert finding.remedy == f"Run: chown -hR apppw: {server.store}"


@ONLY_ROOT
@pytest.mark.parametrize("name", ["accounts", "accounts/bob.json"])
def test_what_its_owner_cannot_read_is_given_back_and_never_moved_away(name: str) -> None:
    ground = Path(tempfile.mkdtemp())  # which the owner may enter
    try:
        ground.chmod(0o755)
        server = Server(ground)
        assert server.faults() == []  # imports what the owner may not be able to read
        for path in (server.store, *server.store.rglob("*")):
            os.chown(path, OTHER, OTHER)
        os.chown(server.store / name, 0, 0)
        told = said_as(0, lambda: [it.remedy for it in faults(server.examination().store())])
        assert f"Run: chown -h {OTHER} {server.store / name}" in told
        assert "away" not in told
    finally:
        shutil.rmtree(ground)


def test_a_store_that_is_not_there_is_told(server: Server) -> None:
    shutil.rmtree(server.store)
    assert server.fault().what == "There is no store."


def test_what_cannot_be_looked_at_is_told_and_the_rest_is(server: Server) -> None:
    server.config_file = server.home / "missing.toml"
    examination = replace(server.examination(), config_file=server.home / "missing.toml")
    (finding,) = faults(examination.server())
    assert (finding.level, finding.where) == (Level.WARNING, "the configuration")


def test_a_program_that_the_owner_cannot_load_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise ImportError(name="cryptography")

    monkeypatch.setattr("apppw_tui.doctor.key.check", refuse)
    finding = server.fault()
    assert (finding.level, "cryptography cannot be loaded" in finding.what) == (
        Level.DANGER,
        True,
    )


def test_a_fault_of_the_doctors_own_is_told_without_what_it_held(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise ValueError("hunter2")

    monkeypatch.setattr("apppw_tui.doctor.dovecot.check", fail)
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.WARNING, "Dovecot")
    assert "hunter2" not in repr(finding)


@pytest.mark.parametrize("link", [False, True])
def test_what_stands_in_place_of_the_folder_is_not_said_to_be_missing(
    server: Server, *, link: bool
) -> None:
    place = server.store / "enforced"
    shutil.rmtree(place, ignore_errors=True)
    if link:
        (server.home / "elsewhere").mkdir()
        place.symlink_to(server.home / "elsewhere")
    else:
        place.touch()
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.DANGER, str(place))
    assert finding.what.startswith("A folder of the store belongs here, and not this:")
    assert finding.remedy.startswith("Move it away")


@pytest.mark.parametrize("root", [False, True])
def test_what_cannot_be_looked_at_is_said_in_one_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, root: bool
) -> None:
    def fail(*_: object) -> object:
        raise StoreError("/srv/Store cannot be read: no such thing.")

    monkeypatch.setattr("apppw_tui.doctor.machine.check", fail)
    (finding,) = faults(replace(server.examination(), by_root=root).store())
    assert finding.what == "It could not be looked at: /srv/Store cannot be read: no such thing."
    assert ("root" in finding.remedy) != root
