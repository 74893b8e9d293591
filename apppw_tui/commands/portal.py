"""Opens the portal: a fit terminal, a clean environment, then the screens."""

import argparse
import errno
import gc
import itertools
import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from apppw_tui import config as configuration
from apppw_tui.commands.late_portal import LatePortal
from apppw_tui.domain.ports import ClipboardHelpers, SystemClock
from apppw_tui.domain.secret import Secret
from apppw_tui.exit_codes import FAULT, NO_TERMINAL
from apppw_tui.store.engine import StoreLocation, open_engine
from apppw_tui.ui.app_options import AppOptions, ConnectionHelp
from apppw_tui.ui.early_input import early_input

if TYPE_CHECKING:
    from types import ModuleType

    from apppw_tui.portal.portal import Portal

# Textual reads these when it is imported. Others write keys and passwords to a log, import any
# class as the driver, or act on start; these only say how to draw.
_HARMLESS = frozenset({"TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS", "TEXTUAL_DISABLE_KITTY_KEY"})
# Terminals that can do true colour but, over SSH, do not say so by COLORTERM.
_TRUE_COLOUR = ("alacritty", "foot", "ghostty", "kitty", "wezterm")

# terminfo's names for a terminal that can do nothing but show lines; ssh may tell none at all.
_WITHOUT_SCREENS = ("", "dumb", "unknown")


def portal(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Runs the portal until the person leaves; the exit code.

    Raises:
        StoreError, ConfigError: before anything is drawn.
    """
    if options.demo and getattr(options, "store", None) is not None:
        parser.error("--demo has a store of its own; leave out --store")
    if options.kiosk:
        from apppw_tui.commands import kiosk

        options.proven_key = kiosk.proven_key()
        kiosk.clean_environment()
    plain = options.plain or os.environ.get("TERM", "") in _WITHOUT_SCREENS
    # stderr too: that is where Textual writes.
    streams = (sys.stdin, sys.stdout) if plain else (sys.stdin, sys.stdout, sys.stderr)
    at_terminal = [stream is not None and stream.isatty() for stream in streams]
    if at_terminal == [True, True, False]:
        # Said where it is seen: the file would hold a sentence that nobody reads.
        print("apppw-tui: the portal is drawn on standard error; leave out 2>.")
        return NO_TERMINAL
    if not all(at_terminal):
        print("apppw-tui: the portal needs a terminal; try ssh -t.", file=sys.stderr)
        return NO_TERMINAL
    if plain:
        return _run_plain(options)
    # Whatever is loaded from here to the first frame stays: there is nothing to collect.
    gc.disable()
    try:
        with early_input():
            return _run(options)
    finally:
        gc.enable()


def _run(options: argparse.Namespace) -> int:
    config = _configuration(options)
    surroundings, portal_ = (_demonstration if options.demo else _store)(options, config)
    clean_environment()
    load_asyncio_without_tls()

    from apppw_tui.ui.relied_on import missing

    gone = missing()  # before what overrides it is imported
    if gone is not None:
        print(f"apppw-tui: {gone}", file=sys.stderr)
        return FAULT

    from apppw_tui.ui.app import PortalApp

    app = PortalApp(portal_, SystemClock(), surroundings)
    return _told(app.run_guarded(), app.last_words)


def _run_plain(options: argparse.Namespace) -> int:
    config = _configuration(options)
    surroundings, portal_ = (_demonstration if options.demo else _store)(options, config)

    from apppw_tui.ui.plain.portal import PlainPortal

    app = PlainPortal(portal_, SystemClock(), surroundings)
    return _told(app.run(), app.last_words)


def _told(code: int, last_words: str | None) -> int:
    """Returns `code`, once the shell has been told why, if there is any reason."""
    if last_words is not None:
        print(f"apppw-tui: {last_words}", file=sys.stderr)
    return code


def _configuration(options: argparse.Namespace) -> configuration.Config:
    """The configuration that holds here. Raises ConfigError."""
    if options.kiosk:
        from apppw_tui.commands import kiosk

        return kiosk.configured(options)
    return configuration.choose(getattr(options, "config", None))


def _store(
    options: argparse.Namespace, config: configuration.Config
) -> tuple[AppOptions, "Portal"]:
    """The portal over the store that is meant. Raises StoreError."""
    named, key_file = getattr(options, "store", None), getattr(options, "key_file", None)
    place, clock = StoreLocation.of(config, named, key_file), SystemClock()
    theirs = options.kiosk or configuration.present(configuration.SYSTEM_FILE)
    own = place.is_mine and not theirs
    user = os.geteuid()  # before root becomes the store's owner
    engine, machine = open_engine(place, clock, create=own)
    # Nobody but sshd is believed, which starts the kiosk alone.
    proven_key = options.proven_key if options.kiosk else None
    on_server = not own or _serves(config)
    late = LatePortal(
        *(place, engine, config, clock),
        address=_address(),
        socket=machine.socket,
        proven_key=proven_key,
        on_server=on_server,
    )
    if os.geteuid() != user:
        late.load()  # who cannot read what root has installed is told so before anything is drawn
    door = None
    if options.kiosk:
        from apppw_tui.commands import kiosk

        by_child = place.database is None
        door = kiosk.admitted(engine, machine, late.address, by_child=by_child)
    over_ssh = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    surroundings = AppOptions(
        host_name=config.host_name,
        may_create_first=own and not over_ssh,
        # Over SSH a file would be left on the server, where the phone's owner may not look again.
        save=None if over_ssh or door else save_recovery_codes,
        connecting=ConnectionHelp(config.setup, late.try_connection, on_server),
        kiosk=door,
        shows_key=proven_key is not None,
        # A stranger's terminal says nothing of what runs here.
        tools=None if door else _clipboard_tools(),
        prepare=late.load,
        place=_typed(place.folder),
        demonstration=None if door else partial(_demonstration, options, config),
    )
    return surroundings, cast("Portal", late)


def _serves(config: configuration.Config) -> bool:
    """True if `config`, which somebody wrote for a store of their own, speaks of a server."""
    served = config.serve != configuration.ServeConfig()
    return served or bool(config.setup) or config.accounts.source != "store"


def _typed(folder: Path) -> str:
    """The path as a person would type it."""
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except (RuntimeError, ValueError):  # there is no home folder, or it is elsewhere
        return str(folder)


def _clipboard_tools() -> ClipboardHelpers:
    from apppw_tui.integrations.clipboard_tools import ClipboardTools

    return ClipboardTools()


def _demonstration(
    _options: argparse.Namespace, config: configuration.Config
) -> tuple[AppOptions, "Portal"]:
    """The portal over made-up accounts."""
    from apppw_tui.commands import demo
    from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
    from apppw_tui.portal.context import PortalContext
    from apppw_tui.portal.portal import Portal

    demonstration = demo.Demonstration(SystemClock(), Hasher(CHEAP_PROFILE, CHEAP_PROFILE))
    engine = demonstration.engine
    context = PortalContext(
        engine.accounts,
        demonstration.hasher,
        demonstration.clock,
        config.policy,
        engine.keyring,
        engine.throttle,
        demonstration,
        engine.activity,
        engine.machine.error_log,
        demonstration,
        region=config.phone_region,
        host_name=demo.HOST_NAME,
    )
    surroundings = AppOptions(
        host_name=demo.HOST_NAME,
        demo=demonstration,
        connecting=ConnectionHelp(demo.ROWS, demonstration.try_it),
        tools=_clipboard_tools(),
    )
    return surroundings, Portal(context)


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


def load_asyncio_without_tls() -> None:
    """Spares OpenSSL's library, a twentieth of all that is loaded: nothing here connects by TLS.

    asyncio does without where Python was built without it. Whoever needs it later can load it.
    """
    if sys.modules.keys().isdisjoint({"asyncio", "ssl"}):
        sys.modules["ssl"] = cast("ModuleType", None)  # importing it is an ImportError
        try:
            import asyncio  # noqa: F401
        finally:
            del sys.modules["ssl"]


def clean_environment() -> None:
    """Drops what would make Textual log, load or do things; must run before it is imported."""
    for name in list(os.environ):
        if name == "TEXTUAL" or (name.startswith("TEXTUAL_") and name not in _HARMLESS):
            del os.environ[name]
    term = os.environ.get("TERM", "")
    capable = any(word in term for word in _TRUE_COLOUR) or term.endswith("-direct")
    if capable and "COLORTERM" not in os.environ:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "truecolor")
