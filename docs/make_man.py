"""Writes the manual pages: python -m docs.make_man.

docs/apppw-tui.1 is made from the command line, docs/apppw-tui.toml.5 from recipes/config.toml.
"""  # noqa: INP001 - texts

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.arguments import EXIT_CODES, parser
from apppw_tui.arguments.examples import EXAMPLES
from apppw_tui.arguments.words import where

PAGE = Path(__file__).with_name("apppw-tui.1")
CONFIG_PAGE = Path(__file__).with_name("apppw-tui.toml.5")
_EXAMPLE = Path(__file__).parents[1] / "recipes" / "config.toml"
_TABLE = re.compile(r"#(\[.*\])")
_KEY = re.compile(r"#([a-z_]+ = .+)")

_DESCRIPTION = """\
Mail, calendar and web programs cannot ask for a security code. apppw-tui gives each of them a
password of its own, that can be deleted by itself. Without a command it opens the portal, in which
a person looks after their app passwords and their second factors. With a command it does one thing
for whoever runs the server, or answers the server's programs.

Passwords are read from standard input or asked at the terminal, and are never arguments. What is
printed for people is in the server's time; with --json, for programs, in UTC, without colour or
other control characters either way. docs/output.schema.json describes what --json prints.
"""
_FILES = {
    "/etc/apppw-tui/config.toml": "The configuration. Where it is, it is everybody's.",
    "$XDG_CONFIG_HOME/apppw-tui/config.toml": "The configuration of one user, where the other is "
    "not there; by default in ~/.config.",
    "/var/lib/apppw-tui": "The store, where /etc/apppw-tui/config.toml is there.",
    "$XDG_DATA_HOME/apppw-tui": "The store otherwise; by default in ~/.local/share.",
    "/run/apppw-tui": "The sockets of the daemon. At the one called http, GET /healthz answers "
    "without credentials: 200 and ok where the daemon could answer questions, 503 where its store "
    "is out of its reach, within eight seconds. With metrics = true in its table, GET /metrics has "
    "the daemon's figures in Prometheus' text format.",
}
_ENVIRONMENT = {
    "APPPW_STORE": "The folder of the store, unless --store names one.",
    "XDG_CONFIG_HOME, XDG_DATA_HOME": "As above.",
    "CREDENTIALS_DIRECTORY": "Where systemd puts the credential apppw-tui-key: the store's key.",
    "RUNTIME_DIRECTORY": "Where the daemon makes its sockets, unless --socket-dir names a folder.",
    "NO_COLOR": "The portal without colour, whatever Settings, Appearance says. "
    "Commands never print any.",
    "TERM, COLORTERM": "What the terminal can show; dumb or none at all: lines, as with --plain.",
    "SUDO_UID, SUDO_USER": "Who calls the program by sudo, for the record of what was done.",
    "JOURNAL_STREAM": "From systemd: lines to the journal get their priority, such as <4>.",
    "LISTEN_FDS, NOTIFY_SOCKET, WATCHDOG_USEC": "From systemd, for apppw-tui serve: its sockets, "
    "whom it tells that it is ready, and how often that it lives.",
    "PAM_USER, PAM_TYPE, PAM_SERVICE, PAM_RHOST": "From pam_exec(8), for apppw-tui pam.",
}
_EXAMPLES = {
    "apppw-tui account add ada": "Adds an account, and asks for its password.",
    "apppw-tui app-password create ada Phone --scope mail --expires 1y": "Prints an app password "
    "that is good for mail and for a year.",
    "apppw-tui account enforce --all --on 2027-01-31": "From that day on only app passwords open "
    "anybody's services.",
    "systemctl try-reload-or-restart apppw-tui": "Takes a changed configuration into use; fails, "
    "and changes nothing, where it is broken.",
    'eval "$(apppw-tui completion bash)"': "Completes the program's commands in this shell.",
}


def page() -> str:
    """The whole page, in the man macros of groff_man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    top = parser()
    yield '.\\" Made by docs/make_man.py; do not edit.'
    yield '.TH APPPW\\-TUI 1 "" "apppw\\-tui" "User Commands"'
    yield ".SH NAME"
    yield f"apppw\\-tui \\- {plain('app passwords for your own server')}"
    yield ".SH SYNOPSIS"
    yield f".B apppw\\-tui\n{_synopsis(top)}"
    yield ".SH DESCRIPTION"
    yield "\n.PP\n".join(plain(part) for part in _DESCRIPTION.strip().split("\n\n"))
    yield ".SH OPTIONS"
    yield plain("--store, --config and --key-file may stand before a command and after it.")
    yield from _arguments(top)
    yield ".SH COMMANDS"
    yield from _commands(top, "")
    yield ".SH EXIT STATUS"
    for code, meaning in _exit_codes():
        yield f".TP\n.B {code}\n{plain(meaning)}"
    for title, meanings in (
        ("FILES", _FILES),
        ("ENVIRONMENT", _ENVIRONMENT),
        ("EXAMPLES", _EXAMPLES),
    ):
        yield f".SH {title}"
        for name, meaning in meanings.items():
            yield f".TP\n.B {plain(name)}\n{plain(meaning)}"
    yield ".SH SEE ALSO"
    yield ".BR apppw\\-tui.toml (5),\n.BR pam_exec (8),\n.BR sshd_config (5)"


def config_page() -> str:
    """The page of the configuration: each table and key of the example, with what is said of it."""
    return "\n".join(_config_lines()) + "\n"


def _config_lines() -> Iterator[str]:
    yield '.\\" Made by docs/make_man.py; do not edit.'
    yield '.TH APPPW\\-TUI.TOML 5 "" "apppw\\-tui" "File Formats"'
    yield ".SH NAME"
    yield f"apppw\\-tui.toml \\- {plain('the configuration of apppw-tui')}"
    yield ".SH DESCRIPTION"
    # The first block says what holds for the whole file.
    head, _, rest = _EXAMPLE.read_text(encoding="utf-8").partition("\n\n")
    paragraphs = (part.replace("\n# ", " ").removeprefix("# ") for part in head.split("\n#\n"))
    yield "\n.PP\n".join(map(plain, paragraphs))
    yield ".SH KEYS"
    comment: list[str] = []
    for line in rest.splitlines():
        table, key = _TABLE.fullmatch(line), _KEY.fullmatch(line)
        text = plain(" ".join(comment))
        if table is not None:
            yield f".SS {plain(table[1])}\n{text}"
        elif key is not None:
            yield f".TP\n\\fB{plain(key[1])}\\fR\n{text}"  # .B would take the quotes
        elif line.startswith("# "):
            comment.append(line.removeprefix("# "))
            continue
        comment = []
    yield ".SH FILES"
    for name in ("/etc/apppw-tui/config.toml", "$XDG_CONFIG_HOME/apppw-tui/config.toml"):
        yield f".TP\n.B {plain(name)}\n{plain(_FILES[name])}"
    yield ".SH SEE ALSO\n.BR apppw\\-tui (1)"


def _commands(of: argparse.ArgumentParser, before: str) -> Iterator[str]:
    """Those that do something, each with what it takes besides `where`."""
    for names, command in _below(of).items():
        name, *aliases = names.removesuffix(")").split(" (")
        words = f"{before} {name}".strip()
        if _below(command):
            yield from _commands(command, words)
            continue
        yield f".SS {plain(words)}"
        yield f".B {plain(f'apppw-tui {words}')}\n{_synopsis(command)}".rstrip()
        also = "".join(f" The same: apppw-tui {before} {alias}." for alias in aliases)
        yield f".PP\n{plain(f'{command.description}{also}')}"
        yield from _arguments(command, shared=_shared())
        examples = "\n".join(plain(line) for line in EXAMPLES[words])
        yield f".PP\nSuch as:\n.PP\n.nf\n.RS 4\n{examples}\n.RE\n.fi"


def _below(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser, as `list (ls)`; argparse has no public way to ask."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {
                str(entry.metavar or entry.dest): action.choices[entry.dest]
                for entry in action._choices_actions
            }
    return {}


def _shared() -> set[str]:
    """What every command takes is told once."""
    return {"--help", *(text for action in where()._actions for text in action.option_strings)}


def _arguments(of: argparse.ArgumentParser, shared: set[str] | None = None) -> Iterator[str]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction) or (shared or set()) & {
            *action.option_strings
        }:
            continue
        help_ = (action.help or "") % {"default": action.default}
        yield f".TP\n{_named(action)}\n{plain(help_[:1].upper() + help_[1:])}."


def _synopsis(of: argparse.ArgumentParser) -> str:
    """What it takes, each on a line of its own: roff fills them."""
    groups = [group._group_actions for group in of._mutually_exclusive_groups if group.required]
    shared = _shared() if of.prog != "apppw-tui" else {"--help"}
    parts = []
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts.append("[\\fICOMMAND\\fR]")
        elif shared & {*action.option_strings}:
            continue
        elif group := next((each for each in groups if action in each), None):
            if action is group[0]:
                parts.append(f"{{{' | '.join(_one(other) for other in group)}}}")
        else:
            optional = not action.required or action.nargs in ("?", "*")
            parts.append(f"[{_one(action)}]" if optional else _one(action))
    return "\n".join(parts)


def _one(action: argparse.Action) -> str:
    many = " ..." if action.nargs in ("*", "+") else ""
    if not action.option_strings:
        value = _value(action)
        return f"{{{value}}}" if action.choices is not None else f"{value}{many}"
    value = "" if action.nargs == 0 else f" {_value(action)}{many}"
    return f"\\fB{plain(action.option_strings[-1])}\\fR{value}"


def _named(action: argparse.Action) -> str:
    if not action.option_strings:
        return _value(action)
    value = "" if action.nargs == 0 else f" {_value(action)}"
    return ", ".join(f"\\fB{plain(text)}\\fR" for text in action.option_strings) + value


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return " | ".join(f"\\fB{plain(str(choice))}\\fR" for choice in action.choices)
    return f"\\fI{plain(str(action.metavar or action.dest.upper()))}\\fR"


def _exit_codes() -> list[tuple[str, str]]:
    """The table of `--help`, whose long lines go on below their beginning."""
    codes: list[tuple[str, str]] = []
    for line in EXIT_CODES.splitlines()[1:]:
        code, _, meaning = line.strip().partition(" ")
        if code.isdecimal():
            codes.append((code, meaning.strip()))
        else:
            codes[-1] = (codes[-1][0], f"{codes[-1][1]} {line.strip()}")
    return codes


def plain(text: str) -> str:
    """Text, of which roff is to interpret nothing."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    return "\n".join(
        f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines()
    )


if __name__ == "__main__":
    PAGE.write_text(page())
    CONFIG_PAGE.write_text(config_page())
