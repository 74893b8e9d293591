"""The commands, once their arguments are understood: one file for each kind of thing."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apppw_tui.config import Config


def dispatch(options: argparse.Namespace) -> int:
    """Runs the command in `options` and returns its exit code."""
    if options.command in ("pam", "config", "completion", "doctor"):
        return _act_before_configured(options)
    from apppw_tui.config import choose

    config = choose(getattr(options, "config", None))
    if options.command == "serve":
        from apppw_tui.commands import serve

        return serve.serve(options, config)
    # Imports are cost: a service asks `verify` often, and it needs nothing of the others.
    if options.command == "verify":
        from apppw_tui.commands import verify

        return verify.verify(options, config)
    if options.command in ("activity", "notices", "throttle"):
        return _look(options, config)
    return _act(options, config)


def _act_before_configured(options: argparse.Namespace) -> int:
    """Runs a command that needs no configuration, or asks what is wrong with it."""
    if options.command == "pam":  # asked at every sign-in, by whoever may not read any of this
        from apppw_tui.commands import pam

        return pam.ask(options)
    if options.command == "config":
        from apppw_tui.commands import config

        return config.ACTIONS[options.action](options)
    if options.command == "doctor":
        from apppw_tui.commands import doctor

        return doctor.doctor(options)
    from apppw_tui.commands import completion

    return completion.completion(options)


def _look(options: argparse.Namespace, config: "Config") -> int:
    """Runs a command that says how things are, to the administrator or to people."""
    if options.command == "activity":
        from apppw_tui.commands import activity

        return activity.activity(options, config)
    if options.command == "throttle":
        from apppw_tui.commands import throttle

        return throttle.ACTIONS[options.action](options)
    from apppw_tui.commands import notices

    return notices.notices(options, config)


def _act(options: argparse.Namespace, config: "Config") -> int:
    """Runs a command that can do several things."""
    if options.command == "account":
        from apppw_tui.commands import account

        return account.ACTIONS[options.action](options, config)
    if options.command == "key":
        from apppw_tui.commands import key

        return key.ACTIONS[options.action](options, config)
    if options.command == "backup":
        from apppw_tui.commands import backup

        return backup.backup(options, config)
    if options.command == "restore":
        from apppw_tui.commands import restore

        return restore.restore(options, config)
    if options.command == "store":
        from apppw_tui.commands import migrate

        return migrate.ACTIONS[options.action](options, config)
    from apppw_tui.commands import app_password

    return app_password.ACTIONS[options.action](options, config)
