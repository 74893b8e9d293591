"""Opens the portal: a fit terminal, a clean environment, then the screens."""

import argparse
import errno
import itertools
import os
import sys
from datetime import datetime
from pathlib import Path

from apppw_tui import config as configuration
from apppw_tui.bootstrap import StoreLocation, build
from apppw_tui.commands import demo, kiosk
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.secret import Secret
from apppw_tui.exit_codes import FAULT, NO_TERMINAL
from apppw_tui.integrations.clipboard_tools import ClipboardTools
from apppw_tui.integrations.daemon import socket_folder
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.portal import Portal
from apppw_tui.store.folder.location import is_owned_by_me
from apppw_tui.ui.app_options import AppOptions, ConnectionHelp, Kiosk
from apppw_tui.verifier.connection_test import ConnectionTest
from apppw_tui.verifier.decision import Verifier

# Textual reads these when it is imported. Others write keys and passwords to a log, import any
# class as the driver, or act on start; these only say how to draw.
_HARMLESS = frozenset({"TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS", "TEXTUAL_DISABLE_KITTY_KEY"})
# Terminals that can do true colour but, over SSH, do not say so by COLORTERM.
_TRUE_COLOUR = ("alacritty", "foot", "ghostty", "kitty", "wezterm")


def portal(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Runs the portal until the person leaves; the exit code.

    Raises:
        StoreError, ConfigError: before anything is drawn.
    """
    if options.demo and getattr(options, "store", None) is not None:
        parser.error("--demo has a store of its own; leave out --store")
    if options.kiosk:
        kiosk.clean_environment()
    # stderr too: that is where Textual writes.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    at_terminal = [stream is not None and stream.isatty() for stream in streams]
    if at_terminal == [True, True, False]:
        # Said where it is seen: the file would hold a sentence that nobody reads.
        print("apppw-tui: the portal is drawn on standard error; leave out 2>.")
        return NO_TERMINAL
    if not all(at_terminal):
        print("apppw-tui: the portal needs a terminal; try ssh -t.", file=sys.stderr)
        return NO_TERMINAL
    if os.environ.get("TERM") == "dumb":
        print("apppw-tui: this terminal cannot show screens (TERM=dumb).", file=sys.stderr)
        return NO_TERMINAL
    if options.kiosk:
        config = kiosk.configured(options)
    else:
        config = configuration.choose(getattr(options, "config", None))
    clock = SystemClock()
    demonstration: demo.Demonstration | None = None
    own = False
    door: Kiosk | None = None
    if options.demo:
        demonstration = demo.Demonstration(clock, Hasher(CHEAP_PROFILE, CHEAP_PROFILE))
        context = _demo_context(demonstration, config)
        connecting = ConnectionHelp(demo.ROWS, demonstration.try_it)
    else:
        store, key = getattr(options, "store", None), getattr(options, "key_file", None)
        place = StoreLocation.of(config, store, key)
        theirs = options.kiosk or configuration.present(configuration.SYSTEM_FILE)
        own = is_owned_by_me(place.folder) and not theirs
        folder = socket_folder()  # before root becomes the store's owner
        parts = build(place, config, clock, create=own, address=_address())
        context = parts.context
        if options.kiosk:
            door = kiosk.admitted(place.folder, context)
        verifier = Verifier(parts.store, context.hasher, clock, config.default_domain)
        connecting = ConnectionHelp(
            config.setup, ConnectionTest(verifier, config.serve.sockets, folder)
        )
    clean_environment()

    from apppw_tui.ui.relied_on import missing

    gone = missing()  # before what overrides it is imported
    if gone is not None:
        print(f"apppw-tui: {gone}", file=sys.stderr)
        return FAULT

    from apppw_tui.ui.app import PortalApp

    over_ssh = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    surroundings = AppOptions(
        host_name=context.host_name,
        may_create_first=own and not over_ssh,
        demo=demonstration,
        # Over SSH a file would be left on the server, where the phone's owner may not look again.
        save=None if over_ssh or demonstration or door else save_recovery_codes,
        connecting=connecting,
        kiosk=door,
        # A stranger's terminal says nothing of what runs here.
        tools=None if door else ClipboardTools(),
    )
    app = PortalApp(Portal(context), clock, surroundings)
    code = app.run_guarded()
    if app.last_words is not None:
        print(f"apppw-tui: {app.last_words}", file=sys.stderr)
    return code


def _demo_context(demonstration: demo.Demonstration, config: configuration.Config) -> PortalContext:
    from apppw_tui.store.folder.counters import MemoryThrottleStore
    from apppw_tui.store.memory import MemoryActivityLog, MemoryErrorLog

    return PortalContext(
        demonstration.store,
        demonstration.hasher,
        demonstration.clock,
        config.policy,
        demonstration.seals,
        MemoryThrottleStore(demonstration.clock),
        demonstration,
        MemoryActivityLog(demonstration.clock),
        MemoryErrorLog(),
        demonstration,
        region=config.phone_region,
        host_name=demo.HOST_NAME,
    )


def _address() -> str:
    """The person's own address. sshd(8): SSH_CONNECTION begins with the client's."""
    return (os.environ.get("SSH_CONNECTION", "").split() or ["local"])[0]


def save_recovery_codes(server: str, account_name: str, made: datetime, codes: Secret) -> Path:
    """Writes `codes` to a new file at home that nobody else can read; its path.

    Found again years later, it says what the codes are for, and which of two files is the newer.

    Raises:
        OSError: it could not be written; nothing is left.
    """
    try:
        home = Path.home()
    except RuntimeError:
        raise OSError(errno.ENOENT, "there is no home folder") from None
    path = home / f"recovery-codes-{account_name}.txt"
    day = made.astimezone().date().isoformat()
    head = f"Recovery codes\nServer:  {server}\nAccount: {account_name}\nMade:    {day}\n\n"
    for number in itertools.count(2):
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o600)
            break
        except FileExistsError:  # codes from before; they are not ours to overwrite
            path = path.with_name(f"recovery-codes-{account_name}-{number}.txt")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(head)
            file.write(codes.reveal())
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def clean_environment() -> None:
    """Drops what would make Textual log, load or do things; must run before it is imported."""
    for name in list(os.environ):
        if name == "TEXTUAL" or (name.startswith("TEXTUAL_") and name not in _HARMLESS):
            del os.environ[name]
    term = os.environ.get("TERM", "")
    capable = any(word in term for word in _TRUE_COLOUR) or term.endswith("-direct")
    if capable and "COLORTERM" not in os.environ:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "truecolor")
