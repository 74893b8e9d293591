"""A server with nothing wrong, in a folder; each test then breaks one thing of it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from apppw_tui.config import Config
from apppw_tui.doctor.checks import Checkup
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.doctor.probe import CommandOutput, SystemPaths
from apppw_tui.domain.errors import ConfigError
from apppw_tui.store.engine import SocketFolder
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.location import open_store
from tests.services.recipes import adapted
from tests.support import FixedClock, House

PRINTED = Path(__file__).with_name("printed")


def printed(name: str) -> str:
    """What a real program printed."""
    return (PRINTED / name).read_text()


@dataclass
class Programs:
    """What each program prints when it is asked; one that is not here was not installed."""

    out: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __call__(self, command: Sequence[str]) -> CommandOutput:
        line = " ".join(command)
        for told in (*self.out, *self.how):
            if line.startswith(told):
                return CommandOutput(
                    command,
                    self.out.get(told, ""),
                    self.errors.get(told, ""),
                    self.how.get(told, ""),
                )
        return CommandOutput(command, error="not found", here=False)


@dataclass
class Server:
    """A store in `home`/store, and a server's own files below `home`/root."""

    home: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime.now(UTC)))
    programs: Programs = field(default_factory=Programs)
    config: Config = field(default_factory=Config)
    config_file: Path | None = None
    daemon_wanted: bool = False
    broken: ConfigError | None = None
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.programs.out |= {
            "doveconf": printed("doveconf-2.4-lua.txt"),
            "postconf -M": "submission inet n - y - - smtpd\n",
            "postconf -n": "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n",
            "postconf -P": "submission/inet/smtpd_sasl_auth_enable = yes\n"
            "submission/inet/smtpd_tls_security_level = encrypt\n"
            "submission/inet/smtpd_sender_restrictions = reject_sender_login_mismatch\n",
            "timedatectl": "Timezone=Europe/Berlin\nLocalRTC=no\nNTPSynchronized=yes\n",
        }
        pam = self.places.pam[0]
        pam.mkdir(parents=True)
        (pam / "sshd").write_text("@include common-auth\n")
        self.helper.touch()
        self.lua.parent.mkdir(parents=True)
        self.lua.write_text(adapted("dovecot/apppw.lua", {"/var/lib/apppw-tui": str(self.store)}))
        self.run_dovecot()
        self.add_pam_file("apppw-imap")
        store = open_store(self.store, create=True)
        self.house = House(
            store=store,
            clock=self.clock,
            counters=FolderThrottleStore(self.store, self.clock),
            seals=FolderKeyring(self.store, self.key, store.has_sealed_values),
        )
        self.house.add("ada")
        self.house.add("bob")
        self.house.give_authenticator("ada")
        self.house.issue("Phone", "ada")

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def key(self) -> Path:
        return self.store / "key"

    @property
    def helper(self) -> Path:
        return self.home / "apppw-tui"

    @property
    def lua(self) -> Path:
        """The script by which Dovecot asks."""
        return self.places.root / "etc/dovecot/apppw.lua"

    @property
    def dovecot_pid(self) -> Path:
        return self.places.root / "run/dovecot/master.pid"

    def run_dovecot(self, pid: str = "4712") -> None:
        """As if Dovecot ran, with that number."""
        name = self.places.root / "proc" / pid / "comm"
        for path, text in ((self.dovecot_pid, f"{pid}\n"), (name, "dovecot\n")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @property
    def places(self) -> SystemPaths:
        return SystemPaths(self.home / "root")

    def keyring(self) -> FolderKeyring:
        return FolderKeyring(self.store, self.key, self.house.store.has_sealed_values)

    def add_kiosk(self) -> None:
        """What stands behind sshd's own configuration."""
        script = self.places.root / "usr/local/libexec/apppw-kiosk"
        script.parent.mkdir(parents=True)
        script.write_text(adapted("sshd/apppw-kiosk", {}))
        for one, mode in ((script, 0o755), (script.parent, 0o755)):
            one.chmod(mode)
        (self.places.pam[0] / "apppw-sshd").write_text(adapted("sshd/apppw-sshd", {}))
        (self.places.root / "etc/passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\n"
            "apppw:x:999:999::/var/lib/apppw-tui:/usr/local/libexec/apppw-kiosk\n"
        )

    def add_pam_file(self, name: str) -> None:
        text = adapted("pam/apppw-imap", {"/usr/local/bin/apppw-tui": str(self.helper)})
        (self.places.pam[0] / name).write_text(text)

    def examination(self, wait: Callable[[float], object] | None = None) -> Checkup:
        return Checkup(
            self.store,
            self.key,
            self.config,
            self.config_file,
            SocketFolder(self.home / "run"),
            self.daemon_wanted,
            self.clock,
            self.places,
            self.programs,
            wait or self.waits.append,
            system_owner=os.geteuid(),
            broken=self.broken,
        )

    def faults(self) -> list[Finding]:
        """All that is not in order."""
        examination = self.examination()
        return faults(examination.server() + examination.store())

    def fault(self) -> Finding:
        """The one thing that is not in order."""
        findings = self.faults()
        assert len(findings) == 1, findings
        return findings[0]


def faults(found: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level is not Level.OK]
