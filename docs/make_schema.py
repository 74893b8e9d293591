"""Writes the schemas of the configuration and of --json: python -m docs.make_schema.

docs/config.schema.json is made from the tables and their example, docs/output.schema.json from the
facts that commands print.
"""  # noqa: INP001 - texts

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from apppw_tui.commands import account_facts, facts, server_facts
from apppw_tui.config.tables import ConfigTable

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILE = Path(__file__).with_name("config.schema.json")
OUTPUT_FILE = Path(__file__).with_name("output.schema.json")
EXAMPLE = Path(__file__).parents[1] / "recipes" / "config.toml"
_TABLE = re.compile(r"#\[\[?([a-z._]+)\]\]?")
_KEY = re.compile(r"#([a-z_]+) = .+")
_REFERENCE = "#/$defs/"
_CALLED = {"Failed": "error", "LastUseTold": "last use", "FindingTold": "finding"}
# Kinds of values that stand in several facts.
_KINDS: dict[str, Any] = {
    "time": facts.Time,
    "name": facts.Name,
    "id": facts.Id,
    "scope": facts.Scope,
    "networks": facts.Networks,
    "told since": facts.ToldSince,
    "changed": facts.Changed,
}


def _rows(*types: type[facts.Facts]) -> Any:
    """A list in which each element is of one of `types`, or one that failed."""
    return list[Annotated[Any, facts.one_of(*types, facts.Failed)]]


# What each command prints with --json.
_PRINTED: dict[str, Any] = {
    "account add": account_facts.AccountAdded,
    "account list": list[account_facts.AccountListed],
    "account import": list[
        Annotated[
            Any,
            facts.one_of(
                account_facts.Imported, account_facts.ThereAlready, account_facts.NotImported
            ),
        ]
    ],
    "account prune": Annotated[
        _rows(account_facts.Removed),
        msgspec.Meta(
            description="Whom Dovecot does not know, and, with an error, of whom it does not say; "
            "not those whom it knows."
        ),
    ],
    "account show": account_facts.AccountShown,
    "account set-password": account_facts.PasswordSet,
    "account disable": _rows(account_facts.Disabled),
    "account enable": _rows(account_facts.Enabled),
    "account rename": account_facts.Renamed,
    "account remove-key": account_facts.KeyRemoved,
    "account require-verification": _rows(account_facts.VerificationRequired),
    "account bypass": _rows(account_facts.Bypassed),
    "account enforce": _rows(account_facts.Enforced),
    "account open": _rows(account_facts.NotEnforced),
    "account tidy": _rows(account_facts.Tidied),
    "account unlock": _rows(account_facts.Unlocked),
    "account delete-app-passwords": _rows(account_facts.AppPasswordsDeleted),
    "account remove": _rows(account_facts.Removed),
    "app-password create": account_facts.Created,
    "app-password ensure": account_facts.Ensured,
    "app-password list": list[account_facts.AppPasswordListed],
    "app-password edit": account_facts.ChangedAppPassword,
    "app-password pause": account_facts.ChangedAppPassword,
    "app-password resume": account_facts.ChangedAppPassword,
    "app-password delete": account_facts.AppPasswordDeleted,
    "activity": server_facts.Activity,
    "backup": server_facts.BackedUp,
    "restore": server_facts.StoreRestored,
    "store copy": server_facts.StoreCopied,
    "store forget": server_facts.MachineForgotten,
    "store machines": list[server_facts.MachineListed],
    "store init": server_facts.StoreMade,
    "store migrate": server_facts.Migrated,
    "store tidy": server_facts.StoreTidied,
    "status": server_facts.Status,
    "throttle list": Annotated[list[server_facts.ThrottledPlace], msgspec.Meta(max_length=100)],
    "throttle clear": server_facts.Cleared,
    "recipes list": list[server_facts.Recipe],
    "recipes install": server_facts.RecipesInstalled,
    "doctor": list[server_facts.FindingTold],
    "config check": server_facts.ConfigChecked,
}


def schema() -> dict[str, Any]:
    """The schema of the whole file, for editors."""
    made: dict[str, Any] = json.loads(msgspec.json.encode(msgspec.json.schema(ConfigTable)))
    tables = made["$defs"]
    whole = tables.pop("ConfigTable")
    for table in (whole, *tables.values()):
        del table["title"]
        table.pop("description", None)  # which is for those who read the code
    for names, comment, value in _commented(EXAMPLE.read_text().splitlines()):
        key = whole
        for name in names:
            key = _table(key, tables)["properties"][name]
        if comment:
            key.setdefault("description", comment)
        if value not in (None, key.get("default"), *key.get("examples", ())):
            key.setdefault("examples", []).append(value)
    return {
        "$schema": _DRAFT,
        "title": "The configuration of apppw-tui",
        **whole,
        "$defs": tables,
    }


def _table(key: dict[str, Any], tables: dict[str, Any]) -> dict[str, Any]:
    """The table that stands at `key`, once or several times."""
    either = next((kind for kind in key.get("anyOf", ()) if "$ref" in kind), key)
    reference = either.get("items", either).get("$ref")
    table: dict[str, Any] = key if reference is None else tables[reference.rpartition("/")[2]]
    return table


def _commented(lines: list[str]) -> Iterator[tuple[list[str], str, Any]]:
    """Each table and key of the example: its names, the comment above it, and what it shows."""
    table: list[str] = []
    comment = ""
    for line in lines:
        if match := _TABLE.fullmatch(line):
            table = match[1].split(".")
            yield table, comment, None
        elif match := _KEY.fullmatch(line):
            yield [*table, match[1]], comment, tomllib.loads(line[1:])[match[1]]
        comment = f"{comment} {line[2:]}".strip() if line.startswith("# ") else ""


def output_schema() -> dict[str, Any]:
    """The schema of what is printed with --json, for programs."""
    kinds = dict(zip(_KINDS, _schemas(_KINDS.values())[0], strict=True))
    structs = facts.Facts.__subclasses__()
    made, components = _schemas((*_PRINTED.values(), *structs))
    for struct in components.values():
        del struct["title"]
        if "description" in struct:
            struct["description"] = " ".join(struct["description"].split())
    # What else an event tells depends on what happened.
    components["Activity"]["additionalProperties"] = {"type": "string"}
    counted = Counter(_references([*made[: len(_PRINTED)], *components.values()]))
    shared = {name: struct for name, struct in components.items() if counted[name] > 1}
    single = {name: struct for name, struct in components.items() if counted[name] == 1}

    def written(part: Any) -> Any:
        """With what is used once in its place, and what is shared by its name."""
        if isinstance(part, list):
            return [written(element) for element in part]
        if not isinstance(part, dict):
            return part
        name = part.get("$ref", "").removeprefix(_REFERENCE)
        if name in single:
            return {**written(single[name]), **{key: part[key] for key in part if key != "$ref"}}
        if name:
            return {**part, "$ref": _REFERENCE + quote(_words(name))}
        whole = {key: written(value) for key, value in part.items()}
        return by_kind.get(json.dumps(whole, sort_keys=True), whole)

    by_kind: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for kind, kind_schema in kinds.items():
        definitions[kind] = written(kind_schema)
        text = json.dumps(definitions[kind], sort_keys=True)
        by_kind[text] = {"$ref": _REFERENCE + quote(kind)}
    definitions |= {_words(name): written(struct) for name, struct in shared.items()}
    commands = zip(_PRINTED, made, strict=False)  # behind them are the structs themselves
    definitions |= {command: written(printed) for command, printed in commands}
    return {
        "$schema": _DRAFT,
        "title": "What apppw-tui prints with --json",
        "description": "One definition for each command, called like it. What went wrong with the "
        "whole command is said in a sentence on standard error and by the exit code alone.",
        "$defs": definitions,
    }


def _schemas(types: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    made = msgspec.json.schema_components(tuple(types), ref_template=_REFERENCE + "{name}")
    schemas, components = json.loads(msgspec.json.encode(made))
    return schemas, components


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].removeprefix(_REFERENCE)
        part = list(part.values())
    if isinstance(part, list):
        for element in part:
            yield from _references(element)


def _words(name: str) -> str:
    """The name of a definition, by the class's."""
    return _CALLED.get(name) or re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower()


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2) + "\n")
    OUTPUT_FILE.write_text(json.dumps(output_schema(), indent=2) + "\n")
