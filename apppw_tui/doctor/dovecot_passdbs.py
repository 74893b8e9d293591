"""The passdbs of Dovecot: their order, and what becomes of a yes, of a no and of no answer."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.doveconf import (
    OURS,
    Block,
    driver,
    has,
    is_ours,
    is_told,
    label,
    passdbs_that_let_in,
)
from apppw_tui.doctor.finding import Finding, danger, warning
from apppw_tui.doctor.pam import is_present
from apppw_tui.doctor.probe import SystemPaths

NOT_OF_PEOPLE = {"lmtp", "none"}  # protocols in which nobody signs in
_WHERE = "Dovecot"
_STOPS = ("return-fail", "return")
_SERVICE = re.compile(r"apppw-(?:%\{[^}]*\}|\S)+")
_VARIABLE = re.compile(r"%(?:\{.*\}|[A-Z]*[a-z])")
_NOBODY = "/dev/null"  # the passwd-file that knows nobody, as 05-apppw-lua.conf has it
# What tells a sign-in from such a question, in 2.3 and in 2.4.
_MECHANISM = re.compile(r"%m|\bmechanism")
_SCRIPT = re.compile(r"(?:\bfile=)?(/\S+\.lua)")
_LOOKS_UP = "function auth_passdb_lookup"
_LARGEST = 1 << 20  # bytes


def check(top: Block, root: Path) -> Iterator[Finding]:
    """Of a Dovecot that asks apppw-tui; `root` is the server's."""
    judging = passdbs_that_let_in(top)
    yield from _order(judging)
    yield from incoming_mail(top, root)
    for passdb in filter(is_ours, judging):
        yield from _results(passdb, top, judging)
    yield from old_passwords_told(top)


def _order(judging: list[Block]) -> Iterator[Finding]:
    if not is_ours(judging[0]):
        yield danger(
            _WHERE,
            f"The passdb {label(judging[0])} stands before apppw-tui's: its passwords open "
            "accounts that are enforced, too.",
            "Put apppw-tui's block first, as recipes/dovecot/ does by the number of its file.",
        )


def _results(ours: Block, top: Block, judging: list[Block]) -> Iterator[Finding]:
    if all(is_ours(passdb) for passdb in judging[judging.index(ours) :]):
        return  # behind it stands nothing that a refusal could go on to
    if ours.settings.get("result_internalfail") not in _STOPS:
        yield danger(
            _WHERE,
            f"result_internalfail of the passdb {label(ours)} is not return-fail: while "
            "apppw-tui is down, old passwords open accounts that are enforced.",
            "Set result_internalfail = return-fail in that passdb.",
        )
    if ours.settings.get("result_failure") in _STOPS:
        return
    if driver(ours) != "pam":
        yield danger(
            _WHERE,
            f"result_failure of the passdb {label(ours)} is not return-fail: old passwords "
            "open accounts that are enforced.",
            "Set result_failure = return-fail in that passdb.",
        )
    elif not _denied_behind(ours, top):
        yield warning(
            _WHERE,
            "Behind PAM, which cannot say who is enforced, stands another passdb: old passwords "
            "open accounts that are enforced.",
            "Add recipes/dovecot/06-apppw-enforced.conf, or set result_failure = return-fail.",
        )


def _denied_behind(ours: Block, top: Block) -> bool:
    """True if what follows ours at once refuses those who are enforced."""
    passdbs = top.of("passdb")
    following = passdbs[passdbs.index(ours) + 1 :]
    return bool(following) and has(following[0], "deny")


def old_passwords_told(top: Block) -> Iterator[Finding]:
    """Of the old passdbs that stand before ours, which must let their yes go on to it."""
    before: list[Block] = []
    for passdb in top.of("passdb"):
        ours = is_ours(passdb) or passdb.name.startswith(OURS)
        if ours and is_told(passdb):
            break
        if not ours:
            before.append(passdb)
    else:
        return
    for passdb in before:
        if _lets_in(passdb) and passdb.settings.get("result_success") != "continue-ok":
            yield warning(
                "Dovecot",
                f"result_success of the passdb {driver(passdb)} is not "
                "continue-ok: whose old password was right there is not told, and `account list` "
                "does not show who has not moved.",
                "Set result_success = continue-ok in that passdb, as 90-apppw-old-password.conf "
                "says.",
            )


def _lets_in(passdb: Block) -> bool:
    return not has(passdb, "deny", "master") and not any(
        _NOBODY in value for value in passdb.values()
    )


def incoming_mail(top: Block, root: Path = Path("/")) -> Iterator[Finding]:
    """Of the passdbs that name apppw, in the order in which they stand; `root` is the server's."""
    ours = list(filter(is_ours, top.of("passdb")))
    for passdb in ours:
        if has(passdb, "deny"):
            yield from _denying(passdb)
        elif (script := _SCRIPT.search(" ".join(passdb.values()))) is not None:
            yield from _script(Path(script[1]), root)
    asking = [passdb for passdb in top.of("passdb") if _may_let_in(passdb)]
    if asking and asking[-1] in ours and _SCRIPT.search(" ".join(asking[-1].values())):
        yield warning(
            _WHERE,
            "Behind apppw-tui's Lua stands no other passdb: what is not apppw-tui's is answered "
            '"not now" instead of no, and with a static userdb no mail is delivered.',
            "Add a passdb behind it; recipes/dovecot/05-apppw-lua.conf has one that knows nobody.",
        )


def _may_let_in(passdb: Block) -> bool:
    # Who is told of a yes is never asked for passdb.
    return not has(passdb, "deny", "master") and not is_told(passdb)


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


def master_users(top: Block) -> Iterator[Finding]:
    for passdb in top.of("passdb"):
        if has(passdb, "master"):
            yield warning(
                _WHERE,
                f"The passdb {label(passdb)} has master users: their passwords open every account.",
                "Remove that passdb, unless somebody needs it.",
            )


def pam_files(top: Block, places: SystemPaths) -> Iterator[Finding]:
    for passdb in passdbs_that_let_in(top):
        if not is_ours(passdb) or driver(passdb) != "pam":
            continue
        for service in _services(passdb, top):
            if not is_present(places, service):
                path = places.pam[0] / service
                yield danger(
                    path,
                    "Dovecot asks PAM for that service, but it has no file: /etc/pam.d/other "
                    "answers, as a rule with the system's passwords.",
                    f"Copy recipes/pam/apppw-imap to {path}.",
                )


def _services(ours: Block, top: Block) -> list[str]:
    """The names by which PAM is asked: args of 2.3, service_name of 2.4."""
    text = " ".join(ours.values())
    match = _SERVICE.search(text)
    if match is None:
        return []
    if not _VARIABLE.search(match[0]):
        return [match[0]]
    protocols = top.words("protocols") or ["imap", "pop3"]
    services = [protocol for protocol in protocols if protocol not in NOT_OF_PEOPLE]
    listeners = [
        listener.name for service in top.of("service") for listener in service.of("unix_listener")
    ]
    if any("postfix" in path for path in listeners):
        services.append("smtp")
    return [_VARIABLE.sub(service, match[0]) for service in services]
