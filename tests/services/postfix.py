"""A real Postfix with folders of its own, on a free port of this machine alone."""

import os
import pwd
import re
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.smtp import HOST, Mailer, certificate, free_port, started

_ATTEMPTS, _BETWEEN = 400, 0.05  # seconds; 20 in all until a message was delivered
_DAEMONS = Path("/usr/lib/postfix/sbin")
# The throttling: an smtpd that died would otherwise leave the port unanswered for a minute.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {own}/queue
data_directory = {own}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
maillog_file = {log}
maillog_file_prefixes = {own}
inet_interfaces = {host}
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
alias_maps =
smtpd_peername_lookup = no
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
service_throttle_time = 1s
in_flow_delay = 0s
{recipe}
"""
# What an smtpd needs around it, as in Debian's master.cf.
_MASTER = """\
tlsmgr    unix  -       -       y       1000?   1       tlsmgr
anvil     unix  -       -       y       -       1       anvil
rewrite   unix  -       -       y       -       -       trivial-rewrite
cleanup   unix  n       -       y       -       0       cleanup
proxymap  unix  -       -       n       -       -       proxymap
postlog   unix-dgram n  -       n       -       1       postlogd
{recipe}
"""
_PARTS = (
    *("private", "public", "pid", "incoming", "active", "maildrop"),
    *("deferred", "bounce", "defer", "trace", "hold", "corrupt", "flush", "saved"),
)
# What takes mail in for example.org and hands it on to Dovecot, as in Debian's master.cf.
_RECEIVES = """
{host}:{port} inet n - y - - smtpd
qmgr      unix  n       -       n       300     1       qmgr
bounce    unix  -       -       y       -       0       bounce
defer     unix  -       -       y       -       0       bounce
trace     unix  -       -       y       -       0       bounce
retry     unix  -       -       y       -       -       error
error     unix  -       -       y       -       -       error
lmtp      unix  -       -       y       -       -       lmtp
"""
_HANDS_ON = """
virtual_mailbox_domains = example.org
virtual_transport = lmtp:inet:[{host}]:{lmtp}
mynetworks = {host}
"""


@dataclass(frozen=True)
class Postfix(Mailer):
    """Its queue directory is all that a chrooted smtpd sees."""

    queue: Path
    receiving: int  # the port where other servers bring mail, if it takes any

    def receive(self, account: str) -> str:
        """What became of a message for that account: sent, bounced, deferred."""
        with smtplib.SMTP(HOST, self.receiving, timeout=60) as session:
            session.sendmail("", [account], "Subject: hello\r\n\r\nhello\r\n")
        became = re.compile(rf"to=<{re.escape(account)}>.* status=(\w+)")
        for _ in range(_ATTEMPTS):
            found = became.findall(self.log.read_text())
            if found:
                return str(found[-1])
            time.sleep(_BETWEEN)
        pytest.fail(f"nothing became of it: {self.log.read_text()}", pytrace=False)


@contextmanager
def running(
    folder: Path, name: str, recipe: str, sasl: str = "", *, lmtp: int | None = None
) -> Iterator[Postfix]:
    """Postfix with the text `recipe` in its main.cf; no message leaves it, nor is any kept.

    `sasl` is the text of its sasl/smtpd.conf, which Debian's looks for beside main.cf. With `lmtp`,
    Dovecot's port, it takes mail for example.org.
    It may be started before there is anybody to ask, since smtpd asks when it is connected to.
    """
    require_program("postconf", "postfix")
    if os.geteuid() != 0:
        unavailable("only root can start Postfix")
    account = pwd.getpwnam("postfix")
    own = folder / name
    own.mkdir()
    configuration = own / "etc"
    (configuration / "sasl").mkdir(parents=True)
    (configuration / "sasl/smtpd.conf").write_text(sasl)
    receiving = free_port() if lmtp else 0
    postfix = Postfix(free_port(), own / "maillog", own / "queue", receiving)
    receives = _RECEIVES.format(host=HOST, port=receiving) if lmtp else ""
    recipe += _HANDS_ON.format(host=HOST, lmtp=lmtp) if lmtp else ""
    for each in ("queue", "data", *(f"queue/{part}" for part in _PARTS)):
        (own / each).mkdir()
        if each != "queue":
            os.chown(own / each, account.pw_uid, -1)
    key, made = certificate(own)
    main = configuration / "main.cf"
    main.write_text(
        _MAIN.format(
            own=own,
            daemons=_DAEMONS,
            log=postfix.log,
            host=HOST,
            certificate=made,
            key=key,
            recipe=recipe,
        )
    )
    os.utime(main, (0, 0))  # what was changed just now, Postfix reads again and again, for seconds
    # One smtpd at a time, so that it is the same one that is asked again.
    submission = adapted(
        "postfix/master-submission.cf",
        {
            "submission inet n       -       y       -       -       smtpd": (
                f"{HOST}:{postfix.port} inet n       -       y       -       1       smtpd"
            )
        },
    )
    (configuration / "master.cf").write_text(_MASTER.format(recipe=submission) + receives)

    def ready() -> bool:
        # Connecting would make smtpd ask, and die if there is nobody.
        return postfix.log.exists() and "daemon started" in postfix.log.read_text()

    command = [str(_DAEMONS / "master"), "-c", str(configuration), "-d"]
    with started(command, ready, postfix.log):
        yield postfix
