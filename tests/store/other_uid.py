"""Runs something as another uid: root ignores file modes, so only a child without its powers
shows what they do."""

import os
from collections.abc import Callable

import filelock  # noqa: F401 - imported before the child, which may not be able to read it
import pytest

OTHER = 65534  # nobody, everywhere

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def said_as(uid: int, what: Callable[[], object]) -> str:
    """What `what` returns or raises, as text, in a child with that uid and no other group."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            if uid != 0:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            try:
                said = str(what())
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent judges it
                said = f"{type(error).__name__}: {error}"
            os.write(writing, said.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said
