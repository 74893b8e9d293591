"""Backups taken while others write: each of them is a state that was, and restores whole."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.store import documents
from apppw_tui.store.backup.members import account_member
from apppw_tui.verifier.decision import Answer, Verifier
from tests.store.backing import Place, manifest, members
from tests.store.backup_writer import ACCOUNTS

ROOT = Path(__file__).parents[3]
EVERY = 0.05  # seconds


def backups_while_writing(
    place: Place, tmp_path: Path, writers: int, times: int
) -> tuple[list[bytes], dict[str, dict[str, str]]]:
    """The backups in their order, and the secrets that were made, by account and id."""
    outs = [tmp_path / f"made-{seed}" for seed in range(writers)]
    program = [sys.executable, "-m", "tests.store.backup_writer"]
    processes = [
        subprocess.Popen(
            [*program, place.folder, str(seed), str(times), out],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
        )
        for seed, out in enumerate(outs)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    backups = [place.backup()]
    for process in processes:
        while process.poll() is None:
            backups.append(place.backup())
            with suppress(subprocess.TimeoutExpired):
                process.wait(EVERY)
        assert process.stdin is not None
        process.stdin.close()
    backups.append(place.backup())
    assert [process.returncode for process in processes] == [0] * writers
    made: dict[str, dict[str, str]] = {name: {} for name in ACCOUNTS}
    for out in outs:
        for name, secrets in json.loads(out.read_text()).items():
            made[name].update(secrets)
    return backups, made


def verified(place: Place, name: str, secrets: dict[str, str]) -> set[str]:
    """The ids of those secrets that open a service."""
    verifier = Verifier(place.store, place.house.hasher, place.clock)
    return {
        id_
        for id_, secret in secrets.items()
        if verifier.decide(name, Secret(secret), IMAP).answer is Answer.YES
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("writers", "times"),
    [
        (2, 25),
        pytest.param(8, 30, marks=pytest.mark.slow),
        pytest.param(8, 120, marks=pytest.mark.long),
    ],
)
def test_every_backup_that_is_taken_while_others_write_restores_and_verifies(
    folder: Path, tmp_path: Path, writers: int, times: int
) -> None:
    place = Place(folder)
    began = {name: place.house.add(name).version for name in ACCOUNTS}
    backups, made = backups_while_writing(place, tmp_path, writers, times)

    versions, half = dict(began), 0
    for number, backup in enumerate(backups):
        assert manifest(backup)["left_out"] == {}
        target = Place(tmp_path / f"restored-{number}")
        target.restore(backup)
        assert target.store.list_names() == [*ACCOUNTS]
        for name in ACCOUNTS:
            then = documents.load(json.loads(members(backup)[account_member(name)]), name)
            now = target.now(name)
            # Each creation and each deletion raised the version by one: of neither is there half.
            acts = len(then.used_ids) + len(then.deleted_ids)
            assert then.version == began[name] + acts
            assert then.version >= versions[name]
            versions[name] = then.version
            half += 0 < acts < len(place.now(name).used_ids)
            live = {password.id for password in then.app_passwords}
            kept = {password.id for password in now.app_passwords}
            # The list is read last, so it may know of deletions that the account does not.
            assert kept <= live
            assert then.deleted_ids <= now.deleted_ids
            assert verified(target, name, {id_: made[name][id_] for id_ in then.used_ids}) == kept
    assert half  # else nobody wrote while the backups were taken
    last = {name: place.now(name).app_passwords for name in ACCOUNTS}
    assert {name: target.now(name).app_passwords for name in ACCOUNTS} == last
