"""recipes/dovecot/apppw-kick: who is kicked, when, and what happens if that fails."""

import fcntl
import imaplib
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
from tests.services import dovecot
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.trials import ALL_SIGNS
from tests.support import House, Notebook

RECIPES = Path(__file__).parents[2] / "recipes"
ADA, GRACE = "ada@example.org", "grace"
TIMEOUT = 120.0  # seconds
TRY_AGAIN, UNKNOWN_UID = 75, 68
SETTLE, DOVEADM = "\nsettle=2\n", "doveadm kick --"
# Says by which mask it was asked, and whether the account's lock is free then.
FAKE_DOVEADM = """\
#!/bin/sh
[ "$1 $2" = 'kick --' ] && [ $# = 3 ] || exit 64
lock='{store}/locks/'$3.lock
if flock --nonblock "$lock" true; then free=free; else free=held; fi
echo "$3 $free" >> '{calls}'
[ ! -e '{hook}' ] || . '{hook}'
exit "$(cat '{status}')"
"""
FAKE_FLOCK = """\
#!/bin/sh
echo waiting > '{waiting}'
exec /usr/bin/flock "$@"
"""


@dataclass
class Kicker:
    """The script over a store of its own, with a doveadm that notes what it is asked."""

    folder: Path
    user: OrdinaryUser
    notebook: Notebook = field(default_factory=Notebook)

    def __post_init__(self) -> None:
        self.store, self.bin = self.folder / "store", self.folder / "bin"
        self.ended = self.store / "ended"
        for path in (self.store, self.store / "locks", self.bin):
            path.mkdir(0o700)
        self.bin.chmod(0o755)
        for path in (self.store, self.store / "locks"):
            os.chown(path, self.user.uid, self.user.gid)
        self.doveadm(0)
        self.script = self._script({SETTLE: "\nsettle=0\n"})

    def _script(self, more: dict[str, str]) -> Path:
        text = adapted(
            "dovecot/apppw-kick",
            {
                "/var/lib/apppw-tui": str(self.store),
                "owner=apppw": f"owner={self.user.name}",
                "PATH=/usr/sbin": f"PATH={self.bin}:/usr/sbin",
                **more,
            },
        )
        script = self.folder / "apppw-kick"
        script.write_text(text)
        script.chmod(0o755)
        return script

    def asks_dovecot(self, configuration: Path) -> None:
        """From now on the real one."""
        (self.bin / "doveadm").unlink()
        asked = {SETTLE: "\nsettle=0\n", DOVEADM: f"doveadm -c {configuration} kick --"}
        self.script = self._script(asked)

    def doveadm(self, status: int, hook: str = "") -> None:
        """A doveadm that exits with `status`, having done `hook`."""
        (self.folder / "status").write_text(str(status))
        (self.folder / "hook").write_text(hook)
        self._program("doveadm", FAKE_DOVEADM)

    def _program(self, name: str, text: str) -> None:
        places = {key: str(self.folder / key) for key in ("calls", "hook", "status", "waiting")}
        path = self.bin / name
        path.write_text(text.format(store=self.store, **places))
        path.chmod(0o755)

    def only_notes(self) -> None:
        """A doveadm that notes the name alone: without capabilities, root cannot see the locks."""
        self._program("doveadm", "#!/bin/sh\necho \"$3\" >> '{calls}'\n")

    def keeps_time(self) -> None:
        """With the pause that the recipe has, and a sleep that notes it."""
        self.script = self._script({})
        self._program("sleep", "#!/bin/sh\necho \"slept $1\" >> '{calls}'\n")

    def tells_when_it_waits(self) -> int:
        """A pipe into which the script's flock says so, before it waits."""
        os.mkfifo(self.folder / "waiting", 0o622)
        (self.folder / "waiting").chmod(0o622)
        self._program("flock", FAKE_FLOCK)
        return os.open(self.folder / "waiting", os.O_RDWR)

    def lay(self, *names: str) -> None:
        """As the portal does."""
        live_sessions = FolderSessionTerminator(self.store, self.notebook)
        for name in names:
            live_sessions.terminate(name)
        assert self.notebook.errors == []
        for path in (self.ended, *self.ended.iterdir()):
            os.chown(path, self.user.uid, self.user.gid)

    def start(self, *before: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*before, self.script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={},
        )

    def run(self, *before: str) -> tuple[int, str]:
        """Exit code, and what it complained about."""
        with self.start(*before) as process:
            output, errors = process.communicate(timeout=TIMEOUT)
        assert output == ""
        return process.returncode, errors

    @property
    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.ended.iterdir())


@pytest.fixture
def kicker(user: OrdinaryUser) -> Iterator[Kicker]:
    if os.geteuid() != 0:
        unavailable("only root can kick sessions and become the store's owner")
    folder = Path(tempfile.mkdtemp(prefix="apppw-"))
    try:
        folder.chmod(0o755)  # others can enter it, unlike pytest's own
        yield Kicker(folder, user)
    finally:
        shutil.rmtree(folder)


@contextmanager
def lock_held(kicker: Kicker, name: str) -> Iterator[None]:
    path = kicker.store / "locks" / f"{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.chown(path, kicker.user.uid, kicker.user.gid)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_each_account_is_kicked_once_and_its_file_is_gone(kicker: Kicker) -> None:
    kicker.lay(ADA, GRACE, ADA)
    assert kicker.run() == (0, "")
    assert kicker.calls == [f"{ADA} free", f"{GRACE} free"]
    assert kicker.left == []
    assert kicker.run() == (0, "")
    assert len(kicker.calls) == 2


def test_a_store_from_which_nothing_was_ever_deleted_is_nothing_to_complain_of(
    kicker: Kicker,
) -> None:
    assert kicker.run() == (0, "")


def test_nobody_is_kicked_before_the_deletion_is_saved(kicker: Kicker) -> None:
    kicker.lay(ADA)
    waiting = kicker.tells_when_it_waits()
    with lock_held(kicker, ADA):
        process = kicker.start()
        assert select.select([waiting], [], [], TIMEOUT)[0], "it does not ask for the lock"
        assert (kicker.left, kicker.calls) == ([f"{ADA},taken"], [])
    output, errors = process.communicate(timeout=TIMEOUT)
    os.close(waiting)
    assert (process.returncode, output, errors) == (0, "", "")
    assert kicker.calls == [f"{ADA} free"]


def test_the_lock_is_the_one_that_the_portal_holds(kicker: Kicker) -> None:
    store = FolderStore(kicker.store)
    House(store=store).add(ADA)
    waiting = kicker.tells_when_it_waits()
    found = store.get(ADA)
    assert found is not None
    with store.transaction(ADA, found.uid) as change:
        os.chown(kicker.store / "locks" / f"{ADA}.lock", kicker.user.uid, kicker.user.gid)
        kicker.lay(ADA)
        process = kicker.start()
        assert select.select([waiting], [], [], TIMEOUT)[0]
        change.account = replace(change.existing, appearance="saved")
    process.communicate(timeout=TIMEOUT)
    os.close(waiting)
    assert kicker.calls == [f"{ADA} free"]


@pytest.mark.parametrize("status", [1, TRY_AGAIN, 127])
def test_a_kick_that_fails_is_made_again_by_the_next_run(kicker: Kicker, status: int) -> None:
    kicker.lay(ADA)
    kicker.doveadm(status)
    code, complaint = kicker.run()
    assert code == TRY_AGAIN
    assert f"doveadm kick {ADA} ended with {status}" in complaint
    assert kicker.left == [f"{ADA},taken"]
    kicker.lay(ADA)  # meanwhile one more is deleted
    kicker.doveadm(0)
    assert kicker.run() == (0, "")
    assert kicker.calls == [f"{ADA} free"] * 2
    assert kicker.left == []


def test_whoever_has_no_session_is_done(kicker: Kicker) -> None:
    kicker.lay(ADA)
    kicker.doveadm(UNKNOWN_UID)
    assert kicker.run() == (0, "")
    assert kicker.left == []


def test_what_a_killed_run_had_taken_is_kicked(kicker: Kicker) -> None:
    kicker.lay(ADA)
    (kicker.ended / ADA).rename(kicker.ended / f"{ADA},taken")
    assert kicker.run() == (0, "")
    assert (kicker.calls, kicker.left) == ([f"{ADA} free"], [])


def test_what_is_deleted_during_the_kick_is_kicked_too(kicker: Kicker) -> None:
    kicker.lay(ADA)
    again = (
        f"[ -e '{kicker.folder}/once' ] || : > '{kicker.ended}/{ADA}'; : > '{kicker.folder}/once'"
    )
    kicker.doveadm(0, again)
    assert kicker.run() == (0, "")
    assert (kicker.calls, kicker.left) == ([f"{ADA} free"] * 2, [])


def test_one_that_fails_holds_up_no_other(kicker: Kicker) -> None:
    kicker.lay(ADA, GRACE)
    kicker.doveadm(0, f'[ "$3" != {ADA} ] || exit 75')
    assert kicker.run()[0] == TRY_AGAIN
    assert kicker.left == [f"{ADA},taken"]


STRANGE = ["Ada", "*", "?da", "-x", ".hidden", "a b", "a;b", "a\nb", "x" * 201, "ada,", "ada@", "é"]


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_account_name_is_left_alone_and_told(kicker: Kicker, name: str) -> None:
    kicker.lay(GRACE)
    (kicker.ended / name).touch()
    code, complaint = kicker.run()
    assert code == 0
    assert kicker.calls == [f"{GRACE} free"]
    assert kicker.left == [name]
    if "\n" not in name:
        assert f"{kicker.ended} has 1 files that are no account's" in complaint


def test_every_name_that_an_account_can_have_is_kicked(kicker: Kicker) -> None:
    kicker.lay(GRACE)
    names = sorted([GRACE, "o'hara&x=1~2+3@example.org", "'", "_x", *ALL_SIGNS])
    for name in names:
        (kicker.ended / name).touch()
        os.chown(kicker.ended / name, kicker.user.uid, kicker.user.gid)
    assert kicker.run() == (0, "")
    assert sorted(kicker.calls) == [f"{name} free" for name in names]
    assert kicker.left == []


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("123456", "123456"),
        ("127.1", "?27.1"),
        ("127.0.0.1", "?27.0.0.1"),
        ("0x7f000001", "?x7f000001"),
        ("0177.0x1", "?177.0x1"),
        ("127.1@example.org", "127.1@example.org"),
        ("1st.floor", "1st.floor"),
    ],
)
def test_a_name_is_never_taken_for_an_address(kicker: Kicker, name: str, mask: str) -> None:
    kicker.lay(name)
    assert kicker.run() == (0, "")
    assert kicker.calls == [f"{mask} free"]


def test_root_follows_no_link_of_the_owners(kicker: Kicker) -> None:
    others = kicker.folder / "others"
    others.mkdir()
    (others / "passwd").touch()
    kicker.ended.symlink_to(others)
    code, _ = kicker.run()
    assert code == 0
    assert [path.name for path in others.iterdir()] == ["passwd"]
    assert kicker.calls == []


def test_root_makes_no_file_through_a_lock_that_is_a_link(kicker: Kicker) -> None:
    kicker.lay(ADA)
    target = kicker.folder / "made"
    (kicker.store / "locks" / f"{ADA}.lock").symlink_to(target)
    code, complaint = kicker.run()
    assert code == TRY_AGAIN
    assert not target.exists()
    assert f"{ADA} is locked" in complaint
    assert kicker.calls == []


def test_who_was_let_in_a_moment_before_has_a_session_by_the_kick(kicker: Kicker) -> None:
    kicker.keeps_time()
    kicker.lay(ADA, GRACE)
    assert kicker.run() == (0, "")
    assert kicker.calls == ["slept 2", f"{ADA} free", f"{GRACE} free"]


def test_it_needs_no_more_than_its_unit_gives_it(kicker: Kicker) -> None:
    unit = (RECIPES / "systemd" / "apppw-kick.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet=")]
    names = line.partition("=")[2].lower().replace("cap_", "+").split()
    less = ["--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all,{','.join(names)}"]
    kicker.only_notes()
    kicker.lay(ADA)
    assert kicker.run("setpriv", *less, "--") == (0, "")
    assert (kicker.calls, kicker.left) == ([ADA], [])


PASSDB = "auth_mechanisms = plain login\npassdb {\n  driver = static\n  args = password=pw\n}\n"


@pytest.fixture
def running_dovecot(kicker: Kicker) -> Iterator[dovecot.Dovecot]:
    program = require_program("dovecot", "dovecot-imapd")
    recipe = kicker.folder / "passdb.conf"
    recipe.write_text(PASSDB)
    with dovecot.running(program, kicker.folder, kicker.user, recipe) as running:
        yield running


def signed_in(running: dovecot.Dovecot, name: str) -> imaplib.IMAP4:
    imap = imaplib.IMAP4("127.0.0.1", running.port, timeout=TIMEOUT)
    imap.login(name, "pw")
    return imap


def ends(imap: imaplib.IMAP4) -> bool:
    """Waits for the server's good-bye, which comes unasked (RFC 3501 section 7.1.5)."""
    said = b""
    while True:
        try:
            more = imap.sock.recv(4096)
        except ConnectionResetError:
            return True
        if not more:
            return b"* BYE" in said
        said += more


def goes_on(imap: imaplib.IMAP4) -> bool:
    return imap.noop()[0] == "OK"


def test_dovecot_ends_the_sessions_of_that_account_and_no_others(
    kicker: Kicker, running_dovecot: dovecot.Dovecot
) -> None:
    kicker.asks_dovecot(kicker.folder / "dovecot.conf")
    names = (ADA, ADA, GRACE, "127.1")
    ada, ada_too, grace, numbered = [signed_in(running_dovecot, name) for name in names]
    try:
        kicker.lay(ADA, "nobody-there")
        assert kicker.run() == (0, "")
        assert ends(ada)
        assert ends(ada_too)
        assert goes_on(grace)
        # Its name is an address to doveadm: that of everybody here.
        kicker.lay("127.1")
        assert kicker.run() == (0, "")
        assert ends(numbered)
        assert goes_on(grace)
        assert kicker.left == []
    finally:
        for imap in (ada, ada_too, grace, numbered):
            imap.shutdown()


@pytest.mark.slow
def test_while_dovecot_is_down_it_is_tried_again(kicker: Kicker) -> None:
    program = require_program("dovecot", "dovecot-imapd")
    recipe = kicker.folder / "passdb.conf"
    recipe.write_text(PASSDB)
    with dovecot.running(program, kicker.folder, kicker.user, recipe):
        pass
    kicker.asks_dovecot(kicker.folder / "dovecot.conf")
    kicker.lay(ADA)
    code, complaint = kicker.run()
    assert code == TRY_AGAIN
    assert "it is tried again" in complaint
    assert kicker.left == [f"{ADA},taken"]


def test_to_the_journal_it_warns(kicker: Kicker) -> None:
    kicker.lay(GRACE)
    (kicker.ended / ".hidden").touch()
    reading, writing = os.pipe()
    status = os.fstat(writing)
    with os.fdopen(reading, "rb") as said:
        for number in (status.st_ino, status.st_ino + 1):
            told = {"JOURNAL_STREAM": f"{status.st_dev}:{number}"}
            subprocess.run([kicker.script], stderr=writing, env=told, check=False, timeout=TIMEOUT)
        os.close(writing)
        lines = said.read().splitlines()
    begin = [line.partition(b": ")[0] for line in lines]
    assert (begin[0], begin[-1]) == (b"<4>apppw-kick", b"apppw-kick")
