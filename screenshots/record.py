"""Records the tour that lies here: `python -m screenshots.record [FOLDER]`, from the project's top.

The program is the installed one, on a terminal of its own; the tour is typed at a shell, as a
person would. How long a screen stands is written here and not measured, so that the recording does
not depend on the machine: two of them differ in what is random, the codes and the password. Those
are a demonstration's: they open nothing, and are gone when it ends.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pyte

from screenshots.film import Frame, cast, screen_of, svg, text_of
from tests.terminal.program import AWAKE, CALM, INSTALLED, Program

HERE = Path(__file__).parent
COLUMNS, ROWS = 80, 24
PROMPT = "$ "
COMMAND, NAME = "apppw-tui --demo", "New phone"
ENTER, ESCAPE, DOWN = "\r", "\x1b", "\x1b[B"
CREATED, DELETED = f"Created {NAME}.", f"Deleted {NAME}."


class Step(NamedTuple):
    """A key, the text that has to be seen then, and for how many seconds it is looked at."""

    key: str
    text: str
    seconds: float


def typed(text: str, pause: float) -> list[Step]:
    """A letter after the other; what has become of it is looked at for `pause` seconds."""
    steps = [Step(letter, text[:end].rstrip(), 0.07) for end, letter in enumerate(text, 1)]
    return [*steps[:-1], steps[-1]._replace(seconds=pause)]


TOUR = [
    *typed(COMMAND, 0.4),
    Step(ENTER, "A demonstration; nothing is kept.", 1.3),
    Step(ENTER, "A demonstration: the code is", 1.2),
    Step(ENTER, "One password per device or program.", 1.4),
    Step("c", "Name: where will you use it?", 0.6),
    *typed(NAME, 0.5),
    Step(ENTER, "You will not see it again", 1.4),
    Step(ENTER, "Sent to your terminal's clipboard.", 1.2),
    Step("m", "What will you scan it with?", 0.8),
    Step(DOWN, "Delta Chat", 0.3),
    Step(DOWN, "The password alone", 0.4),
    Step(ENTER, "QR code", 1.8),
    Step(ESCAPE, "You will not see it again", 0.5),
    Step(ESCAPE, CREATED, 1.7),
    Step("d", "Delete this app password?", 1.2),
    Step("y", DELETED, 2.6),
]


def record(home: Path) -> list[Frame]:
    """What a terminal shows of the tour, screen by screen; `home` is the program's own."""
    environment = {
        "PATH": f"{Path(INSTALLED).parent}:{os.defpath}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "SSH_TTY": "/dev/pts/0",  # over ssh, as most people come, the clipboard is the terminal's
        "PS1": PROMPT,
    }
    terminal = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(terminal)
    program = Program(["/bin/sh", "-i"], environment)
    try:
        program.settle()
        at = program.output.rindex(PROMPT.encode())
        frames: list[Frame] = []
        for key, text, seconds in [Step("", PROMPT.rstrip(), 0.6), *TOUR]:
            if key:
                program.press(key)
            shown = ()
            while text not in text_of(shown):
                # Where a password is shown, keys count only after a moment.
                program.settle(AWAKE if seconds >= AWAKE else CALM)
                output = program.output
                stream.feed(output[at:])
                at, shown = len(output), screen_of(terminal)
            frames.append(Frame(shown, seconds))
        return frames
    finally:
        program.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with tempfile.TemporaryDirectory() as home:
        frames = record(Path(home))
    still = next(index for index, frame in enumerate(frames) if CREATED in text_of(frame.screen))
    for name, content in (("tour.cast", cast(frames)), ("tour.svg", svg(frames, still))):
        (folder / name).write_text(content, encoding="utf-8")
        print(
            f"{name}: {len(content.encode())} bytes, {sum(frame.seconds for frame in frames):.1f} s"
        )


if __name__ == "__main__":
    main()
