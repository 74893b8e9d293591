"""Accounts brought back from a backup: a sentence for each, or JSON for programs."""

import argparse
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from apppw_tui import config as configuration
from apppw_tui.bootstrap import Parts
from apppw_tui.commands.context import actor, open_context, store_location, tried
from apppw_tui.commands.output import CommandReport, moment, pluralize, print_error, print_json, utc
from apppw_tui.commands.password_input import check_meant
from apppw_tui.commands.server_facts import NotRestored, Restored, StoreRestored, Unchanged
from apppw_tui.config import Config, present
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import ApppwError, Refused, StoreError, system_reason
from apppw_tui.domain.hashing import TooManyProfiles
from apppw_tui.domain.names import candidates, escaped
from apppw_tui.domain.progress import progress
from apppw_tui.exit_codes import NO_ANSWER
from apppw_tui.store.backup.packed import unpacked
from apppw_tui.store.backup.reader import Archive, require_restorable
from apppw_tui.store.backup.restore import (
    Restore,
    RestoredAccount,
    RestoreRules,
)

_RESTART = "systemd-tmpfiles --create && systemctl try-restart apppw-tui apppw-sshd"


def restore(options: argparse.Namespace, config: Config) -> int:
    """Restores what may come back, and says why the rest may not. Raises Refused, StoreError."""
    if options.file is None:
        # `restore --account ada FILE`: an option that takes several takes the file as well.
        if len(options.account) < 2:  # noqa: PLR2004 - an account and the file
            options.wrong("the following arguments are required: FILE")
        options.file = options.account.pop()
    by = actor()
    with ExitStack() as stack:
        # Before root becomes the store's owner, who may not read it.
        archive = Archive(_opened(options.file, stack))
        trial = stack.enter_context(tried(options, config)) if options.dry_run else None
        return _RestoreCommand(options, config, archive, by, trial).run()


def _opened(name: str, stack: ExitStack) -> BinaryIO:
    """The backup, unpacked. Raises Refused."""
    try:
        if name == "-":
            if sys.stdin is None or sys.stdin.isatty():
                raise Refused(
                    "There is no backup on standard input; send it there, or name a file."
                )
            return _kept(stack, sys.stdin.buffer)
        return _kept(stack, stack.enter_context(Path(name).open("rb")))
    except OSError as error:
        where = "Standard input" if name == "-" else name
        raise Refused(f"{where} cannot be read: {system_reason(error)}.") from None


def _kept(stack: ExitStack, file: BinaryIO) -> BinaryIO:
    archive = unpacked(file)
    return archive if archive is file else stack.enter_context(archive)


class _RestoreCommand:
    """One run of the command."""

    def __init__(
        self,
        options: argparse.Namespace,
        config: Config,
        archive: Archive,
        by: str,
        missing: Path | None,
    ) -> None:
        """`missing` is where the store would be made."""
        # With a database, what would be made is this machine's folder alone.
        self._missing = missing if config.database is None else None
        self._dry = options.dry_run
        self._archive = archive
        self._by = by
        folder = store_location(options, config).folder
        there = present(folder)
        self._names = _names(options, config, archive)
        if not there and not self._dry:
            require_restorable(archive, self._names)
        parts = open_context(options, config, create=not self._dry, new_key=not self._dry)
        self._parts = parts
        self._made = not there and config.database is None
        context = parts.context
        rules = RestoreRules(options.overwrite, self._dry, options.bring_back_deleted)
        begun = partial(
            Restore,
            archive,
            parts.engine,
            parts.engine.aside("before-restore", context.clock.now()),
            context.randbelow,
            context.session_terminator.terminate,
        )
        self._restore = begun(rules)
        self._trial = begun(replace(rules, dry_run=True))  # each has lists of its own
        self._report = CommandReport(as_json=options.json)
        self._unchanged = 0
        self._stay = False
        self._options = options

    def run(self) -> int:
        archive = self._archive
        self._check_meant()
        self._report.say(f"{_backup_of(archive, self._parts)}:")
        if self._missing is not None:
            self._report.say(f"A store would be made at {self._missing}.")
        key = self._restore.restore_key()
        if key:
            self._report.say(f"The key of the store {'would come' if self._dry else 'came'} back.")
        self._take_list()
        for member in archive.unknown_members:
            self._report.fail(
                Refused(f"{member} does not belong into the backup; it was left there.")
            )
        for name in progress(self._names, "Restoring accounts"):
            self._one(name)
        for name, why in sorted(archive.left_out.items()):
            print_error(f"{name} was left out when the backup was made: {why}")
        aside = self._restore.aside.place
        if self._stay:
            self._report.say(
                "What was deleted since stays deleted: it may be on a device that was lost. If it "
                "was deleted by mistake: --bring-back-deleted"
            )
        if self._unchanged:
            self._report.say(f"{pluralize(self._unchanged, 'account')} unchanged since.")
        if aside is not None:
            self._report.say(f"What was there before is in {aside}.")
        if self._made and present(configuration.SYSTEM_FILE):
            # Their units show them the folders that were there when they started, and need those
            # of tmpfiles.d.
            self._report.say(f"Let what runs find the new store: {_RESTART}")
        if self._options.json:
            print_json(StoreRestored(
                made=utc(archive.made),
                host=archive.host,
                dry_run=self._dry,
                key=key,
                accounts=self._report.answers,
                kept=aside,
            ))  # fmt: skip
        return self._report.code

    def _check_meant(self) -> None:
        """Raises Refused where nobody confirms that newer things are to go, or deleted to come."""
        options = self._options
        if self._dry or options.yes or not (options.overwrite or options.bring_back_deleted):
            return
        count = self._count_changes()
        if not count:
            return
        what = f"Put {pluralize(count, 'account')} back to what the backup has"
        also = ", with what was deleted since" if options.bring_back_deleted else ""
        check_meant(f"{what}{also}?", count, options)

    def _count_changes(self) -> int:
        """Tries it, since what is as it was when it was backed up is left alone."""
        count = 0
        with suppress(Refused):  # all of them are told when it is done
            self._trial.merge_deleted_ids()
        self._trial.restore_key()
        for name in progress(self._names, "Comparing accounts"):
            with suppress(ApppwError):
                count += self._trial.account(name).account is not None
        return count

    def _take_list(self) -> None:
        try:
            unreadable = self._restore.merge_deleted_ids()
        except Refused as error:
            self._report.fail(error)
            return
        if unreadable:
            print_error(
                f"{pluralize(unreadable, 'line')} of the list of deleted app passwords cannot be "
                "read: look over the app passwords that come back."
            )

    def _one(self, name: str) -> None:
        try:
            outcome = self._restore.account(name)
        except ApppwError as error:
            self._report.fail(error, facts=lambda why: NotRestored(name, restored=False, error=why))
            return
        account = outcome.account
        self._stay |= bool(outcome.stay_deleted)
        if account is None:
            self._unchanged += 1
            self._report.answers.append(Unchanged(name, restored=False, unchanged=True))
            return
        restored = Restored(
            account=name,
            restored=not self._dry,
            app_passwords=[app_password.id for app_password in account.app_passwords],
            stay_deleted=sorted(outcome.stay_deleted),
            brought_back=sorted(outcome.brought_back),
            gone=sorted(outcome.gone),
            recovery_codes_void=outcome.codes_void,
            unopened=list(outcome.undecryptable),
        )
        self._report.answers.append(restored)
        self._report.say(_sentence(outcome, dry=self._dry))
        for field in outcome.undecryptable:
            self._report.code = NO_ANSWER
            print_error(
                f"{name}: no key opens the {field}; put back the key that sealed it, as one more "
                f"line of {self._parts.engine.keyring.place}, or let them set up another with "
                f"apppw-tui account bypass {name}"
            )
        if not self._dry:
            self._claim_profile(account)
            made = utc(self._archive.made)
            facts = {"backup": made}
            if outcome.brought_back:
                facts["brought_back"] = " ".join(sorted(outcome.brought_back))
            self._parts.context.record(account, EventType.ACCOUNT_RESTORED, self._by, **facts)

    def _claim_profile(self, account: Account) -> None:
        try:
            self._parts.context.hasher.account.claim(account.password_hash)
        except TooManyProfiles as error:
            print_error(
                f"{account.name}: its hash costs {error.profile}, unlike all others, so that the "
                "clock tells whoever tries to sign in of the account; set another password: "
                f"apppw-tui account set-password {account.name}"
            )
        except StoreError as error:
            print_error(error)


def _names(options: argparse.Namespace, config: Config, archive: Archive) -> list[str]:
    if not options.account:
        return archive.accounts
    there = frozenset(archive.accounts)

    def meant(name: str) -> str:
        names = candidates(name, config.default_domain)
        return next((candidate for candidate in names if candidate in there), names[-1])

    return list(dict.fromkeys(meant(name) for name in options.account))


def _backup_of(archive: Archive, parts: Parts) -> str:
    made = moment(archive.made, parts.context.clock.now())
    return f"Backup of {made} from {escaped(archive.host)}"


def _sentence(outcome: RestoredAccount, *, dry: bool) -> str:
    account = outcome.account
    live = len(account.app_passwords) if account else 0
    parts = [
        f"{outcome.name}: {'would be restored' if dry else 'restored'} "
        f"with {pluralize(live, 'app password')}"
    ]
    if outcome.stay_deleted:
        parts.append(f"{_those(outcome.stay_deleted, 'stays', 'stay')} deleted")
    if outcome.brought_back:
        came = "would come" if dry else "came"
        parts.append(f"{len(outcome.brought_back)} deleted since {came} back")
    if outcome.gone:
        parts.append(f"{len(outcome.gone)} made since {'would go' if dry else 'went'}")
    if outcome.codes_void:
        parts.append("the recovery codes are void")
    return "; ".join(parts) + "."


def _those(ids: frozenset[str], singular: str, plural: str) -> str:
    return f"{len(ids)} {singular if len(ids) == 1 else plural}"
