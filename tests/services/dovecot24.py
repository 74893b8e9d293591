"""A real Dovecot 2.4 in a Debian 13 of its own, with the files of recipes/ where they belong."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apppw_tui
from tests.services import debian13, old_passwords, slapd
from tests.services.dovecot import free_ports, stop, wait_for
from tests.services.old_passwords import OLD
from tests.services.recipes import adapted
from tests.services.sign_in import HOST, PROTOCOLS, all_say
from tests.services.trials import ENFORCED, OPEN, UNKNOWN

_SOMEBODY = 4711  # the store's owner, a user that is neither root nor Dovecot's
PACKAGES = (
    *("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-managesieved"),
    *("dovecot-lmtpd", "dovecot-ldap", "dovecot-auth-lua", "lua-socket", "python3"),
)
RECIPES = {
    "lua": ["24-apppw-lua.conf", "99-apppw-auth.conf", "99-apppw-names.conf"],
    "pam": ["24-apppw.conf", "24-apppw-enforced.conf", "99-apppw-auth.conf"],
}
_CONFIGURATION = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = /run/dovecot-{name}
state_dir = /run/dovecot-{name}-state
log_path = /var/log/dovecot-{name}
auth_verbose = yes
protocols = imap pop3 sieve lmtp
listen = {host}
ssl = no
auth_allow_cleartext = yes
auth_failure_delay = 0
auth_internal_failure_delay = 0
first_valid_uid = 1
mail_driver = maildir
mail_path = ~/mail
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
mail_plugins {{
  quota = yes
}}
quota "User quota" {{
}}
quota_status_success = DUNNO
quota_status_nouser = REJECT nobody
service quota-status {{
  executable = quota-status -p postfix
  client_limit = 1
  inet_listener policy {{
    port = {policy}
  }}
}}
!include /etc/dovecot/recipe-{way}.conf
"""
_PASSWD_FILE = """\
passdb passwd-file {
  passwd_file_path = /etc/dovecot/users
  fields {
    allow_nets = %{mechanism | if('eq', '', remote_ip, '127.0.0.1/32')},local
  }
}
"""
_FIELDS = "  fields {\n    uid = mail\n    gid = mail\n    home = /var/vmail/%{user}\n  }\n}\n"
# Where users are, and their old passwords.
SOURCES = {
    "static": f"{_PASSWD_FILE}userdb static {{\n{_FIELDS}",
    "passwd-file": (
        f"{_PASSWD_FILE}userdb passwd-file {{\n  passwd_file_path = /etc/dovecot/users\n{_FIELDS}"
    ),
    "ldap": (
        "ldap_uris = LDAP\nldap_base = dc=example,dc=org\n"
        "passdb ldap {\n  bind = yes\n  filter = (uid=%{user})\n}\n"
        f"userdb ldap {{\n  filter = (uid=%{{user}})\n{_FIELDS}"
    ),
}


@dataclass(frozen=True)
class Dovecot:
    """One that was started, and the daemon's socket as the tests see it."""

    way: str
    root: Path
    name: str
    ports: dict[str, int]
    socket: Path

    @property
    def log(self) -> Path:
        return self.root / "var/log" / f"dovecot-{self.name}"

    def says(self, account: str, password: str) -> dict[str, str]:
        return all_say({one: self.ports[one] for one in PROTOCOLS}, account, password)

    def run(self, program: str, *arguments: str, stdin: str = "") -> int:
        """The exit code of one of Dovecot's programs, with its very configuration."""
        line = [program, "-c", f"/etc/dovecot/test-{self.name}.conf", *arguments]
        return debian13.exit_code(self.root, *line, stdin=stdin)


@contextmanager
def rooted() -> Iterator[Path]:
    """A Debian 13 with Dovecot, the recipes and this very apppw-tui."""
    with debian13.debian13(PACKAGES) as root:
        (root / "run" / "apppw-tui").mkdir(0o755)
        (root / "var" / "vmail").mkdir(0o777)
        (root / "var" / "vmail").chmod(0o777)
        lines = [
            f"{name}:{old_passwords.OLD_HASH}:mail:mail::/var/vmail/{name}\n"
            for name in (OPEN, ENFORCED, UNKNOWN)
        ]
        put(root / "etc/dovecot/users", "".join(lines))
        put(root / "etc/dovecot/apppw-enforced", f"{ENFORCED}\n")
        for script in ("apppw.lua", "apppw-old-password.lua"):
            put(root / "etc/dovecot" / script, adapted(f"dovecot/{script}", {}))
        (root / "etc/apppw-tui").mkdir()
        put(root / "etc/apppw-tui/config.toml", "")
        # As in the store: its owner's alone, and auth-worker is root.
        enforced = root / "var/lib/apppw-tui/enforced"
        enforced.mkdir(parents=True)
        (enforced / ENFORCED).write_text(f"1970-01-01T00:00:00Z {'0' * 32}\n")
        for path in (enforced, enforced / ENFORCED, enforced.parent):
            path.chmod(0o700 if path.is_dir() else 0o600)
            os.chown(path, _SOMEBODY, _SOMEBODY)
        for way, recipes in RECIPES.items():
            text = "".join(adapted(f"dovecot/{recipe}", {}) for recipe in recipes)
            put(root / f"etc/dovecot/recipe-{way}.conf", text)
        for protocol in PROTOCOLS:
            put(root / f"etc/pam.d/apppw-{protocol}", adapted(f"pam/apppw-{protocol}", {}))
        shutil.copytree(Path(apppw_tui.__file__).parent, root / "opt" / "apppw_tui")
        program = root / "usr/local/bin/apppw-tui"
        put(program, '#!/bin/sh\nPYTHONPATH=/opt exec /usr/bin/python3 -P -m apppw_tui "$@"\n')
        program.chmod(0o755)
        yield root


def put(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


@contextmanager
def running(
    root: Path, way: str, source: str = "static", *, http_options: bool = False
) -> Iterator[Dovecot]:
    """With apppw-tui's passdbs that way, and the users in that source.

    `telling`: apppw-tui is told when an old password was right.
    """
    with ExitStack() as stack:
        behind = SOURCES[source]
        if source == "ldap":
            people = slapd.running(root / "tmp" / way, OLD, OPEN, ENFORCED, UNKNOWN)
            behind = behind.replace("LDAP", stack.enter_context(people))
        if http_options:
            begins = "passdb passwd-file {\n"
            behind = behind.replace(begins, f"{begins}  result_success = continue-ok\n")
            behind += adapted("dovecot/24-apppw-old-password.conf", {})
        names = (*PROTOCOLS, "lmtp", "policy")
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        made = Dovecot(way, root, f"{way}-{ports['imap']}", ports, root / "run/apppw-tui/json")
        text = _CONFIGURATION.format(way=way, name=made.name, host=HOST, **ports)
        put(root / f"etc/dovecot/test-{made.name}.conf", text + behind)
        configuration = f"/etc/dovecot/test-{made.name}.conf"
        process = debian13.start(root, "dovecot", "-F", "-c", configuration)
        stack.callback(stop, process)
        wait_for(process, ports.values(), made.log)
        yield made
