"""Where a file of an account is kept that is about to be replaced by another hand than its own."""

from datetime import datetime
from itertools import count
from pathlib import Path

from apppw_tui.store import files


class Aside:
    """`folder`/<what>-<time>, made when the first file is put there; `path` is None until then."""

    def __init__(self, folder: Path, what: str, now: datetime) -> None:
        self._beginning = folder / f"{what}-{now:%Y%m%dT%H%M%SZ}"
        self.path: Path | None = None

    def keep(self, name: str, content: bytes) -> None:
        """Keeps what the account of that name was. Raises StoreError."""
        self.path = self.path or self._made()
        accounts = self.path / "accounts"
        files.make_folder(accounts)
        files.write(accounts / f"{name}.json", accounts / f".tmp-{name}", content)

    def _made(self) -> Path:
        for number in count(1):
            ending = "" if number == 1 else f"-{number}"
            path = self._beginning.with_name(self._beginning.name + ending)
            try:
                path.mkdir(files.FOLDER_MODE)
                path.chmod(files.FOLDER_MODE)  # whatever the umask
            except FileExistsError:
                continue
            except OSError as error:
                raise files.unusable(path, error) from None
            break
        return path
