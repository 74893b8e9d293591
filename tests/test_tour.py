"""The recording in screenshots/: of the form that players and browsers read.

asciicast, version 2: https://docs.asciinema.org/manual/asciicast/v2/
"""

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.programs import finished
from tests.running import ROOT

SHIPPED = ROOT / "screenshots"
DELETED = "Deleted New phone."
SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 500_000  # bytes
# What differs between two recordings: codes, passwords, their QR codes, and how long ago it was.
RANDOM = re.compile(r"\b(?:[0-9]{6}|[0-9a-z]{4}(?: [0-9a-z]{4}){3}|[0-9]+ min)\b")
MODULES = str.maketrans("▀▄█", "   ")  # a row of a QR code may have none


def cast(folder: Path) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    header, *events = map(json.loads, (folder / "tour.cast").read_text().splitlines())
    return header, [(seconds, code, content) for seconds, code, content in events]


def played(folder: Path) -> Iterator[tuple[float, str]]:
    """The screens that a terminal makes of it."""
    import pyte

    terminal = pyte.Screen(80, 24)
    stream = pyte.Stream(terminal)
    for seconds, _, content in cast(folder)[1]:
        stream.feed(content)
        yield seconds, "\n".join(terminal.display)


def duration_of_svg(svg: str) -> float:
    (seconds,) = re.findall(r"animation:film ([0-9.]+)s step-end infinite", svg)
    return float(seconds)


def check_cast(folder: Path) -> None:
    header, events = cast(folder)
    assert [header["version"], header["width"], header["height"]] == [2, 80, 24]
    times = [seconds for seconds, _, _ in events]
    assert times[0] == 0
    assert all(before < after for before, after in pairwise(times))
    assert times[-1] == header["duration"] < 20
    assert {code for _, code, _ in events} == {"o"}
    output = "".join(content for _, _, content in events)
    # Cursor, colours, erasing: a player is asked for nothing else, least of all for its clipboard.
    assert set(re.findall(r"\x1b.[0-9;?]*(.)", output)) <= set("HJlhm")
    assert DELETED in events[-2][2]


def check_svg(folder: Path) -> None:
    text = (folder / "tour.svg").read_text()
    root = ElementTree.fromstring(text)
    assert len(text.encode()) < LARGEST
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *("svg", "title", "style", "rect", "defs", "g", "use", "path", "text"),
    }
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    drawn = {f"#{element.get('id')}" for element in root.iter(f"{SVG}g")}
    assert {element.get("href") for element in root.iter(f"{SVG}use")} <= drawn
    header, events = cast(folder)
    assert duration_of_svg(text) == header["duration"]
    (film,) = (element for element in root.iter(f"{SVG}g") if element.get("class") == "film")
    assert len(film) == len(events) - 1 == text.count("{transform:translateX(")
    last = {use.get("href", "")[1:] for use in film[-1]}
    rows = [row for row in root.iter(f"{SVG}g") if row.get("id") in last]
    assert any(DELETED in "".join(row.itertext()) for row in rows)


def test_recording_is_an_asciicast_of_under_twenty_seconds() -> None:
    check_cast(SHIPPED)


def test_picture_that_moves_is_small_has_no_script_and_plays_as_long() -> None:
    check_svg(SHIPPED)


@pytest.mark.slow
def test_tour_is_recorded_from_the_program_twice_alike(tmp_path: Path) -> None:
    recordings = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        command = [sys.executable, "-m", "screenshots.record", str(folder)]
        finished(command, cwd=ROOT, check=True)
        check_cast(folder)
        check_svg(folder)
        screens = [
            (seconds, RANDOM.sub("", text.translate(MODULES))) for seconds, text in played(folder)
        ]
        assert DELETED in screens[-1][1]
        recordings.append(screens)
    assert recordings[0] == recordings[1]
