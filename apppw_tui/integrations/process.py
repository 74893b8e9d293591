"""Runs programs: no shell, only the environment meant, never longer than they may (SAFETY 23).

No other module starts one.
"""

import contextlib
import errno
import os
import pwd
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain import app_password
from apppw_tui.domain.names import escaped
from apppw_tui.domain.secret import Secret, hide_secrets
from apppw_tui.integrations.process_limits import unbind_memory

OUTPUT = 4096  # bytes that are kept, and characters that are told
_TOO_MUCH = 1024 * 1024  # bytes; who prints more than that will not end by itself
_PIPE_BYTES = 65536  # bytes; one look after the end finds all that was printed before it
_POLL_INTERVAL = 0.02  # seconds between two looks at a program that says nothing
_KILL_GRACE = 1.0  # seconds for a killed program to be gone; another user's cannot be killed
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ProcessResult:
    """The end of a program, in a few words for the log, and what it printed.

    Escaped, no secrets.
    """

    ok: bool
    reason: str
    output: str = ""


def leave(code: int) -> None:
    """Ends this process by SystemExit: at once, or once the program that it runs was ended.

    For a handler of signals: raised while a program is just being started, it would leave that
    running.
    """
    global _leaving  # noqa: PLW0603 - of the process, as signals are
    _leaving = code
    if not _running:
        raise SystemExit(code)


_leaving: int | None = None
_running = 0  # programs, in all threads


@contextmanager
def _orderly_end() -> Iterator[None]:
    global _running  # noqa: PLW0603
    _running += 1
    try:
        yield
    finally:
        _running -= 1
    if _leaving is not None:
        raise SystemExit(_leaving)


@_orderly_end()
def run(
    command: Sequence[str],
    values: Mapping[str, str],
    message: Secret,
    timeout: float,
    secrets: Sequence[str] = (),
) -> ProcessResult:
    """Runs `command` with `message` on its standard input, for at most `timeout` seconds.

    An element `{name}` becomes `values[name]`, which the caller has checked. The message, its
    digits and the `secrets` are not in the outcome. Blocks; may be called from any thread. What
    the program leaves running after a timely end is left alone.
    """
    filled = [_filled(element, values) for element in command]
    try:
        process = _start(
            filled,
            {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": _home()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            umask=0o077,
        )
    except OSError as error:
        return ProcessResult(ok=False, reason=_not_started(filled[0], error))
    raw = bytearray()
    try:
        stopped = _communicate(process, message.reveal().encode(), raw, timeout)
    finally:
        _end(process)
    output = _redacted(bytes(raw), (message.reveal(), *secrets))
    if stopped:
        return ProcessResult(ok=False, reason=stopped, output=output)
    return ProcessResult(process.returncode == 0, _end_of(process), output)


@dataclass(frozen=True)
class CapturedOutput:
    """All that a program printed, as it is: nothing of it is to be shown or logged."""

    returncode: int | None  # None: it took too long and was killed
    out: str = ""
    errors: str = ""


def capture(
    command: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    message: Secret | None = None,
    *,
    read: bool = True,
    own_group: bool = True,
) -> CapturedOutput:
    """Runs a program of this machine for what it prints; blocks for at most `timeout` seconds.

    Whatever holds its output open is waited for, too, unless nothing is to be `read`: the program
    may leave a process behind then. Without a group of its own it ends with the terminal, and at
    the time-out it alone is killed.

    Raises:
        OSError: it could not be started.
    """
    output = subprocess.PIPE if read else subprocess.DEVNULL
    process = _start(
        command,
        environment,
        stdin=subprocess.DEVNULL if message is None else subprocess.PIPE,
        stdout=output,
        stderr=output,
        own_group=own_group,
    )
    try:
        printed = process.communicate(
            None if message is None else message.reveal().encode(), timeout
        )
    except subprocess.TimeoutExpired:
        # Even where it has ended itself: what it has started still holds its output open.
        _kill(process, own_group=own_group)
        return CapturedOutput(returncode=None)
    finally:
        _end(process, own_group=own_group)
    out, errors = ((stream or b"").decode(errors="replace") for stream in printed)
    return CapturedOutput(process.returncode, out, errors)


def _start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    umask: int = -1,
    own_group: bool = True,
) -> "subprocess.Popen[bytes]":
    """Raises OSError."""
    process = subprocess.Popen(  # noqa: S603 - a list, without a shell
        command,
        bufsize=0,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd="/",
        env=dict(environment),
        umask=umask,
        start_new_session=own_group,
    )
    unbind_memory(process.pid)
    return process


def _filled(element: str, values: Mapping[str, str]) -> str:
    if element.startswith("{") and element.endswith("}"):
        return values.get(element[1:-1], element)
    return element


def _home() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/"


def _not_started(program: str, error: OSError) -> str:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "its interpreter was not found" if Path(program).exists() else "not found"
    if error.errno == errno.ENOEXEC:
        return "not executable"
    if isinstance(error, PermissionError):
        with contextlib.suppress(OSError):
            mode = Path(program).stat().st_mode
            if not stat.S_ISREG(mode) or not mode & 0o111:
                return "not executable"
        return "no permission"
    return (error.strerror or "could not be started").lower()


def _communicate(
    process: "subprocess.Popen[bytes]", message: bytes, output: bytearray, timeout: float
) -> str | None:
    """Feeds and reads the program until it ends; None, or why it is not waited for any longer.

    It is its end that counts, not that of its pipes: a child of its own may keep those open.
    """
    assert process.stdin is not None  # noqa: S101 - for mypy: both are pipes
    assert process.stdout is not None  # noqa: S101
    deadline = time.monotonic() + timeout
    left, seen = memoryview(message), 0
    with selectors.DefaultSelector() as selector:
        for stream, event in (
            (process.stdin, selectors.EVENT_WRITE),
            (process.stdout, selectors.EVENT_READ),
        ):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, event)
        while True:
            ended = process.poll() is not None
            wait = 0 if ended else max(0.0, min(_POLL_INTERVAL, deadline - time.monotonic()))
            ready = {key.fileobj for key, _ in selector.select(wait)}
            if process.stdin in ready:
                left = _fed(process.stdin.fileno(), left)
                if not left:
                    selector.unregister(process.stdin)
                    process.stdin.close()
            if process.stdout in ready:
                chunk = _read(process.stdout.fileno())
                seen += len(chunk)
                output += chunk[: OUTPUT - len(output)]
                if not chunk:
                    selector.unregister(process.stdout)
            if ended:
                return None
            if _leaving is not None:
                return "the sender was told to end"
            if seen > _TOO_MUCH:
                return f"stopped after printing {_TOO_MUCH} bytes"
            if time.monotonic() >= deadline:
                return f"time-out after {timeout:g} s"


def _fed(pipe: int, message: memoryview) -> memoryview:
    """Writes to the program; returns the rest of `message`, nothing if nobody reads it."""
    try:
        return message[os.write(pipe, message) :]
    except BlockingIOError:
        return message
    except OSError:
        return message[:0]


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, _PIPE_BYTES)
    except OSError:
        return b""


def _end(process: "subprocess.Popen[bytes]", *, own_group: bool = True) -> None:
    """Closes the pipes; a program that still runs is killed, with all of its own group."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    # Until poll() has seen its end, its process id cannot have become another's.
    if process.poll() is None:
        _kill(process, own_group=own_group)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_GRACE)


def _kill(process: "subprocess.Popen[bytes]", *, own_group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # Without a group of its own, it is in ours.
        (os.killpg if own_group else os.kill)(process.pid, signal.SIGKILL)


def _end_of(process: "subprocess.Popen[bytes]") -> str:
    code = process.returncode
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _redacted(raw: bytes, secrets: Sequence[str]) -> str:
    """`raw` as it may be logged."""
    text = raw.decode(errors="backslashreplace").strip()
    text = hide_secrets(text, secrets, is_cut=len(raw) == OUTPUT)
    return escaped(app_password.redacted(text))[:OUTPUT]
