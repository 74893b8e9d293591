"""The daemon's memory: once an attempt is answered, nothing refers to its password any more."""

from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.secrecy.asking import WAYS, connection
from tests.secrecy.watched import Watched
from tests.serving import serving
from tests.support import House
from tests.verifier.harness import b64

WRONG = "7kfm2xqd9h3vtw58"
OLD = "ninety wet umbrellas"  # has not the form of an app password


def forms(password: str) -> dict[str, str]:
    """As it came: in clear, or in base64 together with the name."""
    return {
        password: password,
        f"{password}, Basic": b64(f"ada:{password}"),
        f"{password}, PLAIN": b64(f"\0ada\0{password}"),
        f"{password}, LOGIN": b64(password),
    }


@pytest.mark.slow
def test_nothing_refers_to_a_password_once_it_is_answered(tmp_path: Path, watched: Watched) -> None:
    """Connections stay open for days: Postfix's and Dovecot's are made once."""
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    right = house.issue("Phone", "ada").secret.reveal()
    passwords = (right, WRONG, OLD)
    everything = {name: form for password in passwords for name, form in forms(password).items()}
    with serving(tmp_path, before=lambda line: watched.line(line[3:])) as daemon:
        for name, ask, (yes, no) in WAYS.values():
            # Each by a connection of its own, so that none has another one's place.
            asking = {password: connection(daemon, name) for password in passwords}
            for password, one in asking.items():
                assert (yes if password == right else no) in ask(one, password)
            watched.require_forgotten(daemon.process.pid, everything)
            for one in asking.values():
                one.close()
        # Of who has not asked to the end, it has to keep what came.
        with connection(daemon, "json") as asking_still:
            asking_still.sendall(f'{{"password": "{WRONG}"'.encode())
            connection(daemon, "json").close()  # taken after it
            assert WAYS["json"][1](connection(daemon, "json"), OLD)
            del everything[WRONG]
            watched.require_forgotten(daemon.process.pid, everything)
            assert set(watched.held(daemon.process.pid, {WRONG: WRONG})) == {WRONG}
        assert daemon.end() == 0
