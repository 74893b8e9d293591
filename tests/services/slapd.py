"""A real OpenLDAP with people of its own, on a free port of this machine alone."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.require import require_program, unavailable
from tests.services.smtp import HOST, free_port, started

_SCHEMA = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")
_BASE = "dc=example,dc=org"
_CONFIGURATION = """\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
pidfile {own}/pid
modulepath {modules}
moduleload back_mdb
database mdb
suffix "{base}"
directory {own}/data
access to * by * read
"""
_TOP = f"dn: {_BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
_PERSON = """\
dn: cn=person{number},{base}
objectClass: inetOrgPerson
uid: {name}
cn: person{number}
sn: {name}
mail: {name}
userPassword: {password}

"""


@contextmanager
def running(folder: Path, password: str, *names: str) -> Iterator[str]:
    """Its address; everybody has that password, and their names in `uid`."""
    slapd = require_program("slapd", "slapd")
    adds = require_program("slapadd", "slapd")
    if not (_MODULES / "back_mdb.so").exists():
        unavailable("OpenLDAP has no mdb here (Debian package slapd)")
    own = folder / "slapd"
    (own / "data").mkdir(parents=True)
    configuration, people, log = own / "slapd.conf", own / "people.ldif", own / "log"
    configuration.write_text(
        _CONFIGURATION.format(schema=_SCHEMA, modules=_MODULES, own=own, base=_BASE)
    )
    entries = [
        _PERSON.format(number=number, name=name, base=_BASE, password=password)
        for number, name in enumerate(names)
    ]
    people.write_text(_TOP + "".join(entries))
    done = subprocess.run(
        [adds, "-f", configuration, "-l", people], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.fail(f"slapadd: {done.stderr}", pytrace=False)
    port = free_port()
    address = f"ldap://{HOST}:{port}"

    def ready() -> bool:
        with socket.socket() as asking:
            return asking.connect_ex((HOST, port)) == 0

    with started([slapd, "-d", "0", "-f", str(configuration), "-h", address], ready, log):
        yield address


def dovecot(address: str) -> str:
    """dovecot-ldap.conf.ext: whose password opens their entry, and where their mail is."""
    return (
        f"uris = {address}\nbase = {_BASE}\nauth_bind = yes\n"
        "pass_filter = (uid=%u)\nuser_filter = (uid=%u)\nuser_attrs = mail=user\n"
    )
