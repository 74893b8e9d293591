"""Services, by the names under which programs sign in; scopes, as people choose them."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, NewType, TypeAlias

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.names import escaped

# A service in its one accepted form: made here, and where one is read that was written down in it.
Service = NewType("Service", str)

ANY_APP = "any"
PORTAL = Service("apppw-portal")  # under this, the portal asks elsewhere for account passwords
# What a program may call its service: enough for every one that is known.
_SERVICE = r"(?a)[a-z0-9][a-z0-9._-]{0,31}"
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
SERVICES = IMAP, POP3, SIEVE, SMTP, CALDAV, CARDDAV, WEBDAV, XMPP, HTTP = tuple(
    map(Service, ("imap", "pop3", "sieve", "smtp", "caldav", "carddav", "webdav", "xmpp", "http"))
)


ScopeLabel: TypeAlias = Callable[[Iterable[str]], str]  # the name of a scope, given its words


class Scope(NamedTuple):
    """One choice: the word that is kept, its label, and what it opens."""

    id: str
    label: str
    services: frozenset[Service]


class OwnService(NamedTuple):
    """A service of this server's own, as configured: a VPN, FTP, whatever PAM serves.

    `Any app` opens it only if it is `in_any`.
    """

    id: Service
    label: str
    in_any: bool = False


def _scope(word: str, label: str, *services: Service) -> Scope:
    return Scope(word, label, frozenset(services))


SCOPES = (
    _scope(ANY_APP, "Any app", *SERVICES),
    _scope("mail", "Mail", IMAP, POP3, SIEVE, SMTP),
    _scope("sending", "Sending only", SMTP),
    _scope("calendar", "Calendar and contacts", CALDAV, CARDDAV),
    _scope("files", "Files", WEBDAV),
    _scope("chat", "Chat", XMPP),
    _scope("web", "Web", HTTP),
)
_GROUPS = {scope.id: scope for scope in SCOPES}


def parse_service(text: str | None) -> Service | None:
    """The service that a program named; None if it named none, or nothing that can be one."""
    name = (text or "").lower()
    name = _ALIASES.get(name, name)
    return Service(name) if re.fullmatch(_SERVICE, name) else None


def is_taken(name: str) -> bool:
    """True if a word of a scope, or a service that there is anyway, has that name already."""
    return name in _GROUPS or name in SERVICES or name in _ALIASES or name == PORTAL


def services_of(scope: Iterable[str]) -> frozenset[Service]:
    """The services that the words of `scope` name; what `Any app` opens besides has no list."""
    words = frozenset(scope)
    # A program may call itself `files`: that is no service of the group of that name.
    groups = words & _GROUPS.keys()
    single = frozenset(map(Service, words - groups))  # as read_scope made them
    return single.union(*(_GROUPS[word].services for word in groups))


def scope_allows(scope: Iterable[str], asked: Service | None, *, in_any: bool = True) -> bool:
    """True if one of the words of `scope` opens the service `asked`; none fits only `Any app`.

    `in_any` is False for a service that has to be named. Nothing opens the portal.
    """
    words = frozenset(scope)
    return asked != PORTAL and ((in_any and ANY_APP in words) or asked in services_of(words))


def is_in_any(service: Service | None, own: Iterable[OwnService]) -> bool:
    """True if `Any app` opens `service`: all but those of this server's own that say otherwise."""
    return all(each.in_any for each in own if each.id == service)


def is_within(scope: Iterable[str], other: Iterable[str], own: Iterable[OwnService] = ()) -> bool:
    """True if the words of `scope` open nothing that those of `other` do not."""
    words, opened = frozenset(scope), frozenset(other)
    own = tuple(own)
    if ANY_APP in words and ANY_APP not in opened:
        return False
    named = services_of(words) - (services_of([ANY_APP]) if ANY_APP in words else frozenset())
    return all(scope_allows(opened, name, in_any=is_in_any(name, own)) for name in named)


def subscopes(scope: Iterable[str], own: Iterable[OwnService] = ()) -> frozenset[str]:
    """The words that ask for no more than the words of `scope` open.

    Who may have any app may have each of this server's `own` services, too.
    """
    words = frozenset(scope)
    if ANY_APP in words:
        return frozenset({*_GROUPS, *SERVICES, *(each.id for each in own)})
    opened = words.union(*(_GROUPS[word].services for word in words & _GROUPS.keys()))
    return opened | {word for word, group in _GROUPS.items() if group.services <= opened}


def label(scope: Iterable[str], own: Iterable[OwnService] = ()) -> str:
    """The name of a scope."""
    labels: dict[str, str] = {each.id: escaped(each.label) for each in own}
    labels |= {word: group.label for word, group in _GROUPS.items()}
    return ", ".join(labels.get(word) or escaped(word) for word in scope)


def parse_scope(text: str, own: Iterable[OwnService] = ()) -> tuple[str, ...]:
    """A scope from its words, with commas or blanks between them. Raises Refused."""
    parts = [part.split() for part in text.split(",")]
    if not all(parts):  # as of a script's variable that is not set
        raise Refused("There is no scope beside one of the commas.")
    return read_scope([word for part in parts for word in part], own)


def read_scope(words: Iterable[str], own: Iterable[OwnService] = ()) -> tuple[str, ...]:
    """A scope from words as they are typed: the groups' words, or single services.

    Raises:
        Refused: one of them is neither; it says what there is.
    """
    own = tuple(own)
    known = [*_GROUPS, *SERVICES, *(each.id for each in own)]
    ids: list[str] = []
    for word in words:
        name = word.strip().lower()
        # `web` is a scope here, and an alias for a service elsewhere.
        id_ = name if name in _GROUPS else parse_service(name)
        if id_ not in known:
            raise Refused(f"There is no scope {escaped(word)}. There are: {', '.join(known)}.")
        ids += [id_] if id_ not in ids else []
    if not ids:
        raise Refused("Choose at least one service.")
    if ANY_APP not in ids:
        return tuple(ids)
    apart = [each.id for each in own if not each.in_any]
    return (ANY_APP, *(id_ for id_ in ids if id_ in apart))
