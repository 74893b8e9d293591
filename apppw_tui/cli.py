"""Arguments in, exit codes out. Wires the rooms; imports each only when its command needs it."""

import argparse
import os
import signal
import sys
from io import TextIOWrapper
from typing import NoReturn, cast

from apppw_tui.arguments import parser
from apppw_tui.domain.errors import ApppwError, ConfigError, StoreError
from apppw_tui.exit_codes import FAULT, INTERRUPTED, NO_ANSWER, OK, REFUSED
from apppw_tui.integrations.journald import Priority, prefix, to_journal


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code; says what went wrong, a sentence a line."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except (StoreError, ConfigError) as error:
        lines = error.located if isinstance(error, ConfigError) else [error]
        return _say(*lines, code=NO_ANSWER)
    except ApppwError as error:
        return _say(error, code=REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever read the output has left, as `head` does
    except Exception as error:  # noqa: BLE001 - a traceback is for nobody, and could hold a secret
        return _say(_fault(error), code=FAULT)


def _run(words: list[str]) -> int:
    if words[:1] == ["complete"]:  # a shell asks at a key, and has no time for the parser
        from apppw_tui.commands.candidates import print_candidates

        return print_candidates(words[1:])
    top = parser(words)
    return _act(top.parse_args(words), top)


def _act(options: argparse.Namespace, top: argparse.ArgumentParser) -> int:
    if options.kiosk:
        from apppw_tui.commands import kiosk

        kiosk.check(options, top)
    if options.command is None:
        if options.demo and hasattr(options, "key_file"):
            top.error("--demo has a store of its own; leave out --key-file")
        from apppw_tui.commands.portal import portal

        return portal(options, top)
    if options.demo:
        top.error("--demo opens the portal; it goes with no command")
    if options.plain:
        top.error("--plain opens the portal; it goes with no command")
    if options.command == "help":
        top.parse_args([*options.words, "--help"])  # prints it and exits
    from apppw_tui.commands import dispatch

    return dispatch(options)


def run() -> NoReturn:
    """The console script, which __main__.py lets an interrupt end before this."""
    # Whoever ignored it would hide how every program ended that is run from here.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.stdout is not None:
        # Where a terminal cannot show a letter, its number is better than no answer.
        cast(TextIOWrapper, sys.stdout).reconfigure(errors="backslashreplace")
    code = _main_interruptible()
    for stream in (sys.stdout, sys.stderr):  # Textual writes to the second
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            # Said already, or of no concern; the interpreter must not stumble over it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _main_interruptible() -> int:
    """Runs main() so that what is under way can clean up; before and after, SIGINT just ends it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        return main()  # they are ignored, or somebody else's affair
    sys.unraisablehook = _end_by_overlooked_interrupt
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:  # while main() said what went wrong
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return INTERRUPTED
    return code


def _end_by_overlooked_interrupt(overlooked: "sys.UnraisableHookArgs") -> None:
    """Ends the process where Python would print an interrupt and go on: in a weakref's callback."""
    if issubclass(overlooked.exc_type, KeyboardInterrupt):  # every import has such callbacks
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    sys.__unraisablehook__(overlooked)


def _say(*sentences: object, code: int) -> int:
    before = prefix(Priority.ERROR, journal=to_journal())
    for sentence in sentences:
        print(f"{before}apppw-tui: {sentence}", file=sys.stderr)
    return code


def _fault(error: Exception) -> str:
    try:
        if isinstance(error, ImportError):
            raise error
        from apppw_tui.domain.errors import describe_fault
    except ImportError as missing:
        # Root has become the store's owner, who cannot read what root installed for itself alone.
        where = "where the owner of the store can read it"
        return f"its part {missing.name} cannot be loaded; install it {where}."
    return describe_fault(error)
