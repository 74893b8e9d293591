"""A whole server under its own systemd, from its old passwords to app passwords and back.

One walk, in the order in which an administrator takes it, since each part stands on the one before:
the commands are those of docs/administrator.md, the programs Debian's.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.kiosk.debian import debian
from tests.kiosk.kiosk import CLIENT, OPTIONS, PORT
from tests.systemd import as_it_was
from tests.systemd.clone import commit, give_clone
from tests.systemd.machine import ENVIRONMENT, Machine, booted, require_namespaces
from tests.systemd.walk import CLONE, Step, steps, walk
from tests.terminal.program import AWAKE, shown_password
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.long  # four to eight minutes for each suite
ADA, GRACE, LINUS = (f"{name}@{as_it_was.DOMAIN}" for name in as_it_was.PEOPLE)
PAGE = "administrator.md"
_INSIDE = Path(__file__).with_name("inside")
_UNITS = ("apppw*", "dovecot*", "postfix*", "nginx*")
_NEW_PASSWORD = re.compile(r"(?m)^([0-9a-z]{16}|[0-9a-z]{20})\r?$")


@pytest.fixture(params=[("bookworm", "3.11"), ("trixie", "3.13")], ids=["bookworm", "trixie"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """A mail server as there are many, running; nothing of apppw-tui is on it but a clone."""
    suite, python = request.param
    require_namespaces()
    certificate = as_it_was.make_certificate(tmp_path / "certificate")
    with debian(suite, as_it_was.PACKAGES) as root:
        give_clone(root, python, tmp_path)
        for script in _INSIDE.glob("*.py"):
            shutil.copy(script, root / "srv")
        with booted(root, f"mail.{as_it_was.DOMAIN}") as machine:
            as_it_was.set_up(machine, certificate)
            yield machine


def client(machine: Machine, kind: str, name: str, secret: str, *more: str) -> str:
    """What a program of theirs is told: yes, no or later."""
    line = ["python3", "/srv/clients.py", kind, name, *more]
    return machine.output(*line, stdin=secret).strip()


def answers(step: Step, printed: str) -> str:
    """What the administrator types: an old password, or the app password that was just printed."""
    made = _NEW_PASSWORD.findall(printed)
    if made:
        return str(made[-1])
    who = re.findall(r"auth test \S+ \S+ (\w+)@", step.commands)
    return as_it_was.old_password(who[0])


def create(machine: Machine, name: str, device: str) -> str:
    return machine.output("apppw-tui", "app-password", "create", name, device).strip()


def mail(machine: Machine, name: str, words: str) -> str:
    """The message in the mailbox of `name` that has `words` in it, once it has arrived."""
    folder = f"/var/vmail/{as_it_was.DOMAIN}/{name.partition('@')[0]}"
    return machine.eventually(f"grep -rl -- {shlex.quote(words)} {folder} | xargs -r cat | grep .")


def old_passwords_work(machine: Machine, *names: str) -> None:
    for name in names:
        old = as_it_was.old_password(name.partition("@")[0])
        assert client(machine, "imap", name, old) == "yes"
        assert client(machine, "imap", name, "wrong") == "no"
        assert client(machine, "deliver", name, f"hello {name}") == "yes"
        mail(machine, name, f"hello {name}")


def everything_works(machine: Machine, secret: str) -> None:
    """Ada has an app password, Grace is enforced, Linus is as before; mail arrives for all."""
    for kind in ("imap", "smtp", "web"):
        assert client(machine, kind, ADA, secret) == "yes", kind
        assert client(machine, kind, ADA, secret[::-1]) == "no", kind
    assert client(machine, "smtp", ADA, secret, "ada+list@example.org") == "yes"
    assert client(machine, "imap", GRACE, as_it_was.old_password("grace")) == "no"
    old_passwords_work(machine, ADA, LINUS)
    assert client(machine, "deliver", GRACE, "for grace") == "yes"
    mail(machine, GRACE, "for grace")
    failed = machine.run("systemctl", "--failed", "--no-legend", *_UNITS)
    assert failed.stdout == ""
    assert sockets(machine, "list-unit-files", "enabled") == sockets(
        machine, "list-units", "active"
    )


def sockets(machine: Machine, list_: str, state: str) -> set[str]:
    """Those of apppw-tui that are in that state; there are some."""
    line = ["systemctl", list_, "--no-legend", "--plain", f"--state={state}", "apppw-tui-*.socket"]
    found = {told.split()[0] for told in machine.output(*line).splitlines()}
    assert found
    return found


def test_it_changes_over_survives_and_goes_back(machine: Machine, tmux: Tmux) -> None:
    old_passwords_work(machine, ADA, GRACE, LINUS)
    for step in steps(PAGE, "Changing over"):
        walk(machine, step, partial(answers, step))
        old_passwords_work(machine, ADA, LINUS)
    protect_the_web(machine)
    secret = create(machine, ADA, "Phone")
    everything_works(machine, secret)
    assert findings(machine) == []
    a_person_comes_by_ssh_and_is_told_by_mail(machine, tmux)
    a_deletion_ends_the_session(machine)
    machine.reboot()
    everything_works(machine, secret)
    a_daemon_that_hangs_comes_back(machine, secret)
    an_upgrade_loses_no_answer(machine, secret)
    leave_the_web_alone(machine)
    for step in steps(PAGE, "The way back"):
        walk(machine, step, partial(answers, step))
        old_passwords_work(machine, ADA, LINUS)
    find = ["find", "/etc", "/opt", "/usr", "-name", "*apppw*", "-prune"]
    assert machine.output(*find).split() == ["/etc/apppw-tui"]
    old_passwords_work(machine, GRACE)
    assert client(machine, "imap", ADA, secret) == "no"
    machine.reboot()
    old_passwords_work(machine, ADA, GRACE, LINUS)


def protect_the_web(machine: Machine) -> None:
    """nginx by its recipe, as the head of each file says."""
    machine.shell(
        f"""
        cd {CLONE}/recipes/nginx
        install -m 644 apppw-http.conf /etc/nginx/conf.d/apppw.conf
        install -m 644 apppw-server.conf apppw-location.conf /etc/nginx/snippets/
        sed -i 's|location /dav/ {{ }}|include snippets/apppw-server.conf;\\n'\\
'    location /dav/ {{ include snippets/apppw-location.conf; }}|' /etc/nginx/sites-available/default
        nginx -t
        usermod -aG apppw-http www-data
        systemctl enable apppw-tui-http.socket
        systemctl restart apppw-tui nginx
        """
    )


def leave_the_web_alone(machine: Machine) -> None:
    machine.shell(
        """
        sed -i '/apppw-server/d; s|{ include snippets/apppw-location.conf; }|{ }|' \
            /etc/nginx/sites-available/default
        rm /etc/nginx/conf.d/apppw.conf /etc/nginx/snippets/apppw-*.conf
        nginx -t
        systemctl restart nginx
        """
    )


def findings(machine: Machine) -> list[str]:
    """What the doctor finds on a server that is as the page leaves it."""
    said = machine.run("apppw-tui", "doctor", "--json")
    told = json.loads(said.stdout)
    return [f"{one['where']}: {one['what']}" for one in told if one["level"] != "notice"]


def a_person_comes_by_ssh_and_is_told_by_mail(machine: Machine, tmux: Tmux) -> None:
    config = machine.root / "etc/apppw-tui/config.toml"
    config.write_text(config.read_text() + '\n[policy]\nsecond_factor = "optional"\n')
    line = ["ssh", *OPTIONS, "-p", str(PORT), "apppw@127.0.0.1"]
    tmux.run(f"{shlex.join([*machine.network, *line])}; echo code=$?")
    tmux.see("Sign in")
    tmux.type(ADA)
    tmux.press("Enter")
    tmux.type(as_it_was.old_password("ada"))
    tmux.press("Enter")
    tmux.see("additional security verification")
    tmux.press("p")
    tmux.see("Phone")
    tmux.press("c")
    tmux.see("where will you use it")
    tmux.type("Laptop by ssh")
    tmux.press("Enter")
    secret = shown_password(tmux.see("You will not see it again", AWAKE))
    assert client(machine, "imap", ADA, secret) == "yes"
    tmux.press("C-q")
    mail(machine, ADA, "Laptop by ssh")


def a_deletion_ends_the_session(machine: Machine) -> None:
    secret = create(machine, ADA, "Tablet")
    machine.shell("rm -f /srv/ready")
    line = machine.inside("python3", "/srv/idle.py", ADA, "/srv/ready")
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as session:
        assert session.stdin is not None
        session.stdin.write(secret)
        session.stdin.close()
        machine.eventually("test -e /srv/ready")
        machine.output("apppw-tui", "app-password", "delete", ADA, "Tablet")
        assert session.stdout is not None
        assert session.stdout.read() == "ended\n"
    assert client(machine, "imap", ADA, secret) == "no"


def a_daemon_that_hangs_comes_back(machine: Machine, secret: str) -> None:
    """systemd sees it by the watchdog; until then old passwords open the mail, others wait."""
    pid = machine.output("systemctl", "show", "-P", "MainPID", "apppw-tui").strip()
    machine.output("kill", "-STOP", pid)
    assert client(machine, "imap", LINUS, as_it_was.old_password("linus")) == "yes"
    assert client(machine, "imap", ADA, secret) in ("later", "yes")
    machine.eventually(f"test $(systemctl show -P MainPID apppw-tui) != {pid}")
    machine.eventually("systemctl is-active apppw-tui")
    assert client(machine, "imap", ADA, secret) == "yes"


def an_upgrade_loses_no_answer(machine: Machine, secret: str) -> None:
    """And going back keeps what the newer version deleted."""
    before = machine.output("apppw-tui", "--version")
    doomed = create(machine, ADA, "Old phone")
    machine.shell("rm -f /srv/stop")
    line = machine.inside("python3", "/srv/asking.py", ADA, "/srv/stop")
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        asking.stdin.write(secret)
        asking.stdin.close()
        commit(machine.root)
        machine.output(f"{CLONE}/recipes/install.sh")
        assert machine.output("apppw-tui", "--version") != before
        machine.output("apppw-tui", "app-password", "delete", ADA, "Old phone")
        machine.output(f"{CLONE}/recipes/install.sh", "--rollback", before.split()[-1])
        machine.shell("touch /srv/stop")
        counted = json.loads(asking.stdout.read())
    assert counted.keys() == {"yes"}, counted
    assert machine.output("apppw-tui", "--version") == before
    assert client(machine, "imap", ADA, doomed) == "no"
    everything_works(machine, secret)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path, {**CLIENT, "HOME": str(tmp_path)})
    yield tmux
    tmux.close()
