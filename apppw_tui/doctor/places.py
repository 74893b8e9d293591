"""Where the server keeps what is looked at; a test names another root."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Paths below `root`, which is / but in tests."""

    root: Path = field(default_factory=lambda: Path("/"))

    @property
    def pam(self) -> tuple[Path, ...]:
        """pam.d(5): a service's file is looked for in the first, then in the second."""
        return self.root / "etc/pam.d", self.root / "usr/lib/pam.d"

    @property
    def kiosk(self) -> Path:
        """The configuration of the sshd that opens the portal and nothing else."""
        return self.root / "etc/ssh/apppw_sshd_config"

    @property
    def recipes(self) -> Path:
        """Those of the version that recipes/install.sh has put in use."""
        return self.root / "opt/apppw-tui/current/share/apppw-tui/recipes"

    @property
    def systemd(self) -> Path:
        """sd_booted(3): it is there where systemd runs."""
        return self.root / "run/systemd/system"

    @property
    def locks(self) -> Path:
        return self.root / "proc/locks"

    @property
    def mounts(self) -> Path:
        return self.root / "proc/self/mountinfo"

    def process_name(self, pid: str) -> str:
        """What a process is called; empty where nobody tells."""
        try:
            return (self.root / "proc" / pid / "comm").read_text(errors="replace").strip()
        except OSError:
            return ""
