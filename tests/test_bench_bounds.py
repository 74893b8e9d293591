"""`python -m bench`: a missed bound, and a figure that no script prints, end it otherwise."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT

PRINTED = """
| one thing (1 is 4 ms here) | median | quartiles |
|---|---|---|
| a case | 1.040 | 1.010 to 1.070 |
| another | 7 of 9 | 2.00 |
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of bench/__main__.py, with one script that prints what a test wants."""
    (tmp_path / "one.py").write_text(f"print({PRINTED!r})")
    names = runpy.run_path(str(ROOT / "bench" / "__main__.py"), run_name="bench")
    main: dict[str, Any] = names["main"].__globals__
    monkeypatch.setitem(main, "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", "--json"])
    return main


def judged(bench: dict[str, Any], capsys: pytest.CaptureFixture[str], **bound: Any) -> Any:
    bench["BOUNDS"] = (bench["Bound"]("it", "one.py", **{"table": "one thing", **bound}),)
    code = bench["main"]()
    (figure,) = json.loads(capsys.readouterr().out)
    return code, figure


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        ({"at_most": 1.05}, 0),
        ({"at_most": 1.03}, 1),
        ({"at_least": 1.05}, 1),
        ({"at_most": 1.1, "at_least": 1.0}, 0),
    ],
)
def test_a_missed_bound_ends_it_with_one(
    bench: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    bound: dict[str, float],
    code: int,
) -> None:
    ended, figure = judged(bench, capsys, row="a case", **bound)
    assert (ended, figure["kept"]) == (code, code == 0)
    assert (figure["figure"], figure["spread"]) == (1.04, "1.010 to 1.070")


@pytest.mark.parametrize("bound", [{"row": "no case"}, {"row": "a case", "table": "no thing"}])
def test_a_row_that_is_not_printed_is_an_error(
    bench: dict[str, Any], capsys: pytest.CaptureFixture[str], bound: dict[str, str]
) -> None:
    for words in (["bench"], ["bench", "--small"]):
        sys.argv = words
        with pytest.raises(SystemExit, match=r"one.py has no"):
            judged(bench, capsys, **bound)


def test_what_is_no_figure_is_an_error(
    bench: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"one.py has no figure in 'another'"):
        judged(bench, capsys, row="another")


def test_a_script_that_fails_is_an_error(
    bench: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (bench["HERE"] / "one.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match=r"one.py ended with 3"):
        judged(bench, capsys, row="a case")


@pytest.mark.parametrize(("after", "told"), [((3, 1100), "3%"), ((1, 1100), "")])
def test_it_is_told_that_the_host_took_the_processors_away(
    bench: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    after: tuple[int, int],
    told: str,
) -> None:
    times = iter([(0, 1000), after])
    monkeypatch.setitem(bench, "_stolen", lambda: next(times))
    bench["BOUNDS"] = (bench["Bound"]("it", "one.py", "one thing", "a case"),)
    assert bench["main"]() == 0
    said = capsys.readouterr().err
    assert (" of the processors' time was taken" in said) == bool(told)
    assert told in said


def test_what_the_host_took_is_read_where_the_kernel_says_it(bench: dict[str, Any]) -> None:
    stolen, every = bench["_stolen"]()
    assert 0 <= stolen < every
