"""Exit codes; what they mean is promised in `--help` and docs/reference.md."""

OK = 0
REFUSED = 1
USAGE = 2
NO_ANSWER = 3
DANGER = 4
ALREADY = 5
NO_TERMINAL = 64  # sysexits.h, EX_USAGE
FAULT = 70  # sysexits.h, EX_SOFTWARE
BY_SIGNAL = 128  # plus the signal's number, as shells count
INTERRUPTED = BY_SIGNAL + 2
