"""The configuration as Dovecot understood it: blocks of `doveconf -n`, of 2.3 and of 2.4."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from apppw_tui.domain.lines import lines

COMMAND = ("doveconf", "-n")
OURS = "apppw"
# doveconf(1): `key = value`, or `kind {`, or `kind "name" {` and its end on lines of their own.
_SETTING = re.compile(r"([^\s=]+) =(?: (.*))?")
_BLOCK = re.compile(r"(\S+)(?: (.*))? \{")


@dataclass
class Block:
    """Settings, and blocks in the order in which they are printed."""

    kind: str = ""
    name: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def of(self, kind: str) -> "list[Block]":
        return [block for block in self.blocks if block.kind == kind]

    def words(self, key: str) -> list[str]:
        """A list: `key = a b`, or in 2.4 also `key { a = yes }`."""
        words = _unquoted(self.settings.get(key, "")).split()
        for block in self.of(key):
            words += [word for word, value in block.settings.items() if value == "yes"]
        return words

    def values(self) -> Iterator[str]:
        """Every value in it, however deep."""
        yield from self.settings.values()
        for block in self.blocks:
            yield from block.values()


def parse(text: str) -> Block:
    """Reads the blocks; a line that is not understood is passed over."""
    top = Block()
    inside = [top]
    for line in map(str.strip, lines(text)):
        if line.startswith("#"):
            continue
        if setting := _SETTING.fullmatch(line):
            inside[-1].settings[setting[1]] = setting[2] or ""
        elif begun := _BLOCK.fullmatch(line):
            block = Block(begun[1], _unquoted(begun[2] or ""))
            inside[-1].blocks.append(block)
            inside.append(block)
        elif line == "}" and len(inside) > 1:
            inside.pop()
    return top


def _unquoted(value: str) -> str:
    return value.strip().removeprefix('"').removesuffix('"')


def passdbs_that_let_in(top: Block) -> list[Block]:
    """Not those of master users, and not those that only refuse."""
    return [passdb for passdb in top.of("passdb") if not has(passdb, "master", "deny")]


def asks_us(top: Block) -> bool:
    """True if one of its passdbs is ours."""
    return any(map(is_ours, passdbs_that_let_in(top)))


def has_lua(top: Block) -> bool:
    """True if one of its passdbs asks the daemon by Lua."""
    ours = filter(is_ours, passdbs_that_let_in(top))
    return any(driver(passdb) == "lua" and not is_told(passdb) for passdb in ours)


def is_ours(passdb: Block) -> bool:
    return any(OURS in value for value in passdb.values())


def is_told(passdb: Block) -> bool:
    """True of the one of 90-apppw-old-password.conf, which is asked once somebody is in."""
    return passdb.settings.get("skip") == "unauthenticated"


def has(passdb: Block, *flags: str) -> bool:
    """True if one of `flags` is set in it."""
    return any(passdb.settings.get(flag) == "yes" for flag in flags)


def driver(passdb: Block) -> str:
    """2.4: a block's name is its driver, unless it says otherwise."""
    return passdb.settings.get("driver") or passdb.name


def label(passdb: Block) -> str:
    """Its name, and its driver where that is another word."""
    kind = driver(passdb)
    return f"{passdb.name} ({kind})" if passdb.name not in ("", kind) else kind
