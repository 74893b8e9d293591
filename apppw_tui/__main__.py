"""The program itself: what nobody else imports, so that it may say how the process ends."""

import os
import sys

from apppw_tui.exit_codes import INTERRUPTED


def run() -> None:
    """The console script; it does not return."""
    if sys.argv[1:2] == ["pam"]:
        _ask_for_pam(sys.argv[2:])
    import signal

    # While its parts are loaded nothing is under way: an interrupt then just ends it, as it ends
    # any program, instead of showing where the import stood. Where interrupts are ignored, they
    # stay so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _open_standard_streams()
    from apppw_tui import cli

    cli.run()


def _open_standard_streams() -> None:
    """Opens standard streams that are closed: the next files would get the log's lines instead.

    Before anything is loaded: libffi, behind the hashes, may keep a file of its own open.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _ask_for_pam(words: list[str]) -> None:
    """Ends the process with an answer to PAM, unless the arguments have to be parsed for that.

    Somebody waits for it at every sign-in. To load the command line would take as long again, and
    to take the interpreter apart a tenth of the whole: nothing was written that is to be flushed.
    """
    try:
        from apppw_tui.integrations import pam_exec

        socket = pam_exec.named_socket(words)
        if socket is not None:
            os._exit(pam_exec.ask(socket))
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
