"""What is advised can be done, and what is called in order is there."""

import shutil

import pytest

from apppw_tui.config import Config, ServeConfig, SocketConfig
from apppw_tui.doctor import configuration, pam
from apppw_tui.doctor.finding import Level
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import OwnService, Service
from tests.doctor.healthy import Server
from tests.doctor.test_each_fault import not_asking


@pytest.mark.parametrize("name", ["", "accounts", "locks"])
def test_a_folder_that_others_may_write_is_to_be_closed_and_nothing_else(
    server: Server, name: str
) -> None:
    (server.store / name).chmod(0o777)
    finding = server.fault()
    assert finding.what == f"{server.store / name} can be written by others."
    assert finding.remedy == f"Close it with: chmod 700 {server.store / name}"


ENFORCED, DISABLED = "ada", "bob"
OPEN = "run: apppw-tui account open NAME"
CLOSE = "disable in it, too, who is disabled here"


@pytest.mark.parametrize(
    ("left", "remedy"),
    [
        ((ENFORCED, DISABLED), f"If Dovecot is not to ask, {CLOSE}; {OPEN}, for the others"),
        ((ENFORCED,), f"If Dovecot is not to ask, {OPEN}"),
        ((DISABLED,), f"If Dovecot is not to ask, {CLOSE}"),
    ],
)
def test_a_disabled_account_is_not_to_be_opened(
    server: Server, left: tuple[str, ...], remedy: str
) -> None:
    not_asking(server)
    for name in {ENFORCED, DISABLED} - {*left}:
        server.house.alter(name, enabled=True, enforced_from=None)
    assert server.fault().remedy == f"Put recipes/dovecot/ in place. {remedy}"


def test_pam_without_a_file_of_ours_is_said_to_have_none(server: Server) -> None:
    assert pam.check(server.places)[0].what == "Its file of apppw-tui is right."
    server.add_pam_file("apppw-pop3")
    assert pam.check(server.places)[0].what == "Its 2 files of apppw-tui are right."
    shutil.rmtree(server.places.pam[0])
    assert pam.check(server.places)[0].what == "It has no file of apppw-tui."


def test_a_configuration_that_is_not_there_is_nobodys(server: Server) -> None:
    owners = frozenset({server.home.stat().st_uid})
    (finding,) = configuration.check(None, Config(), owners)
    assert finding.what == "There is none: all is as it is by default."
    path = server.home / "config.toml"
    path.touch(0o600)
    (finding,) = configuration.check(path, Config(), owners)
    assert finding.what == "It is only its owner's to change."


def test_a_service_of_ones_own_for_which_no_socket_may_speak_is_told(server: Server) -> None:
    owners = frozenset({server.home.stat().st_uid})
    policy = Policy(
        own_services=(OwnService(Service("vpn"), "VPN"), OwnService(Service("ftp"), "FTP"))
    )
    speaking = ServeConfig(sockets=(SocketConfig("mux", "mux", frozenset({Service("ftp")})),))
    (finding,) = configuration.check(None, Config(policy=policy, serve=speaking), owners)
    assert (finding.level, finding.where) == (Level.WARNING, "[[service]] vpn")
    assert finding.remedy.startswith('Add "vpn" to services of the [[serve.socket]]')
    (finding,) = configuration.check(None, Config(policy=policy), owners)
    assert finding.level is Level.OK
