"""Programs that help to copy, as a test wants them."""

from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.domain.secret import Secret


class ByTmuxAlone:
    """A tmux that always answers the same, and no desktop."""

    def __init__(self, answer: TmuxDelivery | None) -> None:
        self._answer = answer

    def by_tmux(self, _: Secret) -> TmuxDelivery | None:
        return self._answer

    def hidden(self, _: Secret) -> bool:
        return False
