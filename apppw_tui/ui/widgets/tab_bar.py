"""The two tabs that the two screens of this section share."""

from textual import on
from textual.binding import Binding
from textual.events import Resize
from textual.widgets import Tab, Tabs

from apppw_tui.ui.messages import Navigate
from apppw_tui.ui.themes import NARROW


class TabBar(Tabs):
    """Announces the other tab; its own is where one already is."""

    BINDINGS = [
        Binding(
            "down,enter", "enter_content", "Into the page", id="to-content",
            tooltip="Into the page", show=False,
        ),
    ]  # fmt: skip

    def __init__(self, own: str) -> None:
        super().__init__(
            Tab("additional security verification", id="security"),
            Tab("app passwords", id="app-passwords"),
            active=own,
            id="tabs",
        )
        self._own = own

    def on_mount(self) -> None:
        """Textual moves the line under the tab before a resized or relabelled tab has its place."""
        self.screen.screen_layout_refresh_signal.subscribe(
            self, lambda _: self._highlight_active(animate=False)
        )

    @on(Tabs.TabActivated)
    def leave(self, event: Tabs.TabActivated) -> None:
        """Textual also announces the first tab when it is mounted."""
        event.stop()
        place = event.tab.id or ""
        if place != self._own:
            self.post_message(Navigate(place, by_tab=self.has_focus))

    def stay(self) -> None:
        """Back to its own tab: the other one could not be shown."""
        self.active = self._own

    def action_enter_content(self) -> None:
        content = getattr(self.screen, "focus_content", None)
        if content is not None:
            content()

    def on_resize(self, event: Resize) -> None:
        narrow = self.app.size.width < NARROW
        label = "security verification" if narrow else "additional security verification"
        tab = self.query_one("#security", Tab)
        if tab.label_text != label:
            tab.label = label
