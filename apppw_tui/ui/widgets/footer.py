"""The keys that matter here, as many as fit; and the line above them for what happened."""

from collections.abc import Iterator

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.keys import key_to_character
from textual.screen import Screen
from textual.widgets import Footer, Input, Label
from textual.widgets._footer import FooterKey

from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import NARROW

_MOST, _MOST_NARROW = 7, 4  # keys, with that for help


# Key, how it is written, its word, the action, whether that cannot be done now, and the tooltip.
Shown = tuple[str, str, str, str, bool, str]


class KeyFooter(Footer):
    """Shows, of `order`, what is active; the last is help and always stays.

    `order` holds binding ids, the most useful first.
    """

    def __init__(self, order: tuple[str, ...]) -> None:
        super().__init__(show_command_palette=False, compact=True)
        self._order = order
        self._shown: list[Shown] = []

    def compose(self) -> ComposeResult:
        if not self._bindings_ready:
            return
        self._shown = self._to_show()
        for shown in self._shown:
            # Else the key gets the class by and by, and is styled twice.
            yield FooterKey(*shown, classes="-compact")

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Composes anew only what has changed: the focus moves oftener than its keys differ."""
        if not self._bindings_ready or self._to_show() != self._shown:
            super().bindings_changed(screen)

    def on_resize(self) -> None:
        """Another width holds other keys."""
        if self._bindings_ready and self._to_show() != self._shown:
            self.refresh(recompose=True)

    def _to_show(self) -> list[Shown]:
        return [
            (
                active.binding.key,
                self.app.get_key_display(active.binding),
                self._label(active),
                active.binding.action,
                not enabled,
                active.tooltip,
            )
            for active, enabled in self._chosen()
        ]

    def _chosen(self) -> list[tuple[ActiveBinding, bool]]:
        bindings = dict(self._by_id())
        wanted = [bindings[id_] for id_ in self._order if id_ in bindings]
        width = self.app.size.width
        most = _MOST if width >= NARROW else _MOST_NARROW
        while len(wanted) > most or (len(wanted) > 1 and self._width(wanted) > width):
            # The last one is help; what has a word of its own just now is what one wants to see.
            usual = [active for active in wanted[:-1] if not self._own_label(active)]
            wanted.remove(usual[-1] if usual else wanted[-2])
        return [(active, active.enabled and not self._why_not(active)) for active in wanted]

    def _by_id(self) -> Iterator[tuple[str, ActiveBinding]]:
        for active in reversed(list(self.screen.active_bindings.values())):
            if active.binding.id and not is_text(self.screen, active.binding.key):
                yield active.binding.id, active

    def _width(self, wanted: list[ActiveBinding]) -> int:
        # One column before each key's label, two between keys, one at either edge.
        return 2 * len(wanted) + sum(
            cell_len(self.app.get_key_display(active.binding)) + 1 + cell_len(self._label(active))
            for active in wanted
        )

    def _label(self, active: ActiveBinding) -> str:
        return self._own_label(active) or active.binding.description

    def _own_label(self, active: ActiveBinding) -> str | None:
        label_of = getattr(self.screen, "label_of", None)
        return None if label_of is None else label_of(active.binding.action)

    def _why_not(self, active: ActiveBinding) -> str | None:
        return disabled_reason(self.screen, active.binding.action)


class StatusLine(Label):
    """The line that says what happened, or why something cannot be done now."""

    def __init__(self) -> None:
        super().__init__("", id="status", markup=False)

    def say(self, sentence: str, *, good: bool = False) -> None:
        self.update(f"{GLYPHS.good} {sentence}" if good else sentence)

    def unsay(self, sentence: str) -> None:
        """Takes back what is true no longer, if it still stands there."""
        if str(self.content) == sentence:
            self.update("")


def is_text(screen: Screen[object], key: str) -> bool:
    """True if `key` only types a sign now; another key for the same may still work."""
    field = screen.focused
    letter = "/" if key == "slash" else key_to_character(key)
    return isinstance(field, Input) and letter is not None and field.check_consume_key(key, letter)


def disabled_reason(screen: Screen[object], action: str) -> str | None:
    """The reason why `action` cannot be done on `screen` now, in a sentence; None if it can."""
    judge = getattr(screen, "why_not", None)
    return None if judge is None else judge(action)
