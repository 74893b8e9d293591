"""Signing in to an XMPP server, as far as its answer to the password."""

import base64
import re
import socket

from tests.services.web import HOST, TIMEOUT

DOMAIN = "example.org"
IN, REFUSED, NOT_NOW = "success", "not-authorized", "temporary-auth-failure"
_OPENS = (
    f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


def says(port: int, account: str, password: str, authzid: str = "") -> str:
    """RFC 6120 section 6: "success", or the reason of the failure."""
    name, _, domain = account.partition("@")
    assert domain in ("", DOMAIN)
    initial = base64.b64encode(f"{authzid}\0{name}\0{password}".encode()).decode()
    with socket.create_connection((HOST, port), TIMEOUT) as connection:
        connection.sendall(_OPENS.encode())
        features = _heard(connection, "</stream:features>")
        assert re.findall("<mechanism>([^<]*)</mechanism>", features) == ["PLAIN"]
        connection.sendall(f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{initial}</auth>".encode())
        answer = _heard(connection, "<success[^>]*/>|</failure>")
    if "<success" in answer:
        return IN
    found = re.search(r"<failure[^>]*><([a-z-]+)", answer)
    assert found is not None, answer
    return found[1]


def _heard(connection: socket.socket, until: str) -> str:
    heard = ""
    while re.search(until, heard) is None:
        more = connection.recv(65536).decode()
        assert more, f"hung up after {heard!r}"
        heard += more
    return heard
