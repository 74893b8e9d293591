"""A real Exim with folders of its own, on a free port of this machine alone."""

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.require import require_program, unavailable
from tests.services.smtp import HOST, Mailer, certificate, free_port, started

_USER = "Debian-exim"  # compiled in
_CONFIGURATION = """\
local_interfaces = {host}
daemon_smtp_ports = {port}
spool_directory = {own}/spool
log_file_path = {own}/%slog
pid_file_path = {own}/pid
primary_hostname = mail.example.org
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
acl_smtp_mail = sender
acl_smtp_rcpt = recipient

begin acl

sender:
  accept condition = ${{if eq{{$sender_address}}{{$authenticated_id}}}}
  deny

recipient:
  accept authenticated = *
  deny

begin authenticators

{recipe}
"""


@contextmanager
def running(folder: Path, recipe: str) -> Iterator[Mailer]:
    """Exim with the text `recipe` as its authenticators; no message leaves it, nor is any kept."""
    program = require_program("exim4", "exim4-daemon-heavy")
    if os.geteuid() != 0:
        unavailable("only root can start Exim")
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        unavailable(f"Exim has no user {_USER} here")
    known = subprocess.run([program, "-C", "/dev/null", "-bV"], capture_output=True, check=True)
    if b" dovecot" not in known.stdout:
        unavailable("this Exim has no driver dovecot (Debian package exim4-daemon-heavy)")
    own = folder / "exim"
    own.mkdir()
    mailer = Mailer(free_port(), own / "mainlog")
    key, made = certificate(own)
    for path in (own, key):
        os.chown(path, user.pw_uid, user.pw_gid)
    configuration = own / "exim.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            host=HOST,
            port=mailer.port,
            own=own,
            certificate=made,
            key=key,
            recipe=recipe,
        )
    )

    def ready() -> bool:
        with socket.socket() as asking:
            return asking.connect_ex((HOST, mailer.port)) == 0

    with started([program, "-C", str(configuration), "-bdf"], ready, mailer.log):
        yield mailer
