"""What the daemon says of its configuration to systemd, for `systemctl status` and the doctor."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_STATUS = re.compile(r"Configuration: (.+) of ([0-9TZ:-]{20})(?:; needs a restart for: (.+))?")


@dataclass(frozen=True)
class Status:
    """Which file was read, of when (UTC), and what of it waits for a restart."""

    file: Path
    time: str
    later: str = ""

    def __str__(self) -> str:
        more = f"; needs a restart for: {self.later}" if self.later else ""
        return f"Configuration: {self.file} of {self.time}{more}"

    @classmethod
    def of(cls, file: Path, later: str = "") -> "Status | None":
        """None if the file is out of reach."""
        try:
            changed = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        except OSError:
            return None
        return cls(file, changed.strftime("%Y-%m-%dT%H:%M:%SZ"), later)

    @classmethod
    def parse(cls, text: str) -> "Status | None":
        """The one that was said so; None if it is none."""
        match = _STATUS.fullmatch(text)
        return cls(Path(match[1]), match[2], match[3] or "") if match else None
