"""The program itself: what nobody else imports, so that it may say how the process ends."""

import signal

# While its parts are loaded nothing is under way: an interrupt then just ends it, as it ends any
# program, instead of showing where the import stood. Where interrupts are ignored, they stay so.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from apppw_tui.cli import run

if __name__ == "__main__":
    run()
