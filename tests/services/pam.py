"""The files of recipes/pam, in /etc/pam.d under names of their own while a test runs."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.services.recipes import adapted
from tests.services.require import unavailable

# libpam reads service files from nowhere else.
_FOLDER = Path("/etc/pam.d")
_COMMAND = "/usr/local/bin/apppw-tui pam"
_OURS = "apppw-"


@contextmanager
def installed(program: Path, socket: Path, *services: str) -> Iterator[str]:
    """Files for the services; what stands before a service in the name of its file.

    `apppw-tui pam` reads the service out of that name. So that it meets the name of the recipe
    all the same, a script stands between pam_exec and it, and changes nothing else.
    """
    if not os.access(_FOLDER, os.W_OK):
        unavailable(f"only root can put a service file into {_FOLDER}")
    prefix = f"{_OURS}test-{secrets.token_hex(8)}-"
    helper = socket.with_name("pam-helper")
    helper.write_text(
        f"#!/bin/sh\nPAM_SERVICE={_OURS}${{PAM_SERVICE#{prefix}}}\nexport PAM_SERVICE\n"
        f'exec {program} "$@"\n'
    )
    helper.chmod(0o755)
    replaced = {_COMMAND: f"{helper} pam --socket {socket}"}
    with ExitStack() as undone:
        for service in services:
            path = _FOLDER / f"{prefix}{service}"
            undone.callback(path.unlink, missing_ok=True)
            path.write_text(adapted(f"pam/{_OURS}{service}", replaced))
            path.chmod(0o644)
        yield prefix
