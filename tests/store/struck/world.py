"""Two accounts with all that an account can have, over an engine, for acts on them."""

import io
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.notice_text import QueueNotifier
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.ssh_key import ProvenKey
from apppw_tui.portal.portal import Portal
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.restore import Restore, RestoreRules
from apppw_tui.store.backup.writer import back_up
from apppw_tui.store.engine import Engine, Machine
from tests.support import NOW, OTHER_KEY, PASSWORD, FixedClock, House

NEW_PASSWORD = "a loom of seven quiet numbers"
ACCOUNTS = ("ada", "ben", "cleo", "zoe")  # that there may be
NUMBER = "+4915123456767"
# All that is kept of an account but what each writing draws anew.
_SEEN = (
    *("enabled", "appearance", "deleted_ids", "preferred", "verification_required"),
    *("bypass_until", "enforced_from", "session_generation"),
)
# Lines that belong to no change of an account.
_BY_THEMSELVES = frozenset({
    *(EventType.SIGNED_IN, EventType.SIGNED_IN_NEW, EventType.KEY_USED_NEW, EventType.UNLOCKED),
    *(EventType.BYPASS_USED, EventType.RECOVERY_USED, EventType.ADDRESSES_FORGOTTEN),
    *(EventType.EXPIRES_SOON, EventType.WRONG_CODE, EventType.WRONG_PASSWORD),
})  # fmt: skip
State = dict[str, Any]


class World:
    """The rooms over `engine`, whole: with its logs, notices and sessions to end.

    `seed` draws what is random. ada has every method, ben none.
    """

    def __init__(self, engine: Engine, machine: Machine, clock: FixedClock, seed: int = 1) -> None:
        self.engine, self.clock = engine, clock
        self.house = House(
            store=engine.accounts,
            clock=clock,
            seed=seed,
            hasher=Hasher(CHEAP_PROFILE, CHEAP_PROFILE, machine.slots, engine.profiles),
            counters=engine.throttle,
            seals=engine.keyring,
            usage=engine.usage,
            key_index=engine.key_index,
        )
        self.old = b""  # a backup with what was deleted since
        self._wire(
            activity_log=engine.activity,
            error_log=machine.error_log,
            session_terminator=engine.session_terminator(machine.session_terminator),
            notifier=QueueNotifier(engine.notices, machine.error_log),
            confirmation=engine.confirmation,
        )

    def _wire(self, **parts: Any) -> None:
        self.house.means = replace(self.house.means, **parts)
        self.house.portal = Portal(self.house.means)

    def with_key(self, key: ProvenKey) -> "World":
        """The same, for whoever comes with that ssh key."""
        self._wire(proven_key=key)
        return self

    def furnish(self) -> None:
        house, now = self.house, self.clock.now()
        house.add("ada")
        house.give_authenticator("ada")
        house.give_phone("authentication", NUMBER, "ada")
        house.give_ssh_key(OTHER_KEY, "ada", "Old laptop")
        house.give_recovery_codes("ada")
        ends = {"Phone": None, "Tablet": None, "Lost": None, "Gone": -60, "Soon": 3}
        for name, days in ends.items():
            end = None if days is None else now + timedelta(days=days)
            house.operator.create_app_password("ada", name, expires=end)
        house.operator.pause_app_password("ada", "Tablet")
        self.old = self.backup()
        house.operator.delete_app_password("ada", "Lost")
        house.means.throttle.record_success("ada")
        house.add("ben")
        house.issue("Radio", "ben")

    @property
    def lost(self) -> frozenset[str]:
        """The ids that were deleted in the furnished world."""
        account = self.engine.accounts.get("ada") or self.engine.accounts.get("zoe")
        return frozenset() if account is None else account.deleted_ids

    def ids_of(self, *names: str) -> list[str]:
        """The ids of ada's app passwords of these names, as far as they are there."""
        return [each.id for each in self.house.now("ada").app_passwords if each.name in names]

    def authenticator_secret(self) -> Secret:
        account = self.house.now("ada")
        assert account.authenticator is not None
        sealed = account.authenticator.sealed
        return self.engine.keyring.decrypt(account.uid, "authenticator", sealed)

    def backup(self) -> bytes:
        out = io.BytesIO()
        back_up(out, self.engine, with_key=True, now=NOW, host="mail.example.org")
        return out.getvalue()

    def restoring(self, backup: bytes, *, overwrite: bool = True) -> Restore:
        return Restore(
            Archive(io.BytesIO(backup)),
            self.engine,
            self.engine.aside("before-restore", NOW),
            self.house.random.randrange,
            self.house.means.session_terminator.terminate,
            RestoreRules(overwrite=overwrite),
        )

    # --- what stands ------------------------------------------------------------------------

    def state(self) -> State:
        """All that is kept, as far as it is the same whenever it is done again."""
        names = self.engine.accounts.list_names()
        return {"keys": self._keys(), **{name: self._account(name) for name in names}}

    def _keys(self) -> int:
        ring = self.engine.keyring.read()
        return 0 if ring is None else len(ring.keys)

    def _account(self, name: str) -> dict[str, Any] | str:
        try:
            account = self.engine.accounts.get(name)
        except StoreDamaged:
            return "damaged"
        if account is None:
            return "gone"
        return {field: getattr(account, field) for field in _SEEN} | {
            "password": self._password(account),
            "app passwords": tuple(
                (each.id, each.name, each.scope, each.expires, each.paused, each.networks)
                for each in account.app_passwords
            ),
            "step": account.authenticator and account.authenticator.last_step,
            "sealed": tuple(
                self.engine.keyring.decrypt(account.uid, field, sealed).reveal()
                for field, sealed in sorted(account.sealed_values().items())
            ),
            "ssh keys": tuple((key.name, key.last_used) for key in account.ssh_keys),
            "recovery": account.recovery and tuple(map(bool, account.recovery.hashes)),
        }

    def _password(self, account: Account) -> str:
        if str(CHEAP_PROFILE) not in (account.password_hash or ""):
            return "imported"
        hasher = self.house.hasher.account
        for password in (PASSWORD, NEW_PASSWORD):
            if hasher.check(account.password_hash, Secret(password)):
                return password
        return "unknown"

    def counted(self, name: str = "ada") -> tuple[int, int]:
        """The addresses that are known to the account, and the failures."""
        state = self.house.means.throttle.state(name)
        return len(state.known), sum(count.failures for count in state.counts)

    def events(self) -> dict[str, int]:
        """The number of lines of each kind that a change writes with itself."""
        written = (entry.event for _, entry in self.engine.activity.read_all())
        return dict(Counter(event for event in written if event not in _BY_THEMSELVES))

    def require_whole(self) -> None:
        """Everything that is kept beside the accounts can be read, and no deletion is forgotten."""
        engine = self.engine
        engine.activity.read_all()
        list(engine.notices.due(self.clock.now() + timedelta(days=1)))
        engine.deleted_ids.list_all_waiting(engine.accounts)
        listed = engine.deleted_ids.read()
        for name in engine.accounts.list_names():
            with suppress(StoreDamaged):  # a rename by half, which is told apart
                account = engine.accounts.get(name)
                assert account is None or account.deleted_ids <= listed.of(account.uid), name
        assert len(listed.ids) > 0
