"""A plaintext that does not leak by accident."""

from typing import NoReturn


class Secret:
    """Holds a plaintext; only `reveal()` gives it away.

    Its repr and str are redacted, and it refuses to be pickled or copied into a document,
    so that neither a log line nor a crash report can carry it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<Secret>"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")
