"""Opens the portal: a fit terminal, a clean environment, then the screens."""

import argparse
import os
import secrets
import sys

from apppw_tui import config as configuration
from apppw_tui import demo
from apppw_tui.domain.clock import SystemClock
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.exits import NO_TERMINAL
from apppw_tui.portal.portal import Portal
from apppw_tui.store.memory import MemoryStore
from apppw_tui.store.place import is_own, open_store

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
    # stderr too: that is where Textual writes.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        print("apppw-tui: the portal needs a terminal; try ssh -t.", file=sys.stderr)
        return NO_TERMINAL
    if os.environ.get("TERM") == "dumb":
        print("apppw-tui: this terminal cannot show screens (TERM=dumb).", file=sys.stderr)
        return NO_TERMINAL
    config = configuration.choose(getattr(options, "config", None))
    clock = SystemClock()
    if options.demo:
        memory = MemoryStore()
        hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE)
        demo.fill(memory, hasher, clock, secrets.randbelow, secrets.token_hex)
        rooms = Portal(memory, hasher, clock, config.policy)
    else:
        folder = configuration.store_folder(getattr(options, "store", None), config)
        own = is_own(folder) and not configuration.present(configuration.SYSTEM_FILE)
        store = open_store(folder, create=own)
        domain = config.default_domain
        rooms = Portal(store, Hasher(), clock, config.policy, default_domain=domain)
    clean_environment()

    from apppw_tui.ui.app import PortalApp, Surroundings

    over_ssh = "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ
    surroundings = Surroundings(
        host_name=demo.HOST_NAME if options.demo else config.host_name,
        may_create_first=not options.demo and own and not over_ssh,
        demo=(demo.ACCOUNT, demo.PASSWORD) if options.demo else None,
    )
    app = PortalApp(rooms, clock, surroundings)
    code = app.run_guarded()
    if app.last_words is not None:
        print(f"apppw-tui: {app.last_words}", file=sys.stderr)
    return code


def clean_environment() -> None:
    """Drops what would make Textual log, load or do things; must run before it is imported."""
    for name in list(os.environ):
        if name == "TEXTUAL" or (name.startswith("TEXTUAL_") and name not in _HARMLESS):
            del os.environ[name]
    term = os.environ.get("TERM", "")
    capable = any(word in term for word in _TRUE_COLOUR) or term.endswith("-direct")
    if capable and "COLORTERM" not in os.environ:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "truecolor")
