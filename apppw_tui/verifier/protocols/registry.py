"""The protocols by their names; each is imported only where a socket speaks it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apppw_tui.verifier.auth_service import AuthService, ServiceSocket


class ConnectionHandler(Protocol):
    """One of the protocols: serves connections."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end."""


class HangsUp:
    """Says nothing to anybody: whoever asks knows at once that there is no answer."""

    async def handle(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()


@dataclass(frozen=True)
class HttpOptions:
    """The settings of the protocol HTTP alone."""

    store_answers: Callable[[], bool]
    service_header: str | None = None
    address_header: str | None = None
    metrics: bool = False


def handler_for(
    protocol: str, auth_service: AuthService, source: ServiceSocket, http_options: HttpOptions
) -> ConnectionHandler:
    """The protocol of that name; each is imported only where a socket speaks it."""
    match protocol:
        case "auth-client":
            from apppw_tui.verifier.protocols.dovecot_auth import AuthClient

            return AuthClient(auth_service, source)
        case "mux":
            from apppw_tui.verifier.protocols.saslauthd import Saslauthd

            return Saslauthd(auth_service, source)
        case "http":
            from apppw_tui.verifier.protocols.http import Http

            return Http(
                auth_service,
                source,
                http_options.store_answers,
                service_header=http_options.service_header,
                address_header=http_options.address_header,
                metrics=http_options.metrics,
            )
        case _:  # "json": the configuration has no other
            from apppw_tui.verifier.protocols.json_lines import JsonLines

            return JsonLines(auth_service, source)
