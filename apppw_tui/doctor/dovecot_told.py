"""Old passwords that are right: apppw-tui is told of them, where it is to be told."""

from collections.abc import Iterator

from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, warning

_OURS = "apppw"
_NOBODY = "/dev/null"  # the passwd-file that knows nobody, as 05-apppw-lua.conf has it


def is_told(passdb: Block) -> bool:
    """True of the one of 90-apppw-old-password.conf, which is asked once somebody is in."""
    return passdb.settings.get("skip") == "unauthenticated"


def check(top: Block) -> Iterator[Finding]:
    """Of the old passdbs that stand before ours, which must let their yes go on to it."""
    before: list[Block] = []
    for one in top.of("passdb"):
        ours = any(_OURS in value for value in one.values()) or one.name.startswith(_OURS)
        if ours and is_told(one):
            break
        if not ours:
            before.append(one)
    else:
        return
    for one in before:
        if _lets_in(one) and one.settings.get("result_success") != "continue-ok":
            yield warning(
                "Dovecot",
                f"result_success of the passdb {one.settings.get('driver') or one.name} is not "
                "continue-ok: whose old password was right there is not told, and `account list` "
                "does not show who has not moved.",
                "Set result_success = continue-ok in that passdb, as 90-apppw-old-password.conf "
                "says.",
            )


def _lets_in(passdb: Block) -> bool:
    settings = passdb.settings
    return (
        settings.get("deny") != "yes"
        and settings.get("master") != "yes"
        and not any(_NOBODY in value for value in passdb.values())
    )
