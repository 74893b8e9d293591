"""What each command does, once its arguments are understood: one file for each kind of thing."""

import argparse


def dispatch(options: argparse.Namespace) -> int:
    """Runs the command in `options` and returns its exit code."""
    if options.command == "pam":  # asked at every sign-in, by whoever may not read any of this
        from apppw_tui.commands import pam

        return pam.ask(options)
    from apppw_tui.config import choose

    config = choose(getattr(options, "config", None))
    if options.command == "serve":
        from apppw_tui.commands import serve

        return serve.serve(options, config)
    # Imports are cost: a service asks `verify` often, and it needs nothing of the others.
    if options.command == "verify":
        from apppw_tui.commands import verify

        return verify.verify(options, config)
    if options.command == "account":
        from apppw_tui.commands import account

        return account.ACTIONS[options.action](options, config)
    if options.command == "key":
        from apppw_tui.commands import key

        return key.ACTIONS[options.action](options, config)
    from apppw_tui.commands import app_password

    return app_password.ACTIONS[options.action](options, config)
