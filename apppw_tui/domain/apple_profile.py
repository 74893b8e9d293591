"""A configuration profile that sets an iPhone, iPad or Mac up: mail, calendars and contacts.

Apple, "Device Management", profile-specific payload keys: Mail, CalDAV and CardDAV.
"""

import plistlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from apppw_tui.domain import connection_settings, scopes
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.secret import Secret

_MAIL_TYPES = {scopes.IMAP: "EmailTypeIMAP", scopes.POP3: "EmailTypePOP"}  # the better one first
_DAV = {scopes.CALDAV: "CalDAV", scopes.CARDDAV: "CardDAV"}
_HTTPS = 443


class AppleProfile:
    """The accounts of one person on one server, for an app password of a scope."""

    def __init__(
        self,
        server: str,
        account_name: str,
        rows: Iterable[ConnectionSetting],
        scope: tuple[str, ...],
    ) -> None:
        self._server = server
        self._account_name = account_name
        self._rows = connection_settings.rows_for(rows, scope)

    @property
    def services(self) -> list[str]:
        """The kinds of accounts in it; none where no server is named for what the scope opens."""
        return [str(payload["PayloadDisplayName"]) for payload in self._payloads(Secret(""))]

    def write(self, secret: Secret, id_: str) -> Secret:
        """The profile as an XML property list; `id_` is the app password's.

        The same app password has the same identifiers: installed again, it replaces itself.
        """
        identifier = f"apppw-tui.{self._server}.{id_}"

        def whole(payload: Mapping[str, Any], kind: str, own: str) -> dict[str, Any]:
            return {
                "PayloadType": kind,
                "PayloadVersion": 1,
                "PayloadIdentifier": own,
                "PayloadUUID": str(uuid5(NAMESPACE_URL, own)).upper(),
                **payload,
            }

        content = [
            whole(payload, payload["PayloadType"], f"{identifier}.{payload['PayloadDisplayName']}")
            for payload in self._payloads(secret)
        ]
        head = {
            "PayloadDisplayName": f"{self._account_name} at {self._server}",
            "PayloadDescription": "Sets up " + ", ".join(self.services) + ".",
            "PayloadContent": content,
        }
        return Secret(plistlib.dumps(whole(head, "Configuration", identifier)).decode())

    def _payloads(self, secret: Secret) -> Iterator[dict[str, Any]]:
        with_host = {row.service: row for row in reversed(self._rows) if row.host}
        incoming = next((with_host[one] for one in _MAIL_TYPES if one in with_host), None)
        smtp = with_host.get(scopes.SMTP)
        # It names the address that mail comes from: an account without a domain is none.
        if incoming is not None and smtp is not None and "@" in self._account_name:
            yield self._mail(incoming, smtp, secret)
        with_url = {row.service: row for row in reversed(self._rows) if row.url}
        for service, prefix in _DAV.items():
            if service in with_url:
                yield self._dav(prefix, with_url[service].url, secret)

    def _mail(
        self, incoming: ConnectionSetting, smtp: ConnectionSetting, secret: Secret
    ) -> dict[str, Any]:
        name, password = self._account_name, secret.reveal()
        return {
            "PayloadType": "com.apple.mail.managed",
            "PayloadDisplayName": "Mail",
            "EmailAccountDescription": self._server,
            "EmailAccountName": name.partition("@")[0],
            "EmailAccountType": _MAIL_TYPES[incoming.service],
            "EmailAddress": name,
            **_server("Incoming", incoming, name),
            "IncomingPassword": password,
            **_server("Outgoing", smtp, name),
            "OutgoingPassword": password,
        }

    def _dav(self, prefix: str, url: str, secret: Secret) -> dict[str, Any]:
        place = urlsplit(url)
        return {
            "PayloadType": f"com.apple.{prefix.lower()}.account",
            "PayloadDisplayName": {"CalDAV": "Calendars", "CardDAV": "Contacts"}[prefix],
            f"{prefix}AccountDescription": self._server,
            f"{prefix}HostName": place.hostname or "",
            f"{prefix}Port": place.port or _HTTPS,
            f"{prefix}PrincipalURL": url,
            f"{prefix}UseSSL": True,
            f"{prefix}Username": self._account_name,
            f"{prefix}Password": secret.reveal(),
        }


def _server(side: str, row: ConnectionSetting, account_name: str) -> dict[str, Any]:
    """One side of mail; by STARTTLS as well the device is told of TLS, and finds out which."""
    return {
        f"{side}MailServerAuthentication": "EmailAuthPassword",
        f"{side}MailServerHostName": row.host,
        f"{side}MailServerPortNumber": row.port,
        f"{side}MailServerUseSSL": True,
        f"{side}MailServerUsername": account_name,
    }
