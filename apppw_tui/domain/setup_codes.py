"""Texts that set up an app once its camera has seen them as a QR code."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from apppw_tui.domain import connection_settings
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.secret import Secret

_THUNDERBIRD_SECURITY = {"STARTTLS": 2, "TLS": 3}
_DELTA_CHAT_SECURITY = {"STARTTLS": "starttls", "TLS": "ssl"}
_INCOMING = {"imap": 0, "pop3": 1}  # Thunderbird's numbers, the better one first
_CLEARTEXT_PASSWORD = 1  # within TLS


@dataclass(frozen=True)
class SetupCode:
    """One app, what it is given, and what is to be done there; `write` puts the secret in."""

    id: str
    app: str
    gives: str
    instruction: str
    write: Callable[[Secret], Secret]


def setup_codes(
    account_name: str, rows: Iterable[ConnectionSetting], scope: tuple[str, ...]
) -> list[SetupCode]:
    """The codes for an app password of that scope, as far as hosts are named; the best first."""
    usable = [row for row in connection_settings.rows_for(rows, scope) if row.host]
    incoming = next((row for name in _INCOMING for row in usable if row.service == name), None)
    smtp = next((row for row in usable if row.service == "smtp"), None)
    codes = []
    # Both name the address that mail comes from: an account without a domain is none.
    if incoming is not None and smtp is not None and "@" in account_name:
        server, sender = incoming, smtp
        codes.append(
            SetupCode(
                "thunderbird",
                "Thunderbird or K-9 on Android",
                "mail, ready to use",
                "In the app: Settings, Import, and scan this.",
                lambda secret: _thunderbird(account_name, secret, server, sender),
            )
        )
        if incoming.service == "imap":
            codes.append(
                SetupCode(
                    "delta-chat",
                    "Delta Chat",
                    "mail, ready to use",
                    "In the app: add a profile, and scan this.",
                    lambda secret: _delta_chat(account_name, secret, server, sender),
                )
            )
    password = SetupCode(
        "password",
        "The password alone",
        "for any other app",
        "Point your phone's camera at it and copy the text that it finds. "
        "Do not search the web for it.",
        lambda secret: secret,
    )
    return [*codes, password]


def _thunderbird(
    account_name: str, secret: Secret, incoming: ConnectionSetting, smtp: ConnectionSetting
) -> Secret:
    """The format of Thunderbird's "Export for Mobile", version 1.

    thunderbird-android, feature/migration/qrcode/qr-code-format.md.
    """
    password = secret.reveal()

    def server(protocol: int, row: ConnectionSetting) -> list[object]:
        security = _THUNDERBIRD_SECURITY[row.security]
        return [protocol, row.host, row.port, security, _CLEARTEXT_PASSWORD, account_name]

    receiving = [*server(_INCOMING[incoming.service], incoming), None, password]
    identity = [account_name, account_name.partition("@")[0]]
    document = [1, [1, 1], receiving, [[[*server(0, smtp), password], identity]]]
    return Secret(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def _delta_chat(
    account_name: str, secret: Secret, imap: ConnectionSetting, smtp: ConnectionSetting
) -> Secret:
    """Delta Chat's DCLOGIN, version 1: deltachat/interface, uri-schemes.md.

    The address stands there as it is; everything behind it is percent-encoded.
    """
    options = {
        "p": secret.reveal(),
        "v": "1",
        "ih": imap.host,
        "ip": str(imap.port),
        "is": _DELTA_CHAT_SECURITY[imap.security],
        "sh": smtp.host,
        "sp": str(smtp.port),
        "ss": _DELTA_CHAT_SECURITY[smtp.security],
    }
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in options.items())
    return Secret(f"dclogin:{account_name}?{query}")
