"""recipes/dovecot/apppw.lua in a plain Lua, and a socket that answers what the test wants."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable

FORMED = b"7kfm2xqd9h3vtw58"  # as an app password is (SAFETY 4)
_TIMEOUT = 120.0  # seconds
# What Dovecot gives to the script, and asks of it. Names and passwords come in hexadecimal.
_DOVECOT = """
dovecot = {auth = {
  PASSDB_RESULT_OK = "ok", PASSDB_RESULT_NEXT = "next",
  PASSDB_RESULT_PASSWORD_MISMATCH = "mismatch", PASSDB_RESULT_INTERNAL_FAILURE = "failure",
  PASSDB_RESULT_USER_UNKNOWN = "unknown",
}}
dofile(arg[1])
local function bytes(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end
io.stdout:setvbuf("line")
for line in io.lines() do
  local user, password, service, mechanism = line:match("^(%x*),(%x*),(%x*),?(.*)$")
  local request = {
    user = bytes(user), remote_ip = "192.0.2.1", log_error = function() end,
    [arg[2]] = service ~= "" and bytes(service) or nil,
  }
  local result, more
  if mechanism == "" then
    result, more = auth_password_verify(request, bytes(password))
  else
    request.mechanism = mechanism ~= "none" and mechanism or ""
    result, more = auth_passdb_lookup(request)
  end
  if result == "ok" then
    more = "user=" .. more.user
  end
  assert(type(more) == "string")
  print(more == "" and result or result .. " " .. more)
end
"""


@dataclass
class Daemon:
    """Answers one line to each line, as it is told; None closes the connection instead."""

    path: Path
    answers: list[bytes | None] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            client, _ = self.listener.accept()
            with client, client.makefile("rb") as lines:
                self.connections += 1
                for line in lines:
                    if line == b"end\n":
                        return
                    self.asked.append(line)
                    answer = self.answers.pop(0) if self.answers else b'{"answer": "no"}\n'
                    if answer is None:
                        break
                    client.sendall(answer)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.path))
            client.sendall(b"end\n")
            self.thread.join(_TIMEOUT)
        self.listener.close()


@dataclass
class Script:
    """The recipe, as one auth-worker runs it."""

    process: "subprocess.Popen[str]"
    daemon: Daemon
    folder: Path  # of the store's enforced accounts
    configuration: Path

    def verify(
        self, user: bytes = b"ada", password: bytes = FORMED, service: bytes = b"imap"
    ) -> str:
        """Somebody signs in."""
        return self._told(f"{user.hex()},{password.hex()},{service.hex()}")

    def look_up(self, mechanism: str) -> str:
        """Somebody's password, or whether there is such a user, is asked for by that mechanism."""
        return self._told(f"{b'ada'.hex()},,{b'lmtp'.hex()},{mechanism}")

    def _told(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def answered(self, *answers: bytes | None) -> str:
        self.daemon.answers = list(answers)
        return self.verify().partition(" ")[0]


@contextmanager
def running(
    folder: Path,
    service: str = "service",
    recipe: str = "apppw.lua",
    *,
    seconds: float = 60,
    pause: int = 0,
) -> Iterator[Script]:
    """That recipe, with the socket, the store's folder and the configuration in `folder`.

    `service` is how Dovecot calls the service: in 2.4, protocol. `seconds` and `pause` are the
    script's, for the tests that wait for a silence.
    """
    lua = require_program("lua5.4", "lua5.4")
    tried = subprocess.run([lua, "-e", 'require "socket.unix"'], check=False, capture_output=True)
    if tried.returncode:
        unavailable("Lua has no sockets here (Debian package lua-socket)")
    around, enforced, configuration = (folder / name for name in ("around.lua", "enforced", "toml"))
    around.write_text(_DOVECOT)
    enforced.mkdir()
    configuration.touch()
    script = folder / "apppw.lua"
    replaced = {
        "/run/apppw-tui/json": f"{folder}/sock",
        "/var/lib/apppw-tui/enforced": str(enforced),
        "/etc/apppw-tui/config.toml": str(configuration),
        "SECONDS = 5 ": f"SECONDS = {seconds} ",
        "PAUSE = 5 ": f"PAUSE = {pause} ",
    }
    script.write_text(adapted("dovecot/apppw.lua", replaced))
    if recipe != script.name:
        replaced = {
            "/etc/dovecot/apppw.lua": str(script),
            "SECONDS = 0.5 ": f"SECONDS = {seconds} ",
            "PAUSE = 60 ": f"PAUSE = {pause} ",
        }
        text = adapted(f"dovecot/{recipe}", replaced)
        script = folder / recipe
        script.write_text(text)
    daemon = Daemon(folder / "sock")
    with subprocess.Popen(
        [lua, around, script, service], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Script(process, daemon, enforced, configuration)
        process.stdin.close()  # type: ignore[union-attr]  # a pipe, as was asked for
        process.wait(_TIMEOUT)
    daemon.close()
