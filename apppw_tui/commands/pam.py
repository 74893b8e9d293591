"""`pam`: the helper for pam_exec(8), where its arguments needed the parser."""

import argparse

from apppw_tui.integrations import pam_exec


def ask(options: argparse.Namespace) -> int:
    """0 for yes; 1 for no and for what cannot be asked; 3 if there is no answer."""
    return pam_exec.ask(options.socket)
