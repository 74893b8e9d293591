"""An act that is done in a child, and leaves nothing of what it loads in this process."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress


def file_from_child(act: Callable[[], int]) -> int | None:
    """Returns a descriptor of the file that `act` has opened, with whatever lock it has (flock(2)).

    None: it raised, or there are as many processes as there may be; the caller does it again if it
    wants to know why. For a process that has one thread: a child has no other. Whatever else `act`
    opens is closed with the child.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            try:
                child = os.fork()
            except OSError:
                return None
            if not child:
                _hand_over(act, theirs)
        try:
            _, received, _, _ = socket.recv_fds(ours, 1, 1)
        finally:  # an interrupt, from the keyboard, ends both
            os.waitpid(child, 0)
    for descriptor in received:
        # As all are but those that are received (PEP 446).
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no name
    return received[0] if received else None


def _hand_over(act: Callable[[], int], theirs: socket.socket) -> None:
    """Never returns: what this process would do at its end is its parent's to do."""
    try:
        with suppress(Exception):
            socket.send_fds(theirs, [b"\0"], [act()])
    finally:
        os._exit(0)
