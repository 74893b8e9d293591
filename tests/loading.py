"""The processes of test_serve_load.py: some create and delete app passwords, others ask all the
while.
"""

import base64
import itertools
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from io import BufferedRWPair
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from apppw_tui.store.folder.accounts import FolderStore
from tests.support import House

YES, NO, NOT_NOW = "yes", "no", "not now"
ASKED, DELETED, END = "asked", "deleted", "end"
PATIENCE = 120.0  # seconds, for what takes thousandths of one
# The machine itself: nothing is counted against it, or the throttle would answer before long.
ADDRESS = "127.0.0.1"
Ask = Callable[[str, str], str]


def change(
    folder: Path, accounts: Sequence[str], seed: int, times: int, client: "Connection[Any, Any]"
) -> None:
    """Creates and deletes an app password so many times: the operator, or the person if even.

    Tells the client of every creation and every deletion once it is done. Nothing is deleted
    before the client has asked for it and was answered.
    """
    # Patient: on a slow machine, waiting long for another process is no defect.
    store = FolderStore(folder, lock_timeout=PATIENCE)
    house = House(store=store, seed=seed)
    by_operator, direction = seed % 2, (-1) ** seed
    for number in range(times):
        # Up or down the list: two processes meet on an account now and then, not all the time.
        account = accounts[(3 * seed + direction * number) % len(accounts)]
        name = f"{seed}-{number}"
        if by_operator:
            issued = house.operator.create_app_password(account, name)
        else:
            issued = house.portal.create_app_password(house.session(account), name)
        client.send((account, issued.secret.reveal()))
        assert client.recv() == ASKED
        # Two changes on each other's heels, which the time of a file does not always tell apart.
        if number % 3 == 0:
            house.alter(account, appearance=name)
        if by_operator:
            house.operator.delete_app_password(account, name)
        else:
            house.portal.delete_app_password(house.session(account), issued.app_password.id)
        client.send(DELETED)
    client.send(END)


def ask_on(
    path: Path, kept: tuple[str, str], told: "Connection[Any, Any]", report: "Connection[Any, Any]"
) -> None:
    """Asks without a pause for what it is told of; reports how often each answer was given.

    `kept` is an account and its app password that stands all the time.
    """
    tally: Counter[str] = Counter()
    with asking(path) as ask:
        while (said := told.recv()) != END:
            tally[f"standing: {ask(*said)}"] += 1
            told.send(ASKED)
            refused = False
            while not told.poll():  # it is being deleted: yes and no are both right, in this order
                answer = ask(*said)
                tally["yes after no" if refused and answer == YES else f"meanwhile: {answer}"] += 1
                refused = refused or answer == NO
            assert told.recv() == DELETED
            tally[f"deleted: {ask(*said)}"] += 1
            tally[f"standing: {ask(*kept)}"] += 1
    report.send(tally)


@contextmanager
def asking(path: Path) -> Iterator[Ask]:
    """One connection to the daemon's socket, which is named after its protocol."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connected:
        connected.settimeout(PATIENCE)
        connected.connect(str(path))
        with connected.makefile("rwb") as stream:
            yield {"json": _json, "auth-client": _auth_client}[path.name](stream)


def _json(stream: BufferedRWPair) -> Ask:
    def ask(account: str, password: str) -> str:
        question = {"user": account, "password": password, "service": "imap", "rip": ADDRESS}
        stream.write(json.dumps(question).encode() + b"\n")
        stream.flush()
        answer = str(json.loads(stream.readline())["answer"])
        return {"not mine": NO}.get(answer, answer)  # the account is open: that is its refusal

    return ask


def _auth_client(stream: BufferedRWPair) -> Ask:
    numbers = itertools.count(1)
    while stream.readline() not in (b"DONE\n", b""):
        pass
    stream.write(b"VERSION\t1\t2\nCPID\t1\n")

    def ask(account: str, password: str) -> str:
        number = next(numbers)
        response = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
        line = f"AUTH\t{number}\tPLAIN\tservice=imap\trip={ADDRESS}\tresp={response}\n"
        stream.write(line.encode())
        stream.flush()
        answer, told, *fields = stream.readline().decode().rstrip("\n").split("\t")
        assert told == str(number)
        if answer == "OK":
            return YES
        assert answer == "FAIL"
        return NOT_NOW if "temp" in fields else NO

    return ask
