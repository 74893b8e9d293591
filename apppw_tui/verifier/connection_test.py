"""Tries a new app password as an app would: asks the daemon, and decides here where none answers.

What came of it is one sentence for the person who looks at the password.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from apppw_tui.config import SocketConfig
from apppw_tui.domain import connection_settings
from apppw_tui.domain.connection_settings import ConnectionTestResult
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import ErrorLog
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import daemon
from apppw_tui.verifier.decision import Answer, Decision, Verifier

_SECONDS = 5.0  # for the daemon's answer: a person waits for it
_NOT_FROM_HERE = "it cannot be tried from here. Try it in an app."
_SILENT = "this server's sign-in service is not running. Tell your administrator."
_NOT_ASKED = "nothing on this machine asks for app passwords of this store yet."
_REASONS = {
    "paused": "it is paused",
    "expired": "it has expired",
    "outside its networks": "it is good from certain networks alone; try it in an app there",
    "the account is disabled": "your account is disabled",
}


def socket_for(sockets: Iterable[SocketConfig], service: Service) -> str | None:
    """The name of the first of `sockets` that can be asked about `service`; None if none can."""
    for socket in sockets:
        if socket.protocol == "json" and (socket.services is None or service in socket.services):
            return socket.name
    return None


class ConnectionTest:
    """Tries app passwords on a server. `place` is that of its daemon's socket of a name.

    Not `on_server` is a store of one's own, which may have no daemon, and nobody to tell.
    """

    def __init__(
        self,
        verifier: Verifier,
        sockets: Iterable[SocketConfig],
        place: Callable[[str], Path],
        error_log: ErrorLog,
        *,
        on_server: bool = True,
    ) -> None:
        self._verifier = verifier
        self._sockets = tuple(sockets)
        self._place = place
        self._error_log = error_log
        self._on_server = on_server

    def __call__(self, account_name: str, secret: Secret, service: Service) -> ConnectionTestResult:
        """May take seconds. Never raises."""
        name = socket_for(self._sockets, service)
        if name is None:
            return self._without(account_name, secret, service, _NOT_FROM_HERE)
        path = self._place(name)
        try:
            return describe(_ask(path, account_name, secret, service), service)
        except PermissionError:
            silence = _NOT_FROM_HERE
        except (OSError, ValueError, RecursionError):
            if not self._on_server:
                return self._without(account_name, secret, service, _NOT_ASKED)
            # The person can do nothing with the path; whom they tell can.
            self._error_log.error("daemon silent", socket=str(path))
            silence = _SILENT
        return self._without(account_name, secret, service, silence)

    def _without(
        self, account_name: str, secret: Secret, service: Service, silence: str
    ) -> ConnectionTestResult:
        answer = decided(self._verifier, account_name, secret, service)
        if answer.answer is Answer.YES:
            return ConnectionTestResult(None, f"The password is right, but {silence}")
        return describe(answer, service)


def _ask(path: Path, account_name: str, secret: Secret, service: Service) -> Decision:
    """Raises OSError, ValueError, RecursionError: see integrations.daemon.ask."""
    question = {
        "user": account_name,
        "password": secret.reveal(),
        "service": service,
        "test": True,
    }
    read = daemon.ask(str(path), question, _SECONDS)
    return Decision(
        Answer(read.get("answer")),
        _text(read.get("why")),
        _text(read.get("user")) or None,
        retry_after=_number(read.get("retry_after")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def decided(verifier: Verifier, account_name: str, secret: Secret, service: Service) -> Decision:
    """The answer that `verifier` would give an app: the reason only where the password was right.

    What it says of a wrong password is for the administrator.
    """
    decision = verifier.decide(account_name, secret, service)
    is_told = decision.app_password is not None or decision.answer is Answer.NOT_NOW
    return decision if is_told else replace(decision, reason="")


def describe(answer: Decision, service: Service) -> ConnectionTestResult:
    """The answer as a person reads it."""
    called = connection_settings.name(service)
    if answer.answer is Answer.YES:
        return ConnectionTestResult(
            ok=True, message=f"It opens {called}, as {escaped(answer.account_name or '')}."
        )
    if answer.answer is Answer.NOT_NOW:
        return ConnectionTestResult(None, f"Not now: {_later(answer)}")
    if answer.account_name is None:
        why = "it does not know your account"
    elif answer.reason == "out of scope":
        why = f"it is not for {called}"
    else:
        why = _REASONS.get(answer.reason, "it knows no such app password")
    return ConnectionTestResult(ok=False, message=f"The server refuses it: {why}.")


def _later(answer: Decision) -> str:
    if answer.retry_after is not None:
        return f"try again in {max(1, round(answer.retry_after))} s."
    return (
        "the server is busy. Try again in a moment."
        if not answer.reason
        else escaped(answer.reason)
    )
