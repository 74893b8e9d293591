"""Where the daemon's sockets are, unless somebody says otherwise: for who listens and who asks."""

import os
from pathlib import Path

SYSTEM_FOLDER = Path("/run/apppw-tui")


def socket_folder(named: Path | None = None) -> Path:
    """systemd.exec(5): RUNTIME_DIRECTORY is one path or several, between colons."""
    told = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if named is not None or told:
        return (named or Path(told)).absolute()
    own = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if os.geteuid() == 0 or os.access(SYSTEM_FOLDER, os.W_OK) or not own.is_absolute():
        return SYSTEM_FOLDER
    return own / "apppw-tui"
