"""The clock that notices that nobody sits there any more, for the screens and for lines."""

from collections.abc import Callable
from dataclasses import dataclass, field

WARNED_FOR = 30.0  # seconds before the end, in which a line says that it comes
_GRACE = 30.0  # seconds after the end, in which the program may still leave in good order


@dataclass
class IdleClock:
    """Ends `limit` seconds after the last key; all in the clock's monotonic seconds.

    With `door`, whoever has not signed in has that many seconds in all, whatever they press.
    """

    monotonic: Callable[[], float]
    limit: float
    door: float | None = None
    _since: float = field(default=0.0, init=False)
    is_signed_out: bool = field(default=True, init=False)  # nobody is signed in

    def __post_init__(self) -> None:
        self._since = self.monotonic()

    def signed_out(self) -> None:
        """From now on nobody is signed in."""
        self._since, self.is_signed_out = self.monotonic(), True

    def signed_in(self) -> None:
        """From now on somebody is."""
        self._since, self.is_signed_out = self.monotonic(), False

    def key_pressed(self) -> None:
        """Somebody pressed something."""
        if self.resets_on_key:
            self._since = self.monotonic()

    @property
    def resets_on_key(self) -> bool:
        """True if a key puts the end off."""
        return not self.is_signed_out or self.door is None

    @property
    def seconds_left(self) -> float:
        """Seconds to the end."""
        limit = self.limit if self.resets_on_key or self.door is None else self.door
        return limit - (self.monotonic() - self._since)

    @property
    def at_most(self) -> float:
        """Seconds after which it should have ended: a terminal perhaps takes nothing more."""
        return self.seconds_left + _GRACE
