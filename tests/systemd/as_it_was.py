"""A mail server as there are many: people, their old passwords, mail that arrives, a web folder.

Nothing of apppw-tui is on it. What is written here is what an administrator had written before.
"""

import subprocess
from pathlib import Path

from tests.systemd.machine import Machine

DOMAIN = "example.org"
PEOPLE = ("ada", "grace", "linus")
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "python3-venv", "openssh-server", "openssh-client"),
    *("dovecot-imapd", "dovecot-lmtpd", "dovecot-auth-lua", "lua-socket", "postfix", "nginx-light"),
    *("ca-certificates", "curl", "procps", "iproute2", "git"),
)
_MAIN_CF = f"""\
compatibility_level = 3.6
myhostname = mail.{DOMAIN}
mydestination =
virtual_mailbox_domains = {DOMAIN}
virtual_transport = lmtp:unix:private/dovecot-lmtp
virtual_mailbox_maps = inline:{{{" ".join(f"{name}@{DOMAIN}=1" for name in PEOPLE)}}}
recipient_delimiter = +
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_tls_cert_file = /etc/ssl/mail.pem
smtpd_tls_key_file = /etc/ssl/mail.key
maillog_file = /var/log/mail.log
"""
# At the end, what slows guessers down, here twenty times over, is off: two to four seconds each.
_DOVECOT_23 = """\
mail_location = maildir:~/Maildir
ssl_cert = </etc/ssl/mail.pem
ssl_key = </etc/ssl/mail.key
auth_username_format = %Lu
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
auth_failure_delay = 0 secs
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
_OLD_23 = """\
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u /etc/dovecot/people
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/var/vmail/%d/%n
}
"""
_DOVECOT_24 = """\
mail_driver = maildir
mail_path = ~/Maildir
mail_inbox_path =
ssl_server_cert_file = /etc/ssl/mail.pem
ssl_server_key_file = /etc/ssl/mail.key
auth_username_format = %{user | lower}
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
auth_failure_delay = 0 secs
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
_OLD_24 = """\
passdb passwd-file {
  passwd_file_path = /etc/dovecot/people
  default_password_scheme = PLAIN
}
userdb static {
  fields {
    uid = vmail
    gid = vmail
    home = /var/vmail/%{user | domain}/%{user | username}
  }
}
"""
_NGINX = """\
server {
    listen 127.0.0.1:80 default_server;
    root /srv/web;
    location /dav/ { }
}
"""


def old_password(name: str) -> str:
    """What `name` used before: not a secret, since this machine is nobody's."""
    return f"old-{name}-password"


def set_up(machine: Machine, certificate: Path) -> None:
    """The server is running when this returns, and has delivered and been read."""
    for file in ("mail.pem", "mail.key"):
        machine.write(f"/etc/ssl/{file}", (certificate / file).read_text())
    machine.write("/etc/hosts", f"127.0.0.1 localhost mail.{DOMAIN}\n")
    machine.output("useradd", "--system", "--create-home", "--home-dir", "/var/vmail", "vmail")
    people = "".join(f"{name}@{DOMAIN}:{{PLAIN}}{old_password(name)}\n" for name in PEOPLE)
    machine.write("/etc/dovecot/people", people)
    new = machine.output("dovecot", "--version").startswith("2.4")
    machine.write("/etc/dovecot/conf.d/90-site.conf", _DOVECOT_24 if new else _DOVECOT_23)
    # Debian's own include in 10-auth.conf names the passdb; this is the site's.
    machine.write("/etc/dovecot/conf.d/auth-site.conf.ext", _OLD_24 if new else _OLD_23)
    machine.shell(
        "sed -i 's/auth-system.conf.ext/auth-site.conf.ext/' /etc/dovecot/conf.d/10-auth.conf"
    )
    if new:  # Debian 13's own takes the domain away from whoever mail arrives for
        machine.shell("sed -i '/auth_username_format/d' /etc/dovecot/conf.d/20-lmtp.conf")
    machine.write("/etc/postfix/main.cf", _MAIN_CF)
    machine.write("/srv/web/dav/index.html", "here\n")
    machine.write("/etc/nginx/sites-available/default", _NGINX)
    for unit in ("dovecot", "postfix", "nginx"):
        machine.output("systemctl", "enable", unit)
        machine.output("systemctl", "restart", unit)


def make_certificate(folder: Path) -> Path:
    folder.mkdir()
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
    names = ["-subj", f"/CN=mail.{DOMAIN}"]
    files = ["-keyout", str(folder / "mail.key"), "-out", str(folder / "mail.pem")]
    subprocess.run([*line, *names, *files], check=True, capture_output=True, timeout=60)
    return folder
