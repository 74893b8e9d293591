"""Calls to the portal that may have to be preceded by a verification."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from textual.dom import DOMNode

from apppw_tui.domain.errors import ReverificationRequired

Result = TypeVar("Result")


@runtime_checkable
class CanVerify(Protocol):
    """An app that can ask the person to prove again who they are."""

    async def verify_again(self) -> bool:
        """True once they have. Only within a worker: it waits for a dialog."""


async def with_reverification(node: DOMNode, call: Callable[[], Result]) -> Result:
    """The result of `call`, in a thread; where it needs a fresh verification, after that.

    `call` must take the session from where a new one is put, not hold an old one.

    Raises:
        ReverificationRequired: the person would not verify; and whatever `call` raises otherwise.
    """
    while True:
        try:
            return await asyncio.to_thread(call)
        except ReverificationRequired:
            app = node.app
            if not isinstance(app, CanVerify) or not await app.verify_again():
                raise
