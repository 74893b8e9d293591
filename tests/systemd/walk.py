"""The commands of a page of the documents, and what it says is seen after each."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect

from tests.systemd.machine import ENVIRONMENT, PATIENCE, Machine

_DOCS = Path(__file__).parents[2] / "docs"
_HEADING = re.compile(r"^(#{1,6}) (.*)$")
CLONE = "/srv/apppw-tui"  # where the page is walked
_SEVERAL = "…"  # stands for whatever else is in a line
_ASKED = re.compile(rb"([Pp]assword[^\n]*|Again): ?$")


@dataclass(frozen=True)
class Step:
    """One block of commands; `seen` are lines that its output has, in this order."""

    title: str
    commands: str
    seen: tuple[str, ...] = ()


def steps(page: str, chapter: str) -> list[Step]:
    """Those under the heading `chapter` of docs/`page`, down to the next heading of its level."""
    found: list[Step] = []
    for title, kind, text in _blocks((_DOCS / page).read_text(), chapter):
        if kind == "sh":
            found.append(Step(title, text))
        elif kind == "text":
            assert found, f"{page}: {title}: nothing was run yet"
            assert not found[-1].seen, f"{page}: {title}: said twice what is seen"
            found[-1] = Step(found[-1].title, found[-1].commands, tuple(text.splitlines()))
    assert found, f"{page} has no commands under {chapter!r}"
    return found


def _blocks(text: str, chapter: str) -> Iterator[tuple[str, str, str]]:
    """The heading above each fenced block, its language, its text."""
    level, title, fence = 0, "", None
    lines: list[str] = []
    for line in text.splitlines():
        if fence is not None:
            if line.startswith("```"):
                if level:
                    yield title, fence, "\n".join(lines) + "\n"
                fence, lines = None, []
            else:
                lines.append(line)
            continue
        heading = _HEADING.match(line)
        if heading is not None:
            depth = len(heading[1])
            if level and depth <= level:
                return
            title = heading[2]
            if title == chapter:
                level = depth
        elif line.startswith("```"):
            fence = line.removeprefix("```")


def walk(machine: Machine, step: Step, answer: Callable[[str], str]) -> str:
    """Runs a step as an administrator would, at a terminal; what it printed.

    Whatever asks for a password gets what `answer` says, who is told all that was printed so far.
    """
    machine.write("/srv/step.sh", f"cd {CLONE}\n{step.commands}")
    child = pexpect.spawn(
        "env",
        machine.inside("bash", "-euo", "pipefail", "/srv/step.sh"),
        env=ENVIRONMENT,
        timeout=10 * PATIENCE,
        dimensions=(40, 160),
    )
    printed = b""
    while child.expect([_ASKED, pexpect.EOF]) == 0:
        printed += child.before + child.after
        child.waitnoecho(timeout=PATIENCE)
        child.sendline(answer(printed.decode(errors="replace")))
    printed += child.before
    child.close()
    said: str = printed.decode(errors="replace").replace("\r\n", "\n")
    assert child.exitstatus == 0, f"{step.title}: {child.exitstatus}\n{step.commands}\n{said}"
    see(step, said)
    return said


def see(step: Step, said: str) -> None:
    """Every line that the page shows is there, in its order."""
    lines = iter(said.splitlines())
    for wanted in step.seen:
        pattern = ".*".join(map(re.escape, wanted.strip().split(_SEVERAL)))
        assert any(re.fullmatch(pattern, line.strip()) for line in lines), (
            f"{step.title}: {wanted!r} is not seen\n{step.commands}\n{said}"
        )
