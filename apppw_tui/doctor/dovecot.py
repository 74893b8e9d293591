"""Ways past apppw-tui in Dovecot, as Dovecot itself understood its configuration."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor import (
    dovecot_files,
    dovecot_names,
    dovecot_told,
    dovecot_users,
    dovecot_worker,
    enforced,
)
from apppw_tui.doctor.doveconf import Block, parse
from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.pam import is_present
from apppw_tui.doctor.probe import Run, SystemPaths

COMMAND = ("doveconf", "-n")
_WHERE = "Dovecot"
_OURS = "apppw"
# The only two that bring the password itself.
_MECHANISMS = {"plain", "login"}
_SERVICE = re.compile(r"apppw-(?:%\{[^}]*\}|\S)+")
_VARIABLE = re.compile(r"%(?:\{.*\}|[A-Z]*[a-z])")
_NOT_OF_PEOPLE = {"lmtp", "none"}  # protocols in which nobody signs in
_STOPS = ("return-fail", "return")
# %n of Dovecot 2.3, `user | username` of 2.4: the domain goes.
_CUTS_DOMAIN = re.compile(r"%[A-Z]*n|%\{[^}]*\busername\b")


def asks_us(top: Block) -> bool:
    """True if one of its passdbs is ours."""
    return any(map(_is_ours, _judging(top)))


def check(
    ask: Run, places: SystemPaths, folder: Path, asked: frozenset[Path] = frozenset()
) -> list[Finding]:
    """Nothing but "not looked at" where Dovecot is not here, or nobody's account is its affair.

    `folder` is the store; `asked` are the sockets at which the daemon is asked by Lua.
    """
    output = ask(COMMAND)
    if output.error:
        return [output.as_finding()]
    top = parse(output.out)
    judging = _judging(top)
    if not asks_us(top):
        return list(_not_asking(top, judging, folder))
    return [
        *_order(judging),
        *dovecot_users.check(top, places.root),
        *(finding for one in judging if _is_ours(one) for finding in _results(one, top, judging)),
        *dovecot_told.check(top),
        *_mechanisms(top),
        *_cache(top),
        *_masters(top),
        *_user_names(top),
        *_pam_files(top, judging, places),
        *_files(top, judging, places, folder, asked),
    ] or [ok(_WHERE, "Nothing gets past apppw-tui.")]


def asks_by_lua(ask: Run) -> bool:
    """True if one of its passdbs is to ask the daemon itself."""
    output = ask(COMMAND)
    return not output.error and _has_lua(_judging(parse(output.out)))


def _has_lua(judging: list[Block]) -> bool:
    ours = filter(_is_ours, judging)
    return any(_driver(our) == "lua" and not dovecot_told.is_told(our) for our in ours)


def _not_asking(top: Block, judging: list[Block], folder: Path) -> Iterator[Finding]:
    """Finds a Dovecot that asks nobody whether an account is enforced, where one is."""
    protocols = top.words("protocols") or ["imap", "pop3"]  # those of 2.3, where all are default
    judged = (
        enforced.enforced_or_disabled(folder) if judging and set(protocols) - _NOT_OF_PEOPLE else {}
    )
    if judged:
        first, *more = judged
        others = f" and {len(more)} more" if more else ""
        yield danger(
            _WHERE,
            f"No passdb of it asks apppw-tui, and accounts are enforced or disabled ({first}"
            f"{others}): their old passwords open their mail.",
            f"Put recipes/dovecot/ in place. If Dovecot is not to ask, {_otherwise(judged)}",
        )
    else:
        yield ok(_WHERE, "No passdb names apppw, so Dovecot was not looked at.")


def _otherwise(judged: dict[str, bool]) -> str:
    """The advice for accounts that Dovecot alone is to judge; of the disabled it is True."""
    said = ["disable in it, too, who is disabled here"] if any(judged.values()) else []
    if not all(judged.values()):
        said.append("run: apppw-tui account open NAME" + (", for the others" if said else ""))
    return "; ".join(said)


def _judging(top: Block) -> list[Block]:
    """The passdbs that can let somebody in.

    Not those of master users, and not those that only refuse.
    """
    return [one for one in top.of("passdb") if not _is(one, "master") and not _is(one, "deny")]


def _files(
    top: Block, judging: list[Block], places: SystemPaths, folder: Path, asked: frozenset[Path]
) -> Iterator[Finding]:
    for one in filter(_is_ours, judging):
        if _driver(one) == "lua":
            yield from dovecot_files.script(one, places, folder, asked)
            if not dovecot_told.is_told(one):
                yield from dovecot_worker.check(one, top, asked, folder)
    yield from dovecot_names.check(top, folder, lua=_has_lua(judging))


def _order(judging: list[Block]) -> Iterator[Finding]:
    if not _is_ours(judging[0]):
        yield danger(
            _WHERE,
            f"The passdb {_called(judging[0])} stands before apppw-tui's: its passwords open "
            "accounts that are enforced, too.",
            "Put apppw-tui's block first, as recipes/dovecot/ does by the number of its file.",
        )


def _results(ours: Block, top: Block, judging: list[Block]) -> Iterator[Finding]:
    if all(_is_ours(one) for one in judging[judging.index(ours) :]):
        return  # behind it stands nothing that a refusal could go on to
    if ours.settings.get("result_internalfail") not in _STOPS:
        yield danger(
            _WHERE,
            f"result_internalfail of the passdb {_called(ours)} is not return-fail: while "
            "apppw-tui is down, old passwords open accounts that are enforced.",
            "Set result_internalfail = return-fail in that passdb.",
        )
    if ours.settings.get("result_failure") in _STOPS:
        return
    if _driver(ours) != "pam":
        yield danger(
            _WHERE,
            f"result_failure of the passdb {_called(ours)} is not return-fail: old passwords "
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
    return bool(following) and _is(following[0], "deny")


def _mechanisms(top: Block) -> Iterator[Finding]:
    others = [word for word in top.words("auth_mechanisms") if word.lower() not in _MECHANISMS]
    if others:
        yield danger(
            _WHERE,
            f"auth_mechanisms has {' and '.join(others)}: what these bring, apppw-tui cannot "
            "judge, and another passdb answers.",
            "Set auth_mechanisms = plain login.",
        )


def _cache(top: Block) -> Iterator[Finding]:
    size = top.settings.get("auth_cache_size", "0")
    if not re.fullmatch(r"0+ *[a-zA-Z]*", size):
        yield danger(
            _WHERE,
            f"auth_cache_size is {size}: what Dovecot remembers lets a deleted app password in.",
            "Set auth_cache_size = 0.",
        )


def _masters(top: Block) -> Iterator[Finding]:
    for one in top.of("passdb"):
        if _is(one, "master"):
            yield warning(
                _WHERE,
                f"The passdb {_called(one)} has master users: their passwords open every account.",
                "Remove that passdb, unless somebody needs it.",
            )


def _user_names(top: Block) -> Iterator[Finding]:
    form = top.settings.get("auth_username_format", "")
    if _CUTS_DOMAIN.search(form):
        yield notice(
            _WHERE,
            f"auth_username_format = {form} cuts off the domain: ada@example.org is asked for "
            "as ada.",
            "Keep the domain, unless no account has one.",
        )


def _pam_files(top: Block, judging: list[Block], places: SystemPaths) -> Iterator[Finding]:
    for one in judging:
        if not _is_ours(one) or _driver(one) != "pam":
            continue
        for service in _services(one, top):
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
    services = [protocol for protocol in protocols if protocol not in _NOT_OF_PEOPLE]
    listeners = [one.name for service in top.of("service") for one in service.of("unix_listener")]
    if any("postfix" in path for path in listeners):
        services.append("smtp")
    return [_VARIABLE.sub(service, match[0]) for service in services]


def _is_ours(passdb: Block) -> bool:
    return any(_OURS in value for value in passdb.values())


def _is(passdb: Block, flag: str) -> bool:
    return passdb.settings.get(flag) == "yes"


def _driver(passdb: Block) -> str:
    """2.4: a block's name is its driver, unless it says otherwise."""
    return passdb.settings.get("driver") or passdb.name


def _called(passdb: Block) -> str:
    driver = _driver(passdb)
    return f"{passdb.name} ({driver})" if passdb.name not in ("", driver) else driver
