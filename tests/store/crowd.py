"""One of many processes that use a store at once, any of which may be killed at any instant.

Each notes in a file of its own, a line for each step, what it is about to do and how it ended: what
is noted as done was acknowledged.
"""

import asyncio
import io
import json
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from apppw_tui.domain.errors import (
    DecryptionFailed,
    KeyMissing,
    Refused,
    SaveUncertain,
    StoreError,
)
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import parse_service
from apppw_tui.domain.secret import Secret
from apppw_tui.store import documents
from apppw_tui.store.backup.members import account_member
from apppw_tui.store.backup.writer import back_up
from apppw_tui.store.engine import Engine, Machine
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Attempt
from tests.store.backing import members
from tests.store.rotator import opened, with_values
from tests.support import NOW, FixedClock, House
from tests.verifier.harness import Book

Open = Callable[[int], tuple[Engine, Machine]]  # for the process of that number
PEOPLE = ("ada", "ben", "cleo", "dora")
POLICY = Policy(second_factor_required=False, app_passwords_per_account=10_000)
LASTING = "Lasting"  # the app password of each that nobody deletes


@dataclass
class Journal:
    """The steps of one process; `told` hears of each that was acknowledged."""

    path: Path
    told: Callable[[], None]

    def note(self, step: str, kind: str, account: str, **facts: str) -> None:
        line = json.dumps({"step": step, "kind": kind, "account": account, **facts})
        # One write, which a process that is killed has made or has not.
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)
        if step == "done":
            self.told()

    def act(self, kind: str, account: str, do: Callable[[], Any], **facts: str) -> bool:
        """Does it, between its two notes; True if it was acknowledged."""
        self.note("begun", kind, account, **facts)
        try:
            result = do()
        except SaveUncertain:
            return False
        except (StoreError, Refused):
            self.note("refused", kind, account, **facts)
            return False
        more = {"secret": result.secret.reveal()} if kind == "create" else {}
        self.note("done", kind, account, **facts, **more)
        return True


def steps(folder: Path) -> Iterator[dict[str, str]]:
    """All that was noted, each process's in its order; a line that is not ended is none."""
    for path in sorted(folder.glob("*.steps")):
        for line in path.read_text().split("\n")[:-1]:
            yield json.loads(line)


def deleted(folder: Path) -> dict[tuple[str, str], str]:
    """The secrets of those app passwords whose deletion was acknowledged, by account and name."""
    secrets, gone = {}, set()
    for each in steps(folder):
        key = each["account"], each.get("name", "")
        if each["step"] == "done" and each["kind"] == "create":
            secrets[key] = each["secret"]
        elif each["step"] == "done" and each["kind"] == "delete":
            gone.add(key)
    return {key: secrets[key] for key in gone if key in secrets}


@dataclass
class Worker:
    """`number` is this process's alone, also after another one was killed."""

    number: int
    open: Open
    folder: Path
    told: Callable[[], None]
    lasting: dict[str, str]
    _made: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.number)
        self._engine, machine = self.open(self.number)
        engine = self._engine
        hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE, profiles=engine.profiles)
        self._house = House(
            store=engine.accounts,
            seed=self.number,
            hasher=hasher,
            policy=POLICY,
            counters=engine.throttle,
            seals=engine.keyring,
            usage=engine.usage,
            key_index=engine.key_index,
        )
        terminator = engine.session_terminator(machine.session_terminator)
        self._house.means = replace(
            self._house.means,
            activity_log=engine.activity,
            error_log=machine.error_log,
            session_terminator=terminator,
            confirmation=engine.confirmation,
        )
        self._journal = Journal(self.folder / f"{self.number:05}.steps", self.told)

    def run(self, role: str) -> None:
        """Goes on until it is killed."""
        if role == "verifier":
            asyncio.run(self._verify())
        act = {
            "person": self._person,
            "operator": self._operator,
            "backup": self._backup,
            "key": self._key,
        }[role]
        for turn in count():
            try:
                act(turn)
            except StoreError:  # it could not be read: another turn
                continue
            except Exception:  # noqa: BLE001 - it is judged in the end
                self._journal.note("untrue", "crash", "", name=traceback.format_exc())
                self.told()

    # --- the roles --------------------------------------------------------------------------

    def _person(self, turn: int) -> None:
        """Creates, pauses, resumes and deletes app passwords of its own."""
        account, journal = self._random.choice(PEOPLE), self._journal
        portal, session = self._house.portal, self._house.session(account)
        names = self._made.setdefault(account, [])
        if len(names) < 3 or self._random.random() < 0.4:
            name = f"{self.number}-{turn}"
            if journal.act(
                "create", account, lambda: portal.create_app_password(session, name), name=name
            ):
                names.append(name)
            return
        name = self._random.choice(names)
        (id_,) = (each.id for each in self._house.now(account).app_passwords if each.name == name)
        if self._random.random() < 0.6:
            names.remove(name)
            journal.act(
                "delete", account, lambda: portal.delete_app_password(session, id_), name=name
            )
        elif self._random.random() < 0.5:
            journal.act(
                "pause", account, lambda: portal.pause_app_password(session, id_), name=name
            )
        else:
            journal.act(
                "resume", account, lambda: portal.resume_app_password(session, id_), name=name
            )

    def _operator(self, turn: int) -> None:
        """Adds, renames and removes accounts of its own."""
        house, journal = self._house, self._journal
        name, other = f"guest{self.number}.{turn}", f"moved{self.number}.{turn}"
        if not journal.act("add", name, lambda: house.add(name)):
            return
        chance = self._random.random()
        if chance < 0.3:
            journal.act("remove", name, lambda: house.operator.remove_account(name))
        elif chance < 0.6:
            journal.act("rename", name, lambda: house.operator.rename(name, other), name=other)

    def _backup(self, _: int) -> None:
        """Backs everything up; what was deleted before is in none as if it was there."""
        gone, out = deleted(self.folder), io.BytesIO()
        self._journal.note("begun", "backup", "")
        try:
            back_up(out, self._engine, with_key=False, now=NOW, host="mail.example.org")
        except StoreError:
            return
        content = members(out.getvalue())
        for account in PEOPLE:
            tables = documents.loads(content[account_member(account)])
            for each in documents.load(tables, account).app_passwords:
                if (account, each.name) in gone:
                    self._journal.note("untrue", "backup", account, name=each.name)
        self._journal.note("done", "backup", "")

    def _key(self, _: int) -> None:
        """Seals values anew, under a new key."""
        account = self._random.choice(PEOPLE)
        keyring, accounts = self._engine.keyring, self._engine.accounts
        try:
            with accounts.transaction(account, self._house.now(account).uid) as change:
                if opened(change.existing, keyring) != [account, account]:
                    self._journal.note("untrue", "key", account)
                change.account = with_values(change.existing, keyring, account)
            rotate(keyring, accounts)
            self._journal.note("done", "key", "")
            drop_old_keys(keyring, accounts)
        except (KeyMissing, DecryptionFailed) as error:
            self._journal.note("untrue", "key", account, name=str(error))
        except Refused:
            """Others have sealed under the key before; or rotate, too."""

    async def _verify(self) -> None:
        """Asks for what was deleted, and for what nobody deletes."""
        clock = FixedClock()
        service = AuthService(
            self._engine.cached_accounts(), self._house.hasher, clock, Book(), Book(), threads=1
        )
        while True:
            gone = deleted(self.folder)  # before the question
            account = self._random.choice(PEOPLE)
            for (owner, name), secret in self._random.sample([*gone.items()], min(4, len(gone))):
                if await self._answer(service, owner, secret) is Answer.YES:
                    self._journal.note("untrue", "verify", owner, name=name)
            answer = await self._answer(service, account, self.lasting[account])
            if answer not in (Answer.YES, Answer.NOT_NOW):
                self._journal.note("untrue", "verify", account, name=LASTING)
            self._journal.note("done", "verify", account, name=answer.name)

    async def _answer(self, service: AuthService, account: str, secret: str) -> Answer:
        attempt = Attempt.parse(account, Secret(secret), parse_service("imap"), "127.0.0.1", None)
        return (await service.decide(attempt)).answer
