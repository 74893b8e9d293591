"""The name that nobody gave this machine: random, in its folder, and no other machine's."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.store.folder import files

_NAME = "instance"
_BYTES = 16


def read_instance(folder: Path) -> str | None:
    """None if none was made, or it cannot be read."""
    with suppress(StoreError, UnicodeDecodeError):
        return (files.read(folder / _NAME) or b"").decode("ascii").strip() or None
    return None


def make_instance(folder: Path) -> str:
    """The one that is there, made if there is none. Raises StoreError."""
    path, staged = folder / _NAME, folder / f".tmp-{_NAME}-{os.getpid()}"
    if read_instance(folder) is None:
        files.write(
            staged, folder / f".tmp-new-{_NAME}-{os.getpid()}", secrets.token_hex(_BYTES).encode()
        )
        try:
            # Not a rename: whoever else makes one meanwhile, and was first, has made it for both.
            with suppress(FileExistsError):
                os.link(staged, path)
        except OSError as error:
            raise files.store_error(path, error) from None
        finally:
            staged.unlink()
    instance = read_instance(folder)
    if instance is None:
        raise files.store_error(path, OSError("empty, or not to be read"))
    return instance
