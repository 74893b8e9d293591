"""From one machine on files to two on a primary and its standby, as docs/administrator.md says.

Four machines under their own systemd, in a network of their own; the commands are those of the
page, the databases Debian's.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kiosk.debian import debian
from tests.kiosk.kiosk import OPTIONS
from tests.systemd.clone import give_clone
from tests.systemd.machine import Machine, booted, connect, require_namespaces
from tests.systemd.walk import CLONE, Step, see, steps

pytestmark = pytest.mark.long  # three to ten minutes for each suite
PAGE, CHAPTER = "administrator.md", "When one machine is not enough"
ADA = "ada@example.org"
ADDRESSES = {"db1": "192.0.2.10", "db2": "192.0.2.11", "mail1": "192.0.2.21", "mail2": "192.0.2.22"}
_COMMON = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "openssh-client",
    "procps",
    "openssl",
)
_DATABASE = (*_COMMON, "postgresql")
_MAIL = (*_COMMON, "python3-venv", "git", "curl")
# As part of the daemon, so to speak: to the databases, to another machine, to this one.
_REACHED = """\
import os, socket
with open("/sys/fs/cgroup/system.slice/apppw-tui.service/cgroup.procs", "w") as group:
    group.write(str(os.getpid()))
for host, port in (
    ("192.0.2.10", 5432), ("192.0.2.11", 5432), ("192.0.2.22", 22), ("127.0.0.1", 22)
):
    try:
        socket.create_connection((host, port), 2).close()
        print(host)
    except OSError:
        pass
"""
_PORTAL_KEY = "/etc/apppw-tui/portal.key"


@dataclass(frozen=True)
class Site:
    """The machines by their names, and the version of their PostgreSQL."""

    machines: dict[str, Machine]
    version: str

    def on(self, name: str, script: str) -> str:
        """What it says there, once all of it went well."""
        place = f"cd {CLONE}\n" if name.startswith("mail") else ""
        return self.machines[name].shell(place + self.adapted(script))

    def adapted(self, script: str) -> str:
        script = script.replace("/15/", f"/{self.version}/").replace("@15-", f"@{self.version}-")
        # There is no network to fetch packages from.
        return re.sub(r"(?m)^apt-get install .*\n", "", script)

    def walk(self, step: Step) -> None:
        """Runs it wherever its first line says."""
        # What is not said by name is done from where all others can be reached.
        where = re.findall(r"\b(?:db|mail)\d\b", step.commands.splitlines()[0]) or ["db1"]
        for name in where:
            see(step, self.on(name, step.commands))

    def answer(self, name: str, secret: str) -> str:
        """The daemon's there, as nginx is told it."""
        url = "http://localhost/verify"
        line = f"curl -s -o /dev/null -w '%{{http_code}}' --unix-socket /run/apppw-tui/http {url}"
        return self.on(name, f"{line} -u {ADA}:{secret}")

    def psql(self, name: str, sql: str) -> str:
        return self.on(name, f'cd /\nrunuser -u postgres -- psql -qAt apppw -c "{sql}"').strip()


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="apppw-", dir=root.parent))
    try:
        subprocess.run(["cp", "-a", f"{root}/.", folder], check=True)
        yield folder
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)


@pytest.fixture(params=[("bookworm", "3.11", "15"), ("trixie", "3.13", "17")], ids=lambda it: it[0])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Two databases as Debian makes them, and two mail servers with nothing but a clone."""
    suite, python, version = request.param
    require_namespaces()
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with ExitStack() as stack:
        database = stack.enter_context(debian(suite, _DATABASE))
        mail = stack.enter_context(debian(suite, _MAIL))
        give_clone(mail, python, tmp_path)
        roots = {"db1": database, "mail1": mail}
        for name, original in (("db2", database), ("mail2", mail)):
            roots[name] = stack.enter_context(copied(original))
        machines = {}
        for name in ADDRESSES:
            introduce(roots[name], name, key)
            machines[name] = stack.enter_context(booted(roots[name], f"{name}.example.org"))
        connect({address: machines[name] for name, address in ADDRESSES.items()})
        yield Site(machines, version)


def introduce(root: Path, name: str, key: Path) -> None:
    """Its name, those of all, and root's way from one to the other."""
    (root / "etc/hostname").write_text(f"{name}\n")
    lines = [f"{address} {host}.example.org {host}" for host, address in ADDRESSES.items()]
    (root / "etc/hosts").write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
    folder = root / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(key, folder / "id_ed25519")
    shutil.copy(key.with_suffix(".pub"), folder / "authorized_keys")
    options = [f"{name} {value}" for name, value in (one.split("=") for one in OPTIONS[3:6:2])]
    (folder / "config").write_text("\n".join([*options, ""]))


def chapter(*titles: str) -> list[Step]:
    found = [step for step in steps(PAGE, CHAPTER) if step.title.startswith(titles)]
    assert found
    return found


def test_two_machines_share_their_accounts_and_survive_the_primary(site: Site) -> None:
    one_machine_on_files(site)
    for step in chapter("1.", "2.", "3.", "4.", "5.", "6.", "7.", "8.", "9."):
        site.walk(step)
    site.on("mail2", "systemctl enable -q apppw-tui-http.socket; systemctl restart apppw-tui")
    secret = site.on("mail1", "cat ~/phone").strip()
    assert [site.answer(name, secret) for name in ("mail1", "mail2")] == ["200", "200"]
    deletions_bite_both_ways(site)
    daemon_reaches_the_databases_and_nobody_else(site)
    units_find_their_way(site)
    a_dump_brings_back_what_is_then_named(site)
    a_certificate_is_taken_away(site, secret)
    the_standby_takes_over(site, secret)


def one_machine_on_files(site: Site) -> None:
    site.on(
        "mail1",
        f"""
        recipes/install.sh
        printf 'crayon-otter-lantern-74\\n' | apppw-tui account add {ADA} --password-stdin
        apppw-tui app-password create {ADA} Phone >~/phone
        systemctl enable -q apppw-tui-http.socket
        systemctl restart apppw-tui
        """,
    )


def create(site: Site, name: str, device: str) -> str:
    return site.on(name, f"apppw-tui app-password create {ADA} {device}").strip()


def deletions_bite_both_ways(site: Site) -> None:
    for here, there in (("mail1", "mail2"), ("mail2", "mail1")):
        secret = create(site, here, "Tablet")
        for _ in range(2):  # the second time it is remembered
            assert site.answer(there, secret) == "200"
        site.on(here, f"apppw-tui app-password delete {ADA} Tablet")
        assert site.answer(there, secret) == "401"


def daemon_reaches_the_databases_and_nobody_else(site: Site) -> None:
    mail1 = site.machines["mail1"]
    mail1.write("/srv/reached.py", _REACHED)
    said = mail1.output("systemd-run", "-q", "--wait", "--pipe", "python3", "/srv/reached.py")
    assert said.split() == [ADDRESSES["db1"], ADDRESSES["db2"]]
    process = site.on("mail1", "systemctl show -P MainPID apppw-tui").strip()
    seen = mail1.output(*["nsenter", "-m", "-t"], process, "stat", "-c", "%a", _PORTAL_KEY)
    assert seen == "0\n"  # it is not that file


def units_find_their_way(site: Site) -> None:
    """A backup is made, and what people are to be told is told, by whichever machine."""
    site.on("mail1", "systemctl start apppw-backup; ls /var/backups/apppw-tui/*.tar")
    config = '\\n[notices]\\ncommand = ["/usr/bin/install", "-m", "600", "/dev/stdin", "%s"]\\n'
    told = "/var/lib/apppw-tui/told"
    site.on("mail2", f"printf '{config % told}' >>/etc/apppw-tui/config.toml")
    site.on("mail1", f"printf '{config % told}' >>/etc/apppw-tui/config.toml")
    create(site, "mail1", "Laptop")
    site.on("mail2", f"systemctl start apppw-notices; grep -q Laptop {told}")


def a_dump_brings_back_what_is_then_named(site: Site) -> None:
    listing, putting_back, looking = chapter("What a dump brings back")
    create(site, "mail1", "Doomed")
    site.on("db1", "cd /\nrunuser -u postgres -- pg_dump -Fc apppw >~/dump")
    site.on("mail1", f"apppw-tui app-password delete {ADA} Doomed")
    site.walk(listing)
    restore = "pg_restore --clean --if-exists -d apppw"
    site.on("db1", f"cd /\nrunuser -u postgres -- {restore} <~/dump")
    site.walk(putting_back)
    done = site.machines["mail1"].run("bash", "-c", looking.commands)
    assert "its app password Doomed is on the list of what was deleted" in done.stdout
    site.on("mail1", f"apppw-tui app-password delete {ADA} Doomed")


def a_certificate_is_taken_away(site: Site, secret: str) -> None:
    (step,) = chapter("Certificates that end")
    site.walk(step)
    assert site.answer("mail2", secret) == "503"
    refused = site.machines["mail2"].run("apppw-tui", "account", "list")
    assert (refused.returncode, "does not let this machine in" in refused.stderr) == (3, True)
    assert site.answer("mail1", secret) == "200"


def the_standby_takes_over(site: Site, secret: str) -> None:
    manual, promote = chapter("When the primary is lost")
    site.walk(manual)
    site.on("db1", "systemctl kill -s KILL postgresql@15-main")
    site.machines["mail1"].eventually("! apppw-tui account list")
    assert site.answer("mail1", secret) == "503"
    site.walk(promote)
    site.machines["mail1"].eventually("apppw-tui account list")
    site.machines["mail1"].eventually(_answered(secret))
    doomed = site.machines["mail1"].run("apppw-tui", "app-password", "delete", ADA, "Laptop")
    said = doomed.stdout + doomed.stderr
    assert (doomed.returncode, "has not confirmed it yet" in said) == (0, True), said
    # It is made a standby of the new one as that was made one of it.
    (basebackup,) = [step for step in chapter("4.") if "pg_basebackup" in step.commands]
    swapped = {"db1": "db2", "db2": "db1"}
    commands = re.sub(r"\bdb[12]\b", lambda found: swapped[found[0]], basebackup.commands)
    site.on("db1", f"systemctl reset-failed postgresql@15-main\n{commands}")
    assert site.psql("db1", "SELECT pg_is_in_recovery()") == "t"
    site.machines["mail1"].eventually(_answered(secret))


def _answered(secret: str) -> str:
    line = "curl -s -f -o /dev/null --unix-socket /run/apppw-tui/http http://localhost/verify"
    return f"{line} -u {ADA}:{secret}"
