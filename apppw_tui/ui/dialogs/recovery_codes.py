"""Ten recovery codes: shown this once, copied or saved, closed."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, VerticalScroll
from textual.widgets import Label

from apppw_tui.domain.app_password import grouped
from apppw_tui.domain.errors import system_reason
from apppw_tui.domain.names import escaped
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import ActionButton
from apppw_tui.ui.dialogs.one_time_secret import OneTimeSecretDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.portal_calls import in_thread
from apppw_tui.ui.widgets.field import ButtonRow


class CodeLabel(Label):
    """One code in plain text."""

    ALLOW_SELECT = False

    def __init__(self, code: Secret) -> None:
        super().__init__(grouped(code), classes="recovery-code", markup=False)


class RecoveryCodesDialog(OneTimeSecretDialog[Literal["on", "back"]]):
    """`on` when it was closed. `save` puts them into a file; None where none can be had."""

    FOOTER = ("copy", "save", "back", "close", "help")
    UNSAVED = "Not saved yet."
    BINDINGS = [
        Binding("s", "save", "Save", id="save", tooltip="Save them to a file of your own"),
        Binding("b,f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self,
        title: str,
        codes: list[Secret],
        copy: Callable[[Secret], Copied],
        save: Callable[[Secret], Path] | None,
        monotonic: Callable[[], float],
        *,
        step: bool = False,
    ) -> None:
        text = Secret("".join(f"{grouped(code)}\n" for code in codes))
        super().__init__(title, text, copy, monotonic)
        self._codes = codes
        self._save = save
        self._step = step

    def content(self) -> ComposeResult:
        yield Label(
            "Lost your phone? Each code signs you in once.",
            id="facts",
            markup=False,
        )
        with Grid(id="codes"):
            for code in self._codes:
                yield CodeLabel(code)
        with VerticalScroll(id="card", classes="card", can_focus=False):
            yield Label(
                "You will not see them again. Keep them where your phone is not.",
                id="once",
                markup=False,
            )
            yield Label("", id="said", markup=False)
            yield Label("", id="hint", markup=False)
        with ButtonRow():
            if self._step:
                yield ActionButton("Back", "back")
            yield ActionButton("Copy", "copy")
            if self._save is not None:
                yield ActionButton("Save to a file", "save")
            yield ActionButton("Next" if self._step else "Close", "close")

    def label_of(self, action: str) -> str | None:
        """In a set-up nothing is closed: the next step comes."""
        return "Next" if action == "close" and self._step else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save":
            return self._save is not None
        return self._step if action == "back" else True

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        save, secret = self._save, self._secret
        if save is None or secret is None:
            return
        at = self.focused
        try:
            with self.keeping("save"):
                path = await in_thread(self, lambda: save(secret))
        except OSError as error:
            sentence = f"The codes could not be saved: {system_reason(error)}."
            self.show_status(f"{GLYPHS.bad} {sentence}", bad=True)
            return
        self.mark_saved(f"Saved to {escaped(str(path))}, for you alone to read.", "", at)

    def action_back(self) -> None:
        """The codes are kept for who comes back; the outcome of a copy or save is not."""
        if not self.is_keeping or self.confirm_unsaved("go back", "b"):
            self.dismiss("back")

    def action_close(self) -> None:
        if self.confirm_unsaved("go on" if self._step else "close"):
            self._secret = None
            self.dismiss("on")
