"""The first time: a method, proved; recovery codes; a first app password."""

from collections.abc import Callable
from enum import IntEnum

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.recovery_codes import RecoveryCodes
from apppw_tui.domain.secret import Secret
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.flows.app_password import create_app_password
from apppw_tui.ui.flows.methods import (
    make_recovery_codes,
    set_up_authenticator,
    set_up_phone,
    show_recovery_codes,
)
from apppw_tui.ui.flows.ssh_keys import key_choice, set_up_ssh_key
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.widgets.lists import Choice

_APP, _PHONE, _KEY = "app", "phone", "ssh-key"
_WHY = "From then on, signing in asks for your password and a code."
_WHY_KEY = "From then on, signing in asks for your password and one of these."
_AND_ON = "Ticked is set up: choose it to go on."
_AND_MORE = "Ticked is set up: choose it to go on, or set up another one too."


class _Step(IntEnum):
    CHOOSE = 1
    PROVE = 2
    RECOVERY = 3
    APP_PASSWORD = 4
    DONE = 5


class FirstSetup:
    """The steps, each with a way back; it lives as long as its screen does.

    Whoever leaves half way and begins again goes on where they were, as far as the account still
    has what was stored: a method is not asked for twice, and no recovery codes are replaced.
    """

    def __init__(self, screen: PortalScreen, making: Callable[[], None]) -> None:
        """`making` is called before codes are made, which takes long enough to be told."""
        self._screen = screen
        self._making = making
        self._last = _Step.RECOVERY
        self._method = _APP
        self._proved: set[str] = set()
        self._codes: list[Secret] | None = None
        self._stored: RecoveryCodes | None = None  # what the account keeps of `_codes`
        self.created: str | None = None  # the name of the app password made in the last step

    async def walk(self, account: Account) -> bool:
        """True once it is all done; the screen's session may then do everything.

        Only within a worker: it waits for dialogs.
        """
        self._last = _Step.RECOVERY if account.app_passwords else _Step.APP_PASSWORD
        self._forget_what_is_gone(account)
        asks = {
            _Step.CHOOSE: self._choose,
            _Step.PROVE: self._prove,
            _Step.RECOVERY: self._recovery_codes,
            _Step.APP_PASSWORD: self._app_password,
        }
        step: _Step | None = _Step.RECOVERY if self._proved else _Step.CHOOSE
        while step is not None and step <= self._last:
            step = await asks[step]()
        return step is not None and await self._finished()

    def _forget_what_is_gone(self, account: Account) -> None:
        """An administrator may have removed it, or another session replaced it, meanwhile."""
        if account.authenticator is None:
            self._proved.discard(_APP)
        if account.phone("authentication") is None:
            self._proved.discard(_PHONE)
        if not account.ssh_keys:
            self._proved.discard(_KEY)
        if account.recovery is None or account.recovery != self._stored:
            self._codes = self._stored = None

    def _title(self, step: _Step, what: str) -> str:
        return f"Step {step} of {self._last}: {what}"

    async def _choose(self) -> _Step | None:
        methods = self._screen.context.portal.enrollment.delivery_methods("authentication")
        rows = [
            Choice(_APP, "Authenticator app on a phone or computer", chosen=_APP in self._proved)
        ]
        if methods:
            label = "Authentication phone: a code by text or call"
            rows.append(Choice(_PHONE, label, chosen=_PHONE in self._proved))
        rows += await self._key_choices()
        on_server = self._screen.context.connecting.on_server
        remark = formatting.unoffered([bool(methods)], on_server=on_server)
        dialog = ChooseDialog(
            self._title(_Step.CHOOSE, "How will you verify?"),
            self._why(rows),
            rows,
            "Back",
            remark=remark,
        )
        chosen = await self._screen.app.push_screen_wait(dialog)
        if chosen is None:
            return None
        self._method = chosen
        return _Step.RECOVERY if chosen in self._proved else _Step.PROVE

    def _why(self, rows: list[Choice]) -> str:
        if self._proved:
            return _AND_ON if all(row.chosen for row in rows) else _AND_MORE
        return _WHY_KEY if any(row.id == _KEY for row in rows) else _WHY

    async def _key_choices(self) -> list[Choice]:
        """The key of this session, for who came with one."""
        screen = self._screen
        key = screen.context.portal.ssh_keys.present
        account = None if key is None else await screen.read_account()
        if key is None or account is None:
            return []
        label = f"The ssh key of this session: {key.type_label}"
        choice = await key_choice(screen, account, label, _KEY, chosen=_KEY in self._proved)
        return [] if choice is None else [choice]

    async def _prove(self) -> _Step | None:
        if self._method == _APP:
            title = self._title(_Step.PROVE, "Set up Authenticator app")
            outcome = await set_up_authenticator(self._screen, title, step=True)
        elif self._method == _KEY:
            title = self._title(_Step.PROVE, "The ssh key of this session")
            outcome = await set_up_ssh_key(self._screen, title, step=True)
        else:
            title = self._title(_Step.PROVE, "Authentication phone")
            outcome = await set_up_phone(self._screen, "authentication", title, step=True)
        if outcome == "done":
            self._proved.add(self._method)
            return _Step.RECOVERY
        return _Step.CHOOSE if outcome == "back" or self._proved else None

    async def _recovery_codes(self) -> _Step | None:
        title = self._title(_Step.RECOVERY, "Your recovery codes")
        if self._codes is None:
            self._making()
            made = await make_recovery_codes(self._screen)
            if made is None:
                return None
            self._codes, self._stored = made
        answer = await show_recovery_codes(self._screen, title, self._codes, step=True)
        return _Step.CHOOSE if answer == "back" else _Step.APP_PASSWORD

    async def _app_password(self) -> _Step | None:
        """A first one is offered; the person may do everything by now."""
        if not await self._finished():
            return None
        if not self._screen.context.portal.policy.people_create:
            return _Step.DONE
        title = self._title(_Step.APP_PASSWORD, "A first app password")
        made = await create_app_password(self._screen, title, step=True)
        if isinstance(made, AppPassword):
            self.created = made.name
        return _Step.RECOVERY if made == "back" else _Step.DONE

    async def _finished(self) -> bool:
        context = self._screen.context
        session = await self._screen.ask(lambda: context.portal.enrollment.finish(context.session))
        if session is not None:
            context.session = session
        return session is not None
