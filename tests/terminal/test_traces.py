"""What a walk with every kind of secret leaves behind: nothing of them, anywhere."""

import base64
import hashlib
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.folders import contents
from tests.secrecy.strace import Strace
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, AWAKE
from tests.terminal.second_factor import (
    ASKED,
    create_first_app_password,
    enter_password,
    keep_recovery_codes,
    set_up_app,
    sign_out,
    signed_in,
)
from tests.terminal.tmux import Tmux
from tests.terminal.traces import found, in_files, of_processes

NUMBER = "+4915173910684"
# What is known of the command and of the program that started it, while a code is being sent.
_COMMAND = """\
#!/bin/sh
for process in $$ $PPID; do cat /proc/$process/cmdline /proc/$process/environ; done >"$0.seen"
cat >"$0.said"
"""


class Walk:
    """One program in a window of tmux, and what it has been told or has shown so far."""

    def __init__(self, installed: Installed, tmux: Tmux, folder: Path) -> None:
        self.installed = installed
        self.tmux = tmux
        self.secrets = {"password": PASSWORD}
        self._command = folder / "send"
        self._command.write_text(_COMMAND)
        self._command.chmod(0o755)
        self._pid = folder / "pid"
        installed.configure(
            f'[delivery]\ncommand = ["{self._command}", "{{kind}}", "{{number}}"]\n'
            'kinds = ["text"]\n'
        )
        self.strace = Strace(folder)
        program = shlex.join(self.strace.line(installed.command))
        tmux.run(f"sh -c 'echo $$ >{self._pid}; exec {program}'; echo code=$?")
        tmux.see("Sign in")

    def look(self) -> None:
        """No process may show anybody what has been typed or shown so far."""
        processes = dict(of_processes(int(self._pid.read_text())))
        assert any(b"PATH=" in content for content in processes.values())
        for name, content in processes.items():
            assert found(content, self.secrets) == set(), name

    def sent(self) -> str:
        """The code in the newest message; its command knows the number, and nothing else."""
        code = self._command.with_name("send.said").read_text()[:6]
        seen = self._command.with_name("send.seen").read_bytes()
        assert NUMBER.encode() in seen
        others = {name: secret for name, secret in self.secrets.items() if name != "number"}
        assert found(seen, {**others, "text code": code}) == set()
        return code

    def set_up(self) -> None:
        tmux = self.tmux
        enter_password(tmux)
        app = set_up_app(tmux)
        codes = keep_recovery_codes(tmux)
        self.secrets |= {f"recovery {code[0]}": code for code in codes}
        self.secrets |= {"key": app.key, "app password": create_first_app_password(tmux)}
        self.look()
        tmux.press("v")
        tmux.see("What's your preferred option?")
        tmux.press("Enter")
        tmux.see("A code is sent there")
        tmux.type(f"{NUMBER}\r")
        tmux.see("We sent a text message")
        self.secrets |= {"number": NUMBER, "proof": self.sent()}
        tmux.type(self.secrets["proof"])
        tmux.see("Verified. You can sign in")
        tmux.press("p")
        tmux.see("Laptop")
        sign_out(tmux)
        enter_password(tmux, account="")
        tmux.see(ASKED)
        tmux.type(app.code())
        signed_in(tmux)
        self.secrets |= {f"app code {number}": code for number, code in enumerate(app.shown)}
        self.look()

    def use(self) -> None:
        """Signs in by text, and by a recovery code."""
        tmux = self.tmux
        for downs in (1, 2):
            sign_out(tmux)
            enter_password(tmux, account="")
            tmux.see(ASKED)
            tmux.press("F3")
            tmux.see("How would you like to verify")
            tmux.press(*["Down"] * downs, "Enter")
            if downs == 1:
                tmux.see("We sent a text message")
                self.secrets["text code"] = self.sent()
                tmux.type(self.secrets["text code"])
            else:
                tmux.see("Enter one of your recovery codes")
                tmux.type(self.secrets["recovery 4"])
                tmux.press("Enter")
            signed_in(tmux)
        self.look()


@pytest.mark.slow
def test_nothing_is_left_of_any_secret(required: Installed, tmux: Tmux, tmp_path: Path) -> None:
    walk = Walk(required, tmux, tmp_path)
    walk.set_up()
    walk.use()
    assert required.opens(walk.secrets["app password"])
    tmux.press("C-q")
    everything = tmux.see("code=0", AWAKE) + tmux.everything
    assert found(everything.encode(), walk.secrets) == set()
    assert len(walk.secrets) == 18
    assert in_files(required.store, walk.secrets) == {}
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".tmp-", "core"))]
    finds = walk.strace.finds(walk.secrets)
    typed = {"number", "proof", "text code", "app code 0", "app code 1"}  # drawn whole or in pieces
    assert finds.pop("terminal") - typed == walk.secrets.keys() - typed - {"password"}
    # The code comes to its command by standard input, the number alone as an argument.
    assert finds == {
        "pipe": {"proof", "text code"},
        "names": {"number"},
        "send.said": {"proof", "text code"},  # by the command itself
        "send.seen": {"number"},
    }
    account = (required.store / "accounts" / f"{ACCOUNT}.json").read_text()
    assert account.count("$argon2id$") == 1 + 1 + 9  # the password, the app's, what is left
    files = [*contents(required.store).items()]
    planted = tmp_path / "planted"
    for place, (name, secret) in enumerate(walk.secrets.items()):
        path, content = files[place % len(files)]
        file = planted / path.name
        planted.mkdir()
        file.write_bytes(content + f'\n"{secret}"'.encode())
        assert in_files(planted, walk.secrets) == {str(file): {name}}
        shutil.rmtree(planted)


KEY = "ZXKJROS4XIMBPZHFSJK5A6EBEQLZ4CAA"
SECRETS = {
    "password": PASSWORD,
    "key": KEY,
    "code": "482913",
    "recovery": "22d2 d00w m5fq",
    "app password": "kqq8hgn4jznv0e1xsera",
    "number": NUMBER,
}
WRITTEN = {
    "password": ["engineno.1weavesalgebra", PASSWORD.upper(), "Engine-No-1-Weaves-Algebra"],
    "key": [
        KEY.lower(),
        "ZXKJ ROS4 XIMB PZHF\nSJK5 A6EB EQLZ 4CAA",
        f"otpauth://totp/x?secret={KEY}",
        base64.b32decode(KEY).hex(),
        base64.b64encode(base64.b32decode(KEY)).decode(),
    ],
    "code": ["code=482913 is", "482 913", "482-913", "4, 8, 2, 9, 1, 3"],
    "recovery": ["22d2d00wm5fq", "22D2-D00W-M5FQ"],
    "app password": ["kqq8 hgn4 jznv 0e1x sera", "KQQ8-HGN4-JZNV-0E1X-SERA"],
    "number": ["4915173910684", "+49 151 739 10684", "0049-151/73910684"],
}


def writings() -> Iterator[tuple[str, bytes]]:
    for name, secret in SECRETS.items():
        for text in (secret, *WRITTEN[name]):
            yield name, text.encode()
        if name != "code":
            for shift in range(3):
                yield name, base64.b64encode(b"x" * shift + secret.encode() + b"x")
            yield name, secret.encode().hex().encode()
        yield name, secret[::-1].encode()
        yield name, "".join(f"%{sign:02x}" for sign in secret.encode()).encode()
        yield name, "".join(f"\\u{ord(sign):04x}" for sign in secret).encode()
        if name != "code":
            yield name, "".join(f"<key {sign!r}>" for sign in secret).encode()
            yield name, "".join(f"\x1b[3;{at}H{sign}" for at, sign in enumerate(secret)).encode()
            yield name, secret.encode("utf-16")
            yield name, base64.b64encode(secret.encode("utf-16-le"))
            yield name, hashlib.sha256(secret.encode()).hexdigest().encode()
    yield "key", base64.b32decode(KEY)
    yield "password", base64.b32encode(PASSWORD.encode())


@pytest.mark.parametrize(
    ("name", "content"), writings(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_secret_is_found_however_it_is_written(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "log").write_bytes(b"2026-11-23 one=two " + content + b" and so on\n")
    assert in_files(tmp_path, SECRETS) == {str(tmp_path / "log"): {name}}


@pytest.mark.parametrize("text", ["1482913", "0.4829130", "a482913", "48291", "engine no. 1"])
def test_what_only_resembles_a_secret_is_none(text: str) -> None:
    assert found(text.encode(), SECRETS) == set()
