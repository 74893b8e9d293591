"""A strict reader of Prometheus' text exposition format 0.0.4, for tests.

As promtool reads it, and what its linter asks for besides: every metric has HELP and TYPE before
its samples, stands in one place, and a counter ends in `_total`.
"""

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) ((?:[^\\\n]|\\\\|\\n)+)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|summary)")
_VALUE = r'(?:[^"\\\n]|\\\\|\\"|\\n)*'
_LABEL = re.compile(rf'([a-zA-Z_][a-zA-Z0-9_]*)="({_VALUE})"(,|$)')
_SAMPLE = re.compile(rf'({_NAME})(?:{{((?:[^"]|"{_VALUE}")+)}})? ([0-9][0-9.e+-]*)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(content: bytes) -> Samples:
    """All samples by name and labels; fails where anything is not as the format has it."""
    text = content.decode()
    assert text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    samples: Samples = {}
    seen: set[str] = set()
    family = kind = ""
    for number, line in enumerate(lines):
        if help_ := _HELP.fullmatch(line):
            family, kind = help_[1], ""
            assert family not in seen, line
            seen.add(family)
        elif type_ := _TYPE.fullmatch(line):
            kind = type_[2]
            assert (type_[1], _HELP.fullmatch(lines[number - 1]) is not None) == (family, True)
            assert family.endswith("_total") is (kind == "counter"), line
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample is not None, line
            ends = ("_sum", "_count") if kind == "summary" else ("",)
            assert kind, line
            assert sample[1] in {family + end for end in ends}, line
            key = sample[1], _labels(sample[2] or "")
            assert key not in samples, line
            samples[key] = float(sample[3])
    return samples


def _labels(text: str) -> frozenset[tuple[str, str]]:
    labels = []
    position = 0
    while position < len(text):
        label = _LABEL.match(text, position)
        assert label is not None, text
        value = re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], label[2])
        labels.append((label[1], value))
        position = label.end()
    assert len(dict(labels)) == len(labels), text
    return frozenset(labels)
