"""Those who are asked: `apppw-tui serve`, and a Dovecot that has the same hash in a file."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 30.0  # until it listens
_BETWEEN = 0.02  # seconds
_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_failure_delay = 0
auth_cache_size = {cache}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  unix_listener {folder}/client {{
    mode = 0666
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=ARGON2ID username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home=/nonexistent
}}
"""


@dataclass(frozen=True)
class Daemon:
    """Its process, and the folder of its sockets."""

    pid: int
    sockets: Path

    def processor_time(self) -> float:
        """What it has used until now, in seconds (proc(5), stat: utime and stime)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mebibytes(self, key: str) -> float:
        """Pss or Rss (proc(5), smaps_rollup)."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / 1024
        raise SystemExit(f"the system does not tell {key} of a process")


@contextmanager
def served(store: Path, folder: Path, remember: int, dsn: str | None = None) -> Iterator[Daemon]:
    """`apppw-tui serve` over `store`, with its files in `folder`; `remember` is in seconds.

    With `dsn` the accounts are there, and `store` is what stays on the machine.
    """
    configuration = folder / "config.toml"
    shared = f'[store]\nengine = "postgresql"\ndsn = "{dsn}"\n' if dsn else ""
    configuration.write_text(f"{shared}[serve]\nremember = {remember}\n")
    line = [sys.executable, "-m", "apppw_tui", "--config", str(configuration)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*line, "--store", store, "serve", "--socket-dir", folder / "run"], stderr=log
        )
    with _until_listening(process, folder / "run" / "json", folder / "log"):
        yield Daemon(process.pid, folder / "run")


@contextmanager
def dovecot(folder: Path, account: str, stored_hash: str, cache: str) -> Iterator[Path]:
    """The socket of a private Dovecot whose only password source is a file; run by nobody."""
    program = dovecot_program() or "dovecot"
    entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder.mkdir()
    (folder / "users").write_text(f"{account}:{{ARGON2ID}}{stored_hash}\n")
    (folder / "dovecot.conf").write_text(
        _DOVECOT.format(
            folder=folder,
            cache=cache,
            user=entry.pw_name,
            group=_group(entry.pw_gid),
            uid=entry.pw_uid,
            gid=entry.pw_gid,
        )
    )
    (folder / "log").touch()
    for path in (folder, *folder.iterdir()):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    root = os.geteuid() == 0
    process = subprocess.Popen(
        [program, "-F", "-c", folder / "dovecot.conf"],
        user=entry.pw_uid if root else None,
        group=entry.pw_gid if root else None,
        extra_groups=[] if root else None,
    )
    with _until_listening(process, folder / "client", folder / "log"):
        yield folder / "client"


def dovecot_program() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


@contextmanager
def _until_listening(process: "subprocess.Popen[bytes]", path: Path, log: Path) -> Iterator[None]:
    """Waits until `path` can be connected to; ends the process afterwards."""
    try:
        end = time.monotonic() + _SECONDS
        while not _listens(path):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"it did not start: {log.read_text()}")
            time.sleep(_BETWEEN)
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
        return True
