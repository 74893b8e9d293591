"""The merge of a backup's account with the store's: never more than the backup had."""

from dataclasses import replace
from datetime import datetime

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, RandomBelow
from apppw_tui.domain.key_set import KeySet
from apppw_tui.domain.ssh_key import SshKey

# An account that is gone, or cannot be read, does not tell how far version and epoch had come: a
# session of then must not find its own again.
_LEAP = 2**32


def merge_backup(
    backup: Account,
    present: Account | None,
    deleted: frozenset[str],
    randbelow: RandomBelow,
    *,
    bring_back: bool = False,
) -> Account:
    """`backup` as it may come back, where `present` stands now (None: nothing that can be read).

    `deleted` are the ids on the store's list. What was deleted stays so; what was narrowed,
    paused, required or enforced since stays so; the authenticator's step never falls; sessions,
    recovery codes and a bypass end. With `bring_back`, what was deleted does not stay so.
    """
    gone = backup.deleted_ids | deleted
    records = backup.app_passwords
    if present is not None:
        gone |= present.deleted_ids
        if present.version >= backup.version:
            records = tuple(_narrowed(backup, present))
    if not bring_back:
        records = tuple(password for password in records if password.id not in gone)
    used = backup.used_ids | gone | (present.used_ids if present else frozenset())
    leap = 1 + randbelow(_LEAP)
    merged = replace(
        backup,
        version=max(backup.version, present.version) + 1 if present else backup.version + leap,
        session_generation=max(backup.session_generation, present.session_generation) + 1
        if present
        else backup.session_generation + leap,
        app_passwords=records,
        deleted_ids=used - {password.id for password in records},
        recovery=None,
        bypass_until=None,
    )
    if present is None:
        return merged
    return replace(
        _with_step_of(merged, present),
        enabled=backup.enabled and present.enabled,
        ssh_keys=_keys_still_there(backup, present),
        verification_required=backup.verification_required or present.verification_required,
        enforced_from=_earlier(backup.enforced_from, present.enforced_from),
    )


def reencrypted(account: Account, old: KeySet | None, new: KeySet | None) -> Account:
    """The account sealed under `new`, as far as that opens it already, or `old` does."""
    values = account.sealed_values()
    for field in undecryptable(account, new):
        if (
            new is not None
            and old is not None
            and old.can_decrypt(account.uid, field, values[field])
        ):
            secret = old.decrypt(account.uid, field, values[field])
            values[field] = new.encrypt(account.uid, field, secret)
    return account.with_sealed_values(values)


def undecryptable(account: Account, ring: KeySet | None) -> tuple[str, ...]:
    """The sealed fields that no key of `ring` opens."""
    return tuple(
        field
        for field, sealed in account.sealed_values().items()
        if ring is None or not ring.can_decrypt(account.uid, field, sealed)
    )


def opens_all(ring: KeySet, account: Account) -> bool:
    return not undecryptable(account, ring)


def _narrowed(backup: Account, present: Account) -> list[AppPassword]:
    """The backup's app passwords, as good as they are by now."""
    return [
        replace(
            app_password,
            scope=now.scope,
            expires=now.expires,
            paused=now.paused,
            networks=now.networks,
        )
        for app_password in backup.app_passwords
        for now in [present.app_password(app_password.id) or app_password]
    ]


def _keys_still_there(backup: Account, present: Account) -> tuple[SshKey, ...]:
    """The backup's ssh keys, without those that were removed since: of a lost laptop, perhaps."""
    if present.version < backup.version:
        return backup.ssh_keys
    return tuple(key for key in backup.ssh_keys if present.ssh_key(key.fingerprint))


def _with_step_of(account: Account, present: Account) -> Account:
    app, there = account.authenticator, present.authenticator
    if app is None or there is None or there.last_step <= app.last_step:
        return account
    return replace(account, authenticator=replace(app, last_step=there.last_step))


def _earlier(first: datetime | None, other: datetime | None) -> datetime | None:
    instants = [instant for instant in (first, other) if instant is not None]
    return min(instants, default=None)
