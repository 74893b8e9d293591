"""Services, by the names under which programs sign in; scopes, as people choose them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.names import escaped

ANY_APP = "any"
PORTAL = "apppw-portal"  # under this, the portal asks elsewhere for account passwords
# What a program may call its service: enough for every one that is known.
_SERVICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
# Other names of the same: ports and dialects make no difference to a person.
_ALIASES = {
    "imaps": "imap",
    "pop": "pop3",
    "pop3s": "pop3",
    "managesieve": "sieve",
    "submission": "smtp",
    "submissions": "smtp",
    "smtps": "smtp",
    "radicale": "caldav",
    "dav": "webdav",
    "xmpp-client": "xmpp",
    "https": "http",
    "web": "http",
}
SERVICES = ("imap", "pop3", "sieve", "smtp", "caldav", "carddav", "webdav", "xmpp", "http")


@dataclass(frozen=True)
class Scope:
    """One choice: the word that is kept, its label, and what it opens."""

    id: str
    label: str
    services: frozenset[str]


def _scope(word: str, label: str, *services: str) -> Scope:
    return Scope(word, label, frozenset(services))


SCOPES = (
    _scope(ANY_APP, "Any app", *SERVICES),
    _scope("mail", "Mail", "imap", "pop3", "sieve", "smtp"),
    _scope("sending", "Sending only", "smtp"),
    _scope("calendar", "Calendar and contacts", "caldav", "carddav"),
    _scope("files", "Files", "webdav"),
    _scope("chat", "Chat", "xmpp"),
    _scope("web", "Web", "http"),
)
_GROUPS = {scope.id: scope for scope in SCOPES}


def normalize_service(text: str | None) -> str | None:
    """The service that a program named; None if it named none, or nothing that can be one."""
    name = (text or "").lower()
    name = _ALIASES.get(name, name)
    return name if _SERVICE.fullmatch(name) else None


def services_of(scope: Iterable[str]) -> frozenset[str] | None:
    """The services that the words of `scope` open; None: all, also one that has no name."""
    words = frozenset(scope)
    if ANY_APP in words:
        return None
    # A program may call itself `files`: that is no service of the group of that name.
    groups = words & _GROUPS.keys()
    return (words - groups).union(*(_GROUPS[word].services for word in groups))


def scope_allows(scope: Iterable[str], asked: str | None) -> bool:
    """True if one of the words of `scope` opens the service `asked`; none fits only `Any app`.

    Nothing opens the portal.
    """
    services = services_of(scope)
    return asked != PORTAL and (services is None or asked in services)


def subscopes(scope: Iterable[str]) -> frozenset[str]:
    """The words that ask for no more than the words of `scope` open."""
    words = frozenset(scope)
    if ANY_APP in words:
        return frozenset({*_GROUPS, *SERVICES})
    opened = words.union(*(_GROUPS[word].services for word in words & _GROUPS.keys()))
    return opened | {word for word, group in _GROUPS.items() if group.services <= opened}


def label(scope: Iterable[str]) -> str:
    """The name of a scope."""
    return ", ".join(_GROUPS[word].label if word in _GROUPS else escaped(word) for word in scope)


def read_scope(words: Iterable[str]) -> tuple[str, ...]:
    """A scope from words as they are typed: the groups' words, or single services.

    Raises:
        Refused: one of them is neither; it says what there is.
    """
    ids: list[str] = []
    for word in words:
        name = word.strip().lower()
        # `web` is a scope here, and an alias for a service elsewhere.
        id_ = name if name in _GROUPS else normalize_service(name)
        if id_ not in (*_GROUPS, *SERVICES):
            offered = ", ".join([*_GROUPS, *SERVICES])
            raise Refused(f"There is no scope {escaped(word)}. There are: {offered}.")
        ids += [id_] if id_ not in ids else []
    if not ids:
        raise Refused("A scope needs at least one service.")
    return (ANY_APP,) if ANY_APP in ids else tuple(ids)
