"""The tables [[service]]: services of the server's own."""

from pathlib import Path

import pytest

from apppw_tui.config import load, salvaged
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.scopes import OwnService, Service

VPN = '[[service]]\nid = "vpn"\nlabel = "VPN"\n'
NAS = '[[service]]\nid = "nas"\nlabel = "Files of the office"\nin_any = true\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_services_are_read_and_may_be_offered(file: Path) -> None:
    file.write_text(f'[policy]\nscopes = ["Mail", "VPN"]\n{VPN}{NAS}')
    policy = load(file).policy
    own = (
        OwnService(Service("vpn"), "VPN"),
        OwnService(Service("nas"), "Files of the office", in_any=True),
    )
    assert policy.own_services == own
    assert policy.scopes == ("mail", "vpn")
    file.write_text(f'{VPN}{NAS}[policy]\nscopes = ["any", "vpn", "nas"]')
    assert load(file).policy.scopes == ("any", "vpn")
    file.write_text(VPN)
    assert load(file).policy.scopes == ("any",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[[service]]\nlabel = "VPN"', "service[1].id: is missing."),
        ('[[service]]\nid = "vpn"', "service[1].label: is missing."),
        ("[service]", "service: must be written as [[service]], once for each service."),
        (VPN.replace("vpn", "V P N"), "service[1].id: must be a name of small letters"),
        (VPN.replace("vpn", "imaps"), "service[1].id: must not be that of a scope, or of a "),
        (VPN.replace("vpn", "files"), "service[1].id: must not be that of a scope, or of a "),
        (VPN.replace("vpn", "apppw-portal"), "service[1].id: must not be that of a scope"),
        (VPN.replace("VPN", ""), "service[1].label: must be a line of 1 to 32 characters"),
        (VPN.replace("VPN", "x" * 33), "service[1].label: must be a line of 1 to 32 characters"),
        (VPN.replace("VPN", "any APP"), "service[1].label: must be a line of 1 to 32 characters"),
        (f"{VPN}in_any = 1", "service[1].in_any: must be true or false."),
        (VPN + VPN, 'service[2].id: "vpn" is taken already.'),
        (VPN + VPN.replace("vpn", "nas"), "service[2].label: is another's already."),
        (
            f'{VPN}[policy]\nscopes = ["nas"]',
            'policy.scopes: must be some of "any", "mail", "sending", "calendar", "files", "chat", '
            '"web", "imap", "pop3", "sieve", "smtp", "caldav", "carddav", "webdav", "xmpp", '
            '"http" and "vpn".',
        ),
    ],
)
def test_a_wrong_one_is_named(file: Path, content: str, reason: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value).startswith(f"{file}: {reason}")
    assert "\n" not in str(error.value)


def test_who_seeks_the_fault_has_the_rest(file: Path) -> None:
    file.write_text(f'[policy]\nlongest_expiry = 9\nscopes = ["vpn"]\n{VPN}in_any = 1')
    config, error = salvaged(file)
    assert error is not None
    assert (config.policy.longest_expiry, config.policy.own_services) == (9, ())
