"""The commands, once their arguments are understood: one file for each kind of thing."""

import argparse
from importlib import import_module

# Imports are cost: a module of this folder is imported when its command is given. `ACTIONS` has
# a function for each action of the command; any other name is the command's own function.
_COMMANDS = {
    "account": "account:ACTIONS",
    "activity": "activity:activity",
    "app-password": "app_password:ACTIONS",
    "backup": "backup:backup",
    "completion": "completion:completion",
    "config": "config:ACTIONS",
    "doctor": "doctor:doctor",
    "key": "key:ACTIONS",
    "notices": "notices:notices",
    "pam": "pam:ask",
    "restore": "restore:restore",
    "serve": "serve:serve",
    "status": "status:status",
    "store": "store:ACTIONS",
    "throttle": "throttle:ACTIONS",
    "verify": "verify:verify",
}
# These need no configuration, or ask what is wrong with it; `pam` is asked at every sign-in, by
# whoever may not read any of this. `status` is asked while it is wrong, too.
_UNCONFIGURED = frozenset({"completion", "config", "doctor", "pam", "status"})


def dispatch(options: argparse.Namespace) -> int:
    """Runs the command in `options` and returns its exit code."""
    arguments: tuple[object, ...] = (options,)
    if options.command not in _UNCONFIGURED:
        from apppw_tui.config import choose

        arguments += (choose(getattr(options, "config", None)),)
    module, _, name = _COMMANDS[options.command].partition(":")
    entry = getattr(import_module(f"{__name__}.{module}"), name)
    function = entry[options.action] if name == "ACTIONS" else entry
    code: int = function(*arguments)
    return code
