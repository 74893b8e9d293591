"""Mail that comes in: it finds its users in Dovecot, whatever apppw-tui has to say.

A static userdb asks the passdbs whether there is such a user: so none of ours may answer that.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, danger, warning

_WHERE = "Dovecot"
_OURS = "apppw"
# What tells a sign-in from such a question, in 2.3 and in 2.4.
_MECHANISM = re.compile(r"%m|\bmechanism")
_SCRIPT = re.compile(r"(?:\bfile=)?(/\S+\.lua)")
_LOOKS_UP = "function auth_passdb_lookup"
_LARGEST = 1 << 20  # bytes


def check(top: Block, root: Path = Path("/")) -> Iterator[Finding]:
    """Of the passdbs that name apppw, in the order in which they stand; `root` is the server's."""
    ours = [one for one in top.of("passdb") if any(_OURS in value for value in one.values())]
    for one in ours:
        if one.settings.get("deny") == "yes":
            yield from _denying(one)
        elif (script := _SCRIPT.search(" ".join(one.values()))) is not None:
            yield from _script(Path(script[1]), root)
    asking = [one for one in top.of("passdb") if _may_let_in(one)]
    if asking and asking[-1] in ours and _SCRIPT.search(" ".join(asking[-1].values())):
        yield warning(
            _WHERE,
            "Behind apppw-tui's Lua stands no other passdb: what is not apppw-tui's is answered "
            '"not now" instead of no, and with a static userdb no mail is delivered.',
            "Add a passdb behind it; recipes/dovecot/05-apppw-lua.conf has one that knows nobody.",
        )


def _may_let_in(passdb: Block) -> bool:
    settings = passdb.settings
    return not (
        settings.get("deny") == "yes"
        or settings.get("master") == "yes"
        or settings.get("skip") == "unauthenticated"  # told of a yes, never asked for one
    )


def _denying(passdb: Block) -> Iterator[Finding]:
    if not any(map(_MECHANISM.search, passdb.values())):
        yield danger(
            _WHERE,
            "The passdb that refuses who is enforced also answers whether there is such a user: "
            "with a static userdb, mail to them bounces.",
            "Take recipes/dovecot/06-apppw-enforced.conf of this version.",
        )


def _script(path: Path, root: Path) -> Iterator[Finding]:
    try:
        with (root / path.relative_to("/")).open("rb") as file:
            text = file.read(_LARGEST).decode(errors="replace")
    except OSError:
        return  # Dovecot itself says so, and does not start
    if _LOOKS_UP not in text:
        yield danger(
            path,
            "It does not answer whether there is a user: with a static userdb, no mail is "
            "delivered.",
            f"Copy recipes/dovecot/{path.name} of this version to {path}.",
        )
