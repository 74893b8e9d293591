"""Mail and web programs as people have them: run inside the machine, by its own Python.

    clients.py imap|smtp|web|deliver NAME [SENDER]

The password, or the message, comes on standard input. Prints one word: yes, no, or later. `imap`
and `smtp` are the real protocols over TLS.
"""

import imaplib
import smtplib
import socket
import ssl
import subprocess
import sys

_SECONDS = 60
_ANY = ssl.create_default_context()
_ANY.check_hostname, _ANY.verify_mode = False, ssl.CERT_NONE


def imap(name: str, password: str) -> str:
    with imaplib.IMAP4("127.0.0.1", timeout=_SECONDS) as client:
        client.starttls(_ANY)
        try:
            client.login(name, password)
        except imaplib.IMAP4.error as error:
            # RFC 5530 section 3: UNAVAILABLE is for the moment.
            return "later" if "UNAVAILABLE" in str(error) else "no"
        client.select("INBOX", readonly=True)
        return "yes"


def smtp(name: str, password: str, sender: str | None = None) -> str:
    with smtplib.SMTP("127.0.0.1", 587, timeout=_SECONDS) as client:
        client.starttls(context=_ANY)
        try:
            client.login(name, password)
        except smtplib.SMTPAuthenticationError as error:
            return "later" if error.smtp_code < 500 else "no"
        except smtplib.SMTPServerDisconnected:
            return "later"
        if sender is not None:
            client.sendmail(sender, ["grace@example.org"], f"From: {sender}\n\nHello.\n")
        return "yes"


def web(name: str, password: str) -> str:
    config = f'user = "{name}:{password}"\nurl = "http://127.0.0.1/dav/"\n'
    ran = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-K", "-"],
        input=config,
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
    return {"200": "yes", "401": "no"}.get(ran.stdout, "later")


def deliver(name: str, text: str) -> str:
    with smtplib.SMTP("127.0.0.1", 25, timeout=_SECONDS) as client:
        try:
            client.sendmail("somebody@elsewhere.example", [name], f"Subject: {text}\n\n{text}\n")
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            return "later" if code < 500 else "no"
        return "yes"


if __name__ == "__main__":
    socket.setdefaulttimeout(_SECONDS)
    kind, name, *more = sys.argv[1:]
    print(
        {"imap": imap, "smtp": smtp, "web": web, "deliver": deliver}[kind](
            name, sys.stdin.read().strip(), *more
        )
    )
