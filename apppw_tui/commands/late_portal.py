"""The portal before its rooms are loaded, which the first frame does not wait for.

Hashes, documents, seals and ledgers take nearly as long to load as Textual does. What can be wrong
with a store is found before anything is drawn, by the few modules that look at its folder.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apppw_tui.config import Config
from apppw_tui.domain.connection_settings import ConnectionTestResult
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret
from apppw_tui.store.engine import Engine, StoreLocation

if TYPE_CHECKING:
    from apppw_tui.domain.ssh_key import ProvenKey
    from apppw_tui.portal.portal import Portal
    from apppw_tui.verifier.connection_test import ConnectionTest


class LatePortal:
    """Answers what Login asks before it is drawn; all else is the portal's, which it then loads.

    Loading may block, and raise StoreError: the store may have gone since.

    Args:
        engine: that of `place`.
        socket: the place of one of the daemon's sockets, by its name.
        proven_key: the ssh key that sshd has verified.
        on_server: False for a store of one's own.
    """

    def __init__(
        self,
        place: StoreLocation,
        engine: Engine,
        config: Config,
        clock: Clock,
        *,
        address: str,
        socket: Callable[[str], Path],
        proven_key: "ProvenKey | None" = None,
        on_server: bool = True,
    ) -> None:
        self.place = place
        self.engine = engine
        self.config = config
        self.address = address
        self._clock = clock
        self._socket = socket
        self._proven_key = proven_key
        self._on_server = on_server
        self._loading = threading.Lock()
        self._rooms: tuple[Portal, ConnectionTest] | None = None

    @property
    def policy(self) -> Policy:
        return self.config.policy

    @property
    def creates_accounts(self) -> bool:
        """See Portal."""
        return self.config.accounts.source == "store"

    def has_accounts(self) -> bool:
        """See Portal."""
        there = self.engine.has_accounts()
        return there or not (self.creates_accounts or self.config.accounts.require_add)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.load(), name)

    def load(self) -> "Portal":
        """The portal itself."""
        return self._loaded()[0]

    def try_connection(
        self, account_name: str, secret: Secret, service: Service
    ) -> ConnectionTestResult:
        """See ConnectionTest."""
        return self._loaded()[1](account_name, secret, service)

    def _loaded(self) -> "tuple[Portal, ConnectionTest]":
        with self._loading:  # whoever comes second waits for the first
            if self._rooms is None:
                from apppw_tui.bootstrap import build
                from apppw_tui.portal.portal import Portal
                from apppw_tui.verifier.connection_test import ConnectionTest
                from apppw_tui.verifier.decision import Verifier

                config = self.config
                parts = build(
                    self.place,
                    config,
                    self._clock,
                    address=self.address,
                    proven_key=self._proven_key,
                )
                verifier = Verifier(
                    *(parts.engine.accounts, parts.context.hasher, self._clock),
                    config.default_domain,
                    config.policy.own_services,
                )
                test = ConnectionTest(
                    *(verifier, config.serve.sockets, self._socket, parts.context.error_log),
                    on_server=self._on_server,
                )
                self._rooms = Portal(parts.context), test
            return self._rooms
