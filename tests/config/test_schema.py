"""docs/config.schema.json: made from the tables, and right about what the reader takes."""

import json
import tomllib
from typing import Any

import jsonschema
import pytest

from docs.make_schema import FILE, schema
from tests.config.test_example import KEYS, Line, uncommented

COMMITTED: dict[str, Any] = json.loads(FILE.read_text())
VALIDATOR = jsonschema.Draft202012Validator(COMMITTED)
each_key = pytest.mark.parametrize("line", KEYS, ids=lambda line: line.key)


def is_valid(text: str) -> bool:
    # As JSON: a date of TOML is none of the schema's types.
    return VALIDATOR.is_valid(json.loads(json.dumps(tomllib.loads(text), default=str)))


def test_what_is_committed_is_what_the_script_makes() -> None:
    assert schema() == COMMITTED, "run: python -m docs.make_schema"
    VALIDATOR.check_schema(COMMITTED)


@each_key
def test_the_example_is_valid_and_each_wrong_key_and_value_is_not(line: Line) -> None:
    assert is_valid(uncommented(line))
    assert not is_valid(uncommented(line, value="{ wrong = 1979-05-27 }"))
    assert not is_valid(uncommented(line, name=f"{line.name}s"))


@each_key
def test_each_key_is_described_with_its_default_or_an_example(line: Line) -> None:
    key = COMMITTED
    for name in line.anywhere.replace("[]", "").split("."):
        key = key["properties"][name]
        either = next((kind for kind in key.get("anyOf", ()) if "$ref" in kind), key)
        if reference := either.get("items", either).get("$ref"):
            key = COMMITTED["$defs"][reference.removeprefix("#/$defs/")]
    assert key["description"]
    (value,) = tomllib.loads(uncommented(line).splitlines()[line.index]).values()
    if line.kind == "default" and not line.key.startswith("setup"):  # whose depend on the service
        assert key["default"] == value
    else:
        assert value in (key.get("default"), *key.get("examples", ()))


def test_what_is_required_is_missed() -> None:
    assert not is_valid('[[setup]]\nhost = "mail.example.org"')
    assert not is_valid('[delivery]\nkinds = ["text"]')
    assert not is_valid('[[serve.socket]]\nprotocol = "json"')
    assert is_valid("")
