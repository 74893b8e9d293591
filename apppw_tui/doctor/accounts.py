"""Every document of a store: whether it can be read, and is what its place says."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from apppw_tui.doctor.finding import Finding, command, danger, notice, unusable, warning
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.names import candidates, escaped
from apppw_tui.domain.progress import progress
from apppw_tui.store import documents
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.deleted_ids import UNLISTED
from apppw_tui.store.folder.places import StorePlaces
from apppw_tui.store.folder.usage_ledger import UsageLedger


def check(folder: Path, store: FolderStore) -> tuple[list[Finding], list[Account]]:
    """And the accounts that can be read."""
    findings: list[Finding] = []
    accounts: list[Account] = []
    places = StorePlaces(folder)
    try:
        names = store.list_names()
    except StoreError as error:
        return [unusable(places.accounts, error, "Put it back as it was.")], []
    for name in progress(names, "Looking through accounts"):
        path = store.path(name)
        try:
            account = store.get(name)
        except StoreError as error:
            # Whose it is, if another's, is told with the files.
            if path.lstat().st_uid == folder.lstat().st_uid:
                findings.append(_damaged(path, str(error)))
            continue
        if account is not None:
            accounts.append(account)
            findings += _unknown(path, account)
    findings += _twins(store, accounts)
    findings += _counted(places)
    try:
        store.deletions.ids.check()
    except StoreDamaged as error:
        findings.append(
            danger(
                places.deleted_ids,
                f"{error} No deletion can be listed, and nothing is restored.",
                "Move it away, with what has its name and -wal or -shm behind it, and restore the "
                "newest backup with --account NAME of any account: the list comes with it. "
                "Then, for what the accounts know besides: "
                + command("apppw-tui", "--store", folder, "store", "tidy"),
            )
        )
    findings += _deleted(places, store, accounts)
    findings += _usage(places)
    return findings, accounts


def _deleted(places: StorePlaces, store: FolderStore, accounts: list[Account]) -> Iterator[Finding]:
    """A list of deleted app passwords that is gone, and what is on it and opens an account."""
    path = places.deleted_ids
    try:
        listed = store.deletions.ids.look()
    except StoreError:
        return  # it is damaged, or its mode or kind was told
    if not os.path.lexists(path) and (
        places.had_deleted_ids()
        or any(account.deleted_ids - listed.of(account.uid) for account in accounts)
    ):
        yield danger(
            path,
            "The list of deleted app passwords is gone: an old backup could bring them back.",
            command("apppw-tui", "--store", places.folder, "store", "tidy"),
        )
    for account in accounts:
        for app_password in account.app_passwords:
            if app_password.id in listed.of(account.uid):
                delete = command(
                    *("apppw-tui", "--store", places.folder, "app-password", "delete"),
                    *(account.name, app_password.id),
                )
                yield danger(
                    store.path(account.name),
                    f"Its app password {escaped(app_password.name)} is on the list of what was "
                    "deleted, and opens the account all the same.",
                    f"Unless it was brought back on purpose, delete it again. {delete}",
                )


def _damaged(path: Path, sentence: str) -> Finding:
    remedy = f"Put back a copy of {path} from before, or move it away and add the account anew."
    if "its schema is" in sentence and "this program reads" in sentence:
        remedy = "Install the newer apppw-tui that wrote it."
    return danger(path, sentence, remedy)


def _unknown(path: Path, account: Account) -> Iterator[Finding]:
    """Keys of a newer schema, or of somebody's own."""
    try:
        tables: dict[str, Any] = json.loads(files.read(path) or b"")
    except (ValueError, RecursionError, StoreError):
        return  # changed meanwhile
    ours = documents.save(None, account)
    # Of ours, one that is empty is not written anew, and says nothing.
    tables_besides = {name for name in tables if tables[name]} - set(ours) - {"_default", UNLISTED}
    for table in tables.keys() & ours.keys():
        keys = {key for document in ours[table].values() for key in document}
        tables_besides |= {key for document in tables[table].values() for key in document} - keys
    if UNLISTED in tables:
        store = path.parents[1]
        yield warning(
            path,
            "App passwords that were deleted from it are not on the list of what was deleted: an "
            "old backup could bring them back.",
            list_deleted(store),
        )
    if tables_besides:
        names = ", ".join(map(escaped, sorted(tables_besides)))
        yield notice(
            path,
            f"It holds what this version does not know: {names}.",
            "It is kept. If a newer apppw-tui wrote it, install that one here, too.",
        )


def list_deleted(store: Path) -> str:
    """The advice for deletions that wait to be listed."""
    tidy = command("apppw-tui", "--store", store, "store", "tidy")
    return f"See to it that {StorePlaces(store).ledgers} can be written. {tidy}"


def _twins(store: FolderStore, accounts: list[Account]) -> Iterator[Finding]:
    by_uid: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        by_uid[account.uid].append(account.name)
    for names in by_uid.values():
        if len(names) > 1:
            yield danger(
                store.path(names[-1]),
                f"It is a copy: the accounts {' and '.join(names)} are told apart by nothing, and "
                "share what is counted and recorded.",
                f"Remove all but one of {' and '.join(names)}, and add the others anew.",
            )


def _counted(places: StorePlaces) -> Iterator[Finding]:
    for path in places.counted():
        try:
            content = files.read(path)
            good = content is None or isinstance(json.loads(content), dict)
        except StoreError:
            continue  # its mode or kind was told
        except (ValueError, RecursionError):
            good = False
        if not good:
            yield warning(
                path,
                "It is damaged, and counts as empty.",
                f"Remove it; it begins anew: rm {path}",
            )


def _usage(places: StorePlaces) -> Iterator[Finding]:
    path = places.usage_ledger
    try:
        UsageLedger(places.folder).check()
    except StoreDamaged as error:
        yield warning(
            path,
            str(error),
            "Restart the daemon, which sets a damaged one aside and begins it anew; if a newer "
            "apppw-tui wrote it, install that one here, too.",
        )
    except StoreError:
        pass  # its mode or kind was told


def check_keys(place: Path | str, account: Account, *, keys_count: bool) -> Iterator[Finding]:
    """Of an account at `place` whose only methods are ssh keys, where those count for nothing."""
    others = account.authenticator is not None or account.phones
    if account.ssh_keys and not others and not keys_count:
        yield warning(
            place,
            f"{account.name}: its only verification methods are ssh keys, which count for nothing "
            "here: nobody signs in but with a recovery code.",
            command("apppw-tui", "account", "bypass", account.name, "--minutes", "60"),
        )


def check_names(
    store: FolderStore, accounts: Iterable[Account], default_domain: str | None
) -> Iterator[Finding]:
    """Of accounts without a domain, where the configuration gives one to whoever has none."""
    names = {account.name for account in accounts}
    for name in sorted(names):
        for whole in candidates(name, default_domain)[1:]:
            if whole in names:
                yield warning(
                    store.path(name),
                    f"It stands before {whole}: {name} means this one, and only who writes "
                    f"{whole} in full reaches the other, whatever default_domain says.",
                    f"Rename or remove one of them: apppw-tui account rename {name} NEW",
                )
            else:
                yield notice(
                    store.path(name),
                    f"It goes on as {name}: default_domain is given only to names that no account "
                    "has.",
                    command("apppw-tui", "account", "rename", name, whole),
                )
