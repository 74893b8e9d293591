"""HTTP for nginx `auth_request`, Caddy `forward_auth` and their like: `/verify` and `/healthz`.

`/metrics` is answered where it is configured: whoever may connect may read it, so that no web
server serves it by accident to the world. HTTP cannot say "not mine": that is a refusal here.
"""

import asyncio
import base64
import math
import re
from collections.abc import Callable
from http import HTTPStatus

import h11

from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.metrics import CONTENT_TYPE, exposition
from apppw_tui.verifier.protocols import framing
from apppw_tui.verifier.protocols.http_connection import HttpConnection, HttpLimits, Response

# base64, or base64url, with its padding or without: programs send all four.
_BASIC = re.compile(rb"basic +([a-z0-9+/_-]+)={0,2}", re.IGNORECASE)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")  # RFC 4648 section 5
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ORIGIN = re.compile(rb"https?://[^/?]*", re.IGNORECASE)  # RFC 9112 section 3.2.2
_REALM = re.compile(r"[ !#-\[\]-~]*")  # of RFC 9110's quoted-string, what needs no escape
_METHODS = {b"/verify": (b"GET", b"HEAD", b"POST"), b"/healthz": (b"GET", b"HEAD")}
_WITH_METRICS = {**_METHODS, b"/metrics": (b"GET", b"HEAD")}
_TEXT = ("Content-Type", "text/plain")


class Http:
    """Answers `GET`, `HEAD` and `POST /verify` with Basic credentials (RFC 7617, UTF-8).

    200 names the account in `Remote-User`; 401 is no, and not mine; 503 is not now. The service
    and the address count only in the headers that are named here (SAFETY 20). `store_answers`
    is called in a thread.

    Raises:
        ValueError: `realm` has a character that a header cannot carry as it is.
    """

    def __init__(
        self,
        auth_service: AuthService,
        source: ServiceSocket,
        store_answers: Callable[[], bool],
        *,
        realm: str = "App passwords",
        service_header: str | None = None,
        address_header: str | None = None,
        metrics: bool = False,
        limits: HttpLimits | None = None,
    ) -> None:
        if not _REALM.fullmatch(realm):
            raise ValueError("A realm has ASCII characters without quotes and backslashes.")
        self._limits = limits or HttpLimits()
        self._auth_service = auth_service
        self._source = source
        self._store_answers = store_answers
        self._challenge = ("WWW-Authenticate", f'Basic realm="{realm}", charset="UTF-8"')
        self._service_header = service_header
        self._address_header = address_header
        self._methods = _WITH_METRICS if metrics else _METHODS

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the connection is over. Never raises."""
        connection = HttpConnection(reader, writer, self._limits)
        try:
            while await connection.respond(await self._next(connection)):
                pass
        except (OSError, EOFError):
            pass  # the peer left, or takes nothing any more
        except Exception as error:  # noqa: BLE001 - one connection's fault is no other's
            framing.report(error)

    async def _next(self, connection: HttpConnection) -> Response:
        """The response to the next request. Raises EOFError if there is none, OSError."""
        try:
            request = await connection.request()
            if request is None:
                raise EOFError
            if not await connection.skip_body(request):
                return Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, last=True)
        except h11.RemoteProtocolError as error:
            return Response(HTTPStatus(error.error_status_hint), last=True)
        except TimeoutError:
            return Response(HTTPStatus.REQUEST_TIMEOUT, last=True)
        try:
            return await self._response(request)
        except Exception as error:  # noqa: BLE001 - whoever asked is told "not now", not nothing
            framing.report(error)
            return _not_now()

    async def _response(self, request: h11.Request) -> Response:
        path = _ORIGIN.sub(b"", request.target, count=1).partition(b"?")[0]
        methods = self._methods.get(path)
        if methods is None:
            return Response(HTTPStatus.NOT_FOUND)
        if request.method not in methods:
            allowed = b", ".join(methods).decode()
            return Response(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", allowed),))
        if path == b"/verify":
            return await self._verify(request)
        if path == b"/metrics":
            text = exposition(self._auth_service.metrics, self._auth_service.gauges())
            return Response(HTTPStatus.OK, (("Content-Type", CONTENT_TYPE),), text)
        return Response(HTTPStatus.OK, (_TEXT,), b"ok\n") if await self._healthy() else _not_now()

    async def _healthy(self) -> bool:
        try:
            return await self._auth_service.reader(self._store_answers)
        except (ApppwError, OSError):
            return False

    async def _verify(self, request: h11.Request) -> Response:
        try:
            authorization = _only(request, "Authorization")
            service = _only(request, self._service_header)
            address = _only(request, self._address_header)
        except ValueError:
            return Response(HTTPStatus.BAD_REQUEST, last=True)
        credentials = _credentials(authorization or b"")
        if credentials is None:
            return self._refused()
        decision = await self._auth_service.ask(
            *(self._source, *credentials, _text(service) or None, parse_address(_text(address))),
            within=self._limits.answer,
        )
        return self._answer(decision)

    def _answer(self, decision: Decision) -> Response:
        if decision.answer is Answer.YES:
            # Its grammar has nothing that could end a header.
            if decision.account_name is None or not is_account_name(decision.account_name):
                return _not_now()
            return Response(HTTPStatus.OK, (("Remote-User", decision.account_name),))
        return _not_now(decision) if decision.answer is Answer.NOT_NOW else self._refused()

    def _refused(self) -> Response:
        return Response(HTTPStatus.UNAUTHORIZED, (self._challenge,))


def _not_now(decision: Decision | None = None) -> Response:
    """RFC 9110 section 10.2.3: whole seconds, here at least one."""
    seconds = math.ceil((decision and decision.retry_after) or 1)
    return Response(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", str(seconds)),))


def _only(request: h11.Request, header: str | None) -> bytes | None:
    """The header's value, or None. Raises ValueError: it came twice; no two programs agree then."""
    if header is None:
        return None
    name = header.lower().encode()
    values = [value for key, value in request.headers if key == name]
    if len(values) > 1:
        raise ValueError
    return values[0] if values else None


def _credentials(authorization: bytes) -> tuple[str, Secret] | None:
    """Account and password, or None if these are no Basic credentials (RFC 7617 section 2)."""
    match = _BASIC.fullmatch(authorization)
    try:
        # What is no UTF-8 is no name and no app password either: refused, and written down.
        text = _decoded(match[1]).decode(errors="replace") if match else ""
    except ValueError:
        return None
    account, colon, password = text.partition(":")
    # In a password control characters come from pasting, and are dropped as all that separates.
    return (account, Secret(password)) if colon and not _CONTROL.search(account) else None


def _decoded(credentials: bytes) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(credentials.translate(_URL_SAFE) + b"=" * (-len(credentials) % 4))


def _text(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace")
