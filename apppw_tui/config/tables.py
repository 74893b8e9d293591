"""The tables of the configuration: every key with its kind, its default and what goes with it.

The reader and docs/config.schema.json are made from them.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import field

from apppw_tui.config import (
    AccountsConfig,
    Config,
    DatabaseConfig,
    DeliveryConfig,
    NoticesConfig,
    ServeConfig,
    SocketConfig,
    rules,
)
from apppw_tui.domain import scopes
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import OwnService, parse_service, read_scope

# RFC 8314 section 3.3 and, before it, RFC 3501, 1939, 6409; XEP-0368 and RFC 6120; RFC 5804, which
# has no port for TLS from the beginning.
_PORTS = {
    "imap": {"TLS": 993, "STARTTLS": 143},
    "pop3": {"TLS": 995, "STARTTLS": 110},
    "smtp": {"TLS": 465, "STARTTLS": 587},
    "xmpp": {"TLS": 5223, "STARTTLS": 5222},
    "sieve": {"STARTTLS": 4190, "TLS": 4190},
}
# With every default, each of which is written in one place alone.
_POLICY, _ACCOUNTS, _SERVE, _SOCKET = (
    Policy(),
    AccountsConfig(),
    ServeConfig(),
    SocketConfig("", ""),
)
_DELIVERY, _NOTICES = DeliveryConfig((), frozenset()), NoticesConfig(None)
_SERVICE = OwnService(scopes.HTTP, "")
_NONE: Any = msgspec.UNSET  # the default of a key that has none
Values = dict[str, Any]
Conflicts = Iterator[tuple[str, str]]  # keys, each with the reason


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""

    settings: ClassVar[Callable[..., Any]] = dict  # which a right table means

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        """The keys that are missing or do not go together, where each of `values` is right."""
        for key in msgspec.structs.fields(cls):
            if key.required and key.name not in values:
                yield key.encode_name, "is missing"

    @classmethod
    def build(cls, values: Values) -> Any:
        return cls.settings(**values)


class PolicyTable(Table, frozen=True):
    settings = Policy

    app_passwords_per_account: rules.Count = _POLICY.app_passwords_per_account
    second_factor_required: rules.Required = field(name="second_factor", default="required")
    people_create: rules.Everyone = field(name="create", default="everyone")
    scopes: rules.Scope = _POLICY.scopes
    longest_expiry: rules.Days = _NONE
    tell_before_expiry: rules.DaysBefore = _POLICY.tell_before_expiry
    sign_out_after: rules.Minutes = int(_POLICY.sign_out_after / 60)
    verify_again_after: rules.Minutes = int(_POLICY.verify_again_after / 60)
    ssh_keys_count: rules.SshKeys = field(name="ssh_keys", default="second-factor")


class DeliveryTable(Table, frozen=True):
    settings = DeliveryConfig

    command: rules.DeliveryCommand
    kinds: rules.Methods
    timeout: rules.TimeOut = _DELIVERY.timeout

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        for key, reason in super().conflicts(values):
            yield key, f"{reason} beside {rules.quoted_list(values)}"


class NoticesTable(Table, frozen=True):
    command: rules.NoticesCommand = _NONE
    by: rules.NoticesWay = _NONE
    format: rules.Format = _NOTICES.format
    timeout: rules.TimeOut = _NOTICES.timeout

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        if "by" in values and len(values) > 1:
            yield "by", "stands by itself: leave out the others"
        if "by" not in values and "command" not in values:
            yield "command", "is missing"

    @classmethod
    def build(cls, values: Values) -> NoticesConfig:
        return NoticesConfig(None) if "by" in values else NoticesConfig(**values)


class SetupTable(Table, frozen=True):
    service: rules.SetupService
    host: rules.Host = _NONE
    port: rules.Port = _NONE
    security: rules.Security = _NONE
    url: rules.Url = _NONE

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        yield from super().conflicts(values)
        service = values.get("service")
        if service in _PORTS:
            if "url" in values:
                yield "url", f'does not go with "{service}": say host and port'
            return
        for key in ("host", "port", "security"):
            if key in values:
                yield key, f'does not go with "{service}": say url'
        if "url" not in values:
            yield "url", "is missing"

    @classmethod
    def build(cls, values: Values) -> ConnectionSetting:
        """Without its host, where that is the server's."""
        ports = _PORTS.get(values["service"])
        if ports is None:
            return ConnectionSetting(**values)
        security = values.get("security", next(iter(ports)))
        return ConnectionSetting(**{"port": ports[security], "security": security, **values})


class ServiceTable(Table, frozen=True):
    settings = OwnService

    id: rules.OwnServiceId
    label: rules.Label
    in_any: rules.Flag = _SERVICE.in_any


class SessionsTable(Table, frozen=True):
    end: rules.Flag = Config.end_sessions


class AccountsTable(Table, frozen=True):
    settings = AccountsConfig

    source: rules.Source = _ACCOUNTS.source
    socket: rules.AbsolutePath = str(_ACCOUNTS.socket)
    require_add: rules.Flag = _ACCOUNTS.require_add
    change_password_at: rules.Place = _ACCOUNTS.change_password_at

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        for key in values:
            if key != "source" and values.get("source") != "dovecot":
                yield key, 'goes with source = "dovecot" alone'


class SocketTable(Table, frozen=True):
    name: rules.FileName
    protocol: rules.Protocol = _NONE
    services: rules.Services = _NONE
    mode: rules.Mode = f"{_SOCKET.mode:04o}"
    group: rules.Text = _NONE
    service_header: rules.Header = _NONE
    address_header: rules.Header = _NONE
    metrics: rules.Flag = _SOCKET.metrics

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        values = _amended(values)
        yield from super().conflicts(values)
        if "protocol" not in values:
            yield "protocol", "is missing"
        for key in ("service_header", "address_header", "metrics"):
            if values.get(key) not in (None, False) and values["protocol"] != "http":
                yield key, 'goes with protocol "http" alone'

    @classmethod
    def build(cls, values: Values) -> SocketConfig:
        return SocketConfig(**_amended(values))


class ServeTable(Table, frozen=True):
    remember: rules.Memory = _SERVE.remember
    trusted: rules.Networks = ()
    socket: Annotated[tuple[SocketTable, ...], rules.tables("serve.socket", "socket")] = _NONE

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        names = [made.name for made in values.get("socket", ())]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"socket[{index + 1}].name", f'"{name}" is taken already'

    @classmethod
    def build(cls, values: Values) -> ServeConfig:
        configured = {made.name: made for made in values.pop("socket", ())}
        sockets = {made.name: made for made in _SERVE.sockets} | configured
        return ServeConfig(
            **values, sockets=tuple(sockets.values()), configured=frozenset(configured)
        )


class StoreTable(Table, frozen=True):
    engine: rules.EngineName = "files"
    folder: rules.AbsolutePath = _NONE
    dsn: rules.Dsn = _NONE
    serve_dsn: rules.Dsn = _NONE
    timeout: rules.DatabaseTimeOut = DatabaseConfig.timeout
    machine: rules.MachineName = _NONE

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        if values.get("engine") == "postgresql":
            if "dsn" not in values:
                yield "dsn", "is missing"
            return
        for key in values:
            if key not in ("engine", "folder"):
                yield key, 'goes with engine = "postgresql" alone'

    @classmethod
    def build(cls, values: Values) -> Values:
        """The settings of the whole file that this table means."""
        folder = {"store": values.pop("folder")} if "folder" in values else {}
        if values.pop("engine", "files") == "files":
            return folder
        return folder | {"database": DatabaseConfig(**{"serve_dsn": values["dsn"], **values})}


class ConfigTable(Table, frozen=True):
    """The whole file."""

    store: rules.AbsolutePath | StoreTable = _NONE
    host_name: rules.HostName = _NONE
    default_domain: rules.Domain = _NONE
    phone_region: rules.Region = _NONE
    key_file: rules.AbsolutePath = _NONE
    policy: PolicyTable = _NONE
    delivery: DeliveryTable = _NONE
    notices: NoticesTable = _NONE
    service: Annotated[tuple[ServiceTable, ...], rules.tables("service", "service")] = _NONE
    setup: Annotated[tuple[SetupTable, ...], rules.tables("setup", "service")] = _NONE
    sessions: SessionsTable = _NONE
    accounts: AccountsTable = _NONE
    serve: ServeTable = _NONE

    @classmethod
    def conflicts(cls, values: Values) -> Conflicts:
        """Those between tables, of which None is a wrong one."""
        notices = values.get("notices")
        if notices is not None and notices.command is None and "delivery" not in values:
            yield "notices.by", 'is "delivery", but there is no [delivery]'
        yield from _service_conflicts(values)
        if rules.is_host(_own_host(values)):
            return
        for number, setting in enumerate(values.get("setup") or (), 1):
            if _needs_host(setting):
                reason = "is missing, and host_name is not the name of a host"
                yield f"setup[{number}].host", reason

    @classmethod
    def build(cls, values: Values) -> Config:
        sessions = values.pop("sessions", {})
        if isinstance(values.get("store"), dict):
            values |= values.pop("store")
        if "delivery" not in values and values.get("notices") == NoticesConfig(None):
            del values["notices"]  # which would go the way of a [delivery] that is wrong
        values["setup"] = tuple(
            setting._replace(host=_own_host(values)) if _needs_host(setting) else setting
            for setting in values.get("setup", ())
        )
        policy, own = values.pop("policy", Policy()), tuple(values.pop("service", ()))
        # What no service of a table that is wrong says is left as it is written.
        with contextlib.suppress(Refused):
            policy = policy._replace(scopes=read_scope(policy.scopes, own))
        values["policy"] = policy._replace(own_services=own)
        return Config(**values, end_sessions=sessions.get("end", Config.end_sessions))


def _service_conflicts(values: Values) -> Conflicts:
    own: tuple[OwnService, ...] | None = values.get("service", ())
    if own is None:
        return
    for number, service in enumerate(own):
        before = own[:number]
        if service.id in [other.id for other in before]:
            yield f"service[{number + 1}].id", f'"{service.id}" is taken already'
        elif service.label.casefold() in [other.label.casefold() for other in before]:
            yield f"service[{number + 1}].label", "is another's already"


def scope_conflicts(document: Mapping[str, Any], own: tuple[OwnService, ...] | None) -> Conflicts:
    """Words of [policy] that are neither scopes nor services of the whole file, as it is written.

    `own` is None where a table [[service]] is wrong: then nobody knows.
    """
    policy = document.get("policy")
    words = policy.get("scopes") if isinstance(policy, dict) else None
    if own is None or not isinstance(words, list) or not all(map(_is_word, words)) or not words:
        return  # that has been said
    try:
        read_scope(words, own)
    except Refused:
        yield "policy.scopes", rules.must_be_words(own)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and parse_service(value.strip()) is not None


def _own_host(values: Values) -> str:
    return (values.get("host_name") or socket.gethostname()).lower()


def _needs_host(setting: ConnectionSetting) -> bool:
    return not setting.host and not setting.url


def _amended(values: Values) -> Values:
    """With what the file does not say of a socket that there is anyway."""
    known = ServeConfig().passed(values.get("name", ""))
    if known is None or values.get("protocol", known.protocol) != known.protocol:
        return values
    return known._asdict() | values
