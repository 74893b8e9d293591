"""The commands, once their arguments are understood: one file for each kind of thing."""

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module

# Imports are cost: a module of this folder is imported when its command is given. An action that
# is not named here is one of its command's table.
_COMMANDS = {
    "account": "account_actions:run",
    "account add": "account:add",
    "account import": "account_import:import_file",
    "account list": "account_list:list_accounts",
    "account prune": "account_prune:prune_accounts",
    "account remove": "account:remove",
    "account remove-key": "account:remove_key",
    "account rename": "account:rename",
    "account set-password": "account:set_password",
    "account show": "account_show:show",
    "account tidy": "account:purge_expired",
    "activity": "activity:activity",
    "app-password create": "app_password:create",
    "app-password delete": "app_password:delete",
    "app-password edit": "app_password:edit",
    "app-password ensure": "app_password:ensure",
    "app-password list": "app_password:list_",
    "app-password pause": "app_password:pause",
    "app-password resume": "app_password:resume",
    "backup": "backup:backup",
    "completion": "completion:completion",
    "config check": "config:check",
    "doctor": "doctor:doctor",
    "key rotate": "key:rotate",
    "notices": "notices:notices",
    "pam": "pam:ask",
    "recipes": "recipes:run",
    "restore": "restore:restore",
    "serve": "serve:serve",
    "status": "status:status",
    "store copy": "store_copy:copy",
    "store follow": "machines:follow",
    "store forget": "machines:forget",
    "store init": "store_copy:init",
    "store machines": "machines:list_",
    "store migrate": "store:migrate",
    "store tidy": "store:tidy",
    "throttle clear": "throttle:clear",
    "throttle list": "throttle:list_",
    "verify": "verify:verify",
}
# These need no configuration, or ask what is wrong with it; `pam` is asked at every sign-in, by
# whoever may not read any of this. `status` is asked while it is wrong, too.
_UNCONFIGURED = frozenset({"completion", "config", "doctor", "pam", "recipes", "status"})
_ENDLESS = frozenset({"serve"})  # its threads tell on standard error what happens


def dispatch(options: argparse.Namespace) -> int:
    """Runs the command in `options` and returns its exit code."""
    arguments: tuple[object, ...] = (options,)
    if options.command not in _UNCONFIGURED:
        from apppw_tui.config import choose

        arguments += (choose(getattr(options, "config", None)),)
    action = f"{options.command} {getattr(options, 'action', '')}"
    module, _, name = _COMMANDS[action if action in _COMMANDS else options.command].partition(":")
    run = getattr(import_module(f"{__name__}.{module}"), name)
    with nullcontext() if options.command in _ENDLESS else _progress():
        code: int = run(*arguments)
    return code


def _progress() -> AbstractContextManager[None]:
    """Shows at a terminal how far the command is; elsewhere not even the module is loaded."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext()
    from apppw_tui.commands.progress_line import ProgressLine, is_shown_on
    from apppw_tui.domain.progress import showing_progress

    return showing_progress(ProgressLine(sys.stderr)) if is_shown_on(sys.stderr) else nullcontext()
