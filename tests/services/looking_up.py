"""How a mail server's other programs ask whether there is such a user."""

import smtplib
import socket

from tests.services.sign_in import HOST

_TAKEN, _NOBODY = 250, 550  # RFC 2033
_NO_USER = 67  # sysexits.h
# What each of them says.
FOUND: dict[str, object] = {"doveadm user": 0, "LMTP": _TAKEN, "quota": "action=DUNNO", "LDA": 0}
NOT_FOUND: dict[str, object] = {
    "doveadm user": _NO_USER,
    "LMTP": _NOBODY,
    "quota": "action=REJECT nobody",
    "LDA": _NO_USER,
}


def taken(port: int, account: str) -> int:
    """The code that answers a message for that account, by LMTP."""
    with smtplib.LMTP(HOST, port, timeout=60) as session:
        session.ehlo()
        session.mail("")
        code, _ = session.rcpt(account)
        if code != _TAKEN:
            return code
        return session.data("Subject: hello\r\n\r\nhello\r\n")[0]


def policy_says(port: int, account: str) -> str:
    """What quota-status says, by Postfix's policy protocol (SMTPD_POLICY_README)."""
    with socket.create_connection((HOST, port), 60) as asking, asking.makefile() as lines:
        asked = ["request=smtpd_access_policy", "size=10", f"recipient={account}", "", ""]
        asking.sendall("\n".join(asked).encode())
        return lines.readline().strip()
