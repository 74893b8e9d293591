"""Commands under strace, over a store that has a secret of every kind."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.programs import finished
from tests.running import ROOT, environment
from tests.secrecy.strace import Strace
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT

NEW = "mills grind 12 punched cards"
NUMBER = "+4915173910684"
_SEND = "#!/bin/sh\ncat >/dev/null\n"
_CONFIGURATION = """\
[delivery]
command = ["{send}", "{{kind}}", "{{number}}"]
kinds = ["text", "notify"]
[notices]
by = "delivery"
"""


class Shell:
    """Whoever types the commands, and all that is secret by now."""

    def __init__(self, installed: Installed, home: Path) -> None:
        self.home = home
        self.store = installed.store
        send = home / "send"
        send.write_text(_SEND)
        send.chmod(0o755)
        self.configuration = _CONFIGURATION.format(send=send)
        installed.configure(self.configuration)
        self.config = home / "config.toml"
        self._options = ["--store", str(self.store), "--config", str(self.config)]
        house = installed.house()
        self.secrets = {"password": PASSWORD, "new password": NEW, "number": NUMBER}
        house.give_phone(number=NUMBER, name=ACCOUNT)
        self.secrets["app's key"] = house.give_authenticator(ACCOUNT).reveal()
        codes = house.give_recovery_codes(ACCOUNT)
        self.secrets |= {f"recovery {code.reveal()[0]}": code.reveal() for code in codes}
        self._keep_keys()

    def move(self, config: Path, folder: Path) -> None:
        """From here on the store is the one that `config` says, with its key in `folder`."""
        self.config, self.store = config, folder
        self._options = ["--config", str(config)]

    def _keep_keys(self) -> None:
        for key in (self.store / "key").read_text().split():
            if key not in self.secrets.values():
                self.secrets[f"key {sum(name.startswith('key') for name in self.secrets)}"] = key

    def run(
        self,
        *words: str,
        stdin: str = "",
        gives: str = "",
        code: int = 0,
        more: Mapping[str, str] | None = None,
    ) -> tuple[str, dict[str, set[str]]]:
        """What a command printed, and where it handed on which secrets; it makes `gives`."""
        strace = Strace(self.home)
        options = [] if words[0] == "pam" else self._options
        line = strace.line([sys.executable, "-m", "apppw_tui", *words, *options])
        done = finished(line, stdin, env=environment(self.home, **(more or {})), cwd=ROOT)
        assert done.returncode == code, done.stderr
        self._keep_keys()
        if gives:
            self.secrets[gives] = done.stdout.strip()
        return done.stdout, strace.finds(self.secrets)

    def run_every_command(self) -> dict[str, dict[str, set[str]]]:
        """What was handed on by each that is told or tells a secret, where any was."""
        kept: dict[str, dict[str, set[str]]] = {}
        for words, stdin, gives in (
            ("account add ben --password-stdin", PASSWORD, ""),
            (f"account set-password {ACCOUNT} --password-stdin", NEW, ""),
            (f"app-password create {ACCOUNT} Phone", "", "made"),
            (f"app-password ensure {ACCOUNT} Car", "", "ensured"),
            (f"app-password edit {ACCOUNT} Car --name Bus", "", ""),
            (f"account show {ACCOUNT} --json", "", ""),
            (f"account bypass {ACCOUNT} --minutes 5", "", ""),
            ("notices", "", ""),
            ("activity --json", "", ""),
            (f"backup {self.home}/without.tar", "", ""),
            (f"backup {self.home}/with.tar --with-key", "", ""),
            ("key rotate", "", ""),
            ("key rotate --finish --yes", "", ""),
            (f"restore {self.home}/with.tar --overwrite --yes", "", ""),
        ):
            _, found = self.run(*words.split(), stdin=stdin, gives=gives)
            if found:
                kept[words] = found
        return kept
