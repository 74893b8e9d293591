"""What a person does in the portal, at a real terminal."""

from tests.kiosk.kiosk import ACCOUNT
from tests.support import PASSWORD
from tests.terminal.program import AWAKE, shown_password
from tests.terminal.tmux import Tmux


def sign_in(tmux: Tmux) -> None:
    tmux.see("Sign in")
    tmux.type(ACCOUNT)
    tmux.press("Enter")
    tmux.type(PASSWORD)
    tmux.press("Enter")
    tmux.see("additional security verification")


def create_and_copy(tmux: Tmux) -> str:
    """From the list; the app password as it was shown."""
    tmux.see("No app passwords yet")
    tmux.press("c")
    tmux.see("where will you use it")
    tmux.type("Laptop")
    tmux.press("Enter")
    password = shown_password(tmux.see("You will not see it again", AWAKE))
    tmux.press("Enter")
    tmux.see("Sent to your terminal's clipboard", AWAKE)
    tmux.press("Enter")
    tmux.see("Created Laptop.")
    return password


def delete(tmux: Tmux) -> None:
    tmux.press("d")
    tmux.see("Delete this app password?")
    tmux.press("y")
    tmux.see("Deleted Laptop.")
