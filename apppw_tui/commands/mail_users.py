"""Questions of commands to the mail server about names: a user there, or not."""

import contextlib
from collections.abc import Callable, Iterator

from apppw_tui.config import Config
from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.integrations.dovecot_users import DovecotUsers

SOCKET = "auth-userdb"  # beside Dovecot's other sockets
_QUICK_TIMEOUT = 2.0  # seconds, for whoever only warns
_TIMEOUT = 20.0  # seconds, for each name; LDAP may be slow


def connected(
    config: Config, timeout: float = _TIMEOUT
) -> contextlib.AbstractContextManager[DovecotUsers]:
    """Dovecot, for as long as it is needed. Raises PasswordBackendDown."""
    return contextlib.closing(DovecotUsers(config.accounts.socket.parent / SOCKET, timeout))


@contextlib.contextmanager
def user_lookup(config: Config) -> Iterator[Callable[[str], bool | None]]:
    """True if Dovecot knows an account, for a caller that only warns.

    None where it does not say.
    """
    with contextlib.ExitStack() as stack:
        users: DovecotUsers | None = None
        with contextlib.suppress(PasswordBackendDown):
            users = stack.enter_context(connected(config, _QUICK_TIMEOUT))

        def ask(name: str) -> bool | None:
            nonlocal users
            with contextlib.suppress(PasswordBackendDown):
                return None if users is None else knows_user(users, name, config.default_domain)
            users = None  # one that hangs is waited for once
            return None

        yield ask


def knows_user(users: DovecotUsers, name: str, default_domain: str | None) -> bool | None:
    """As DovecotUsers.knows; an account of the default domain may stand there without it."""
    answer = users.knows(name)
    local, _, domain = name.partition("@")
    if answer is not False or not default_domain or domain != default_domain:
        return answer
    return users.knows(local)
