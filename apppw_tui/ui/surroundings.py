"""What the program knows of where it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from apppw_tui.domain.secret import Secret


class Demo(Protocol):
    """What a demonstration gives away, so that one person can look around alone."""

    account: str
    password: str

    def sent(self) -> str:
        """The newest code that was sent to anybody."""

    def shown_by_app(self, account: str) -> str:
        """What the account's authenticator app would show now."""

    def shown_for(self, secret: Secret) -> str:
        """What an app with that secret would show now."""


@dataclass(frozen=True)
class Surroundings:
    """`save` puts recovery codes into a file of one's own; None where that is not one's machine."""

    host_name: str
    may_create_first: bool = False
    demo: Demo | None = None
    appearance: str | None = None
    save: Callable[[str, Secret], Path] | None = None
