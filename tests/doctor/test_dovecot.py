"""Ways past apppw-tui in Dovecot: with the real doveconf 2.3, and what that of 2.4 printed."""

import grp
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from apppw_tui.doctor import dovecot, probe
from apppw_tui.doctor.doveconf import parse
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.doctor.probe import CommandOutput
from tests.doctor.healthy import Server, faults, printed
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.unix_sockets import abandoned

BEHIND = "passdb {\n  driver = pam\n}\n"
PROTOCOLS = "ssl = no\nprotocols = imap\n"
LUA = adapted("dovecot/05-apppw-lua.conf", {})
PAM = adapted("dovecot/05-apppw.conf", {})
DENY = adapted("dovecot/06-apppw-enforced.conf", {})
TOLD = adapted("dovecot/90-apppw-old-password.conf", {})
# As 05-apppw-lua.conf has it, for where no old password is left.
UNKNOWN_UID = "passdb {\n  driver = passwd-file\n  args = /dev/null\n}\n"
FIRST = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n"
MASTER = "passdb {\n  driver = passwd-file\n  master = yes\n  args = /etc/dovecot/master\n}\n"


def looked_at(server: Server, text: str, asked: frozenset[Path] = frozenset()) -> list[Finding]:
    """What is found by way of the real doveconf, over that configuration."""
    require_program("doveconf", "dovecot-core")
    path = server.home / "dovecot.conf"
    path.write_text(PROTOCOLS + text)

    def ask(command: Sequence[str]) -> CommandOutput:
        return probe.run([*command, "-c", str(path)])

    return faults(dovecot.check(ask, server.places, server.store, asked))


@pytest.mark.parametrize(
    "text",
    [
        LUA + BEHIND,
        LUA + UNKNOWN_UID,
        LUA + BEHIND.replace("}", "  result_success = continue-ok\n}") + TOLD,
        LUA + UNKNOWN_UID + TOLD,
        PAM + DENY + BEHIND,
        PAM,
        DENY + LUA + BEHIND,
        BEHIND,
        FIRST + BEHIND,
    ],
    ids=[
        "lua",
        "lua-alone",
        "lua-told",
        "lua-told-of-nobody",
        "pam",
        "pam-alone",
        "denied-first",
        "not-ours",
        "none-ours",
    ],
)
def test_nothing_is_wrong_with_the_recipes(server: Server, text: str) -> None:
    assert looked_at(server, text) == []


@pytest.mark.parametrize(
    ("text", "level", "what"),
    [
        (FIRST + LUA + BEHIND, Level.DANGER, "passwd-file stands before"),
        (
            LUA.replace("result_internalfail = return-fail", "") + BEHIND,
            Level.DANGER,
            "result_internalfail of the passdb lua",
        ),
        (
            LUA.replace("result_failure = return-fail", "") + BEHIND,
            Level.DANGER,
            "result_failure of the passdb lua",
        ),
        (PAM + BEHIND, Level.WARNING, "cannot say who is enforced"),
        (LUA + BEHIND + "auth_mechanisms = plain cram-md5\n", Level.DANGER, "has cram-md5"),
        (LUA + BEHIND + "auth_cache_size = 10M\n", Level.DANGER, "auth_cache_size is 10 M"),
        (LUA + BEHIND + MASTER, Level.WARNING, "has master users"),
        (MASTER + LUA + BEHIND, Level.WARNING, "has master users"),
        (LUA + BEHIND + "auth_username_format = %Ln\n", Level.NOTICE, "cuts off the domain"),
        (PAM + "protocols = imap pop3\n", Level.DANGER, "no file"),
        (PAM.replace("apppw-%Ls", "apppw-mail"), Level.DANGER, "no file"),
        (
            PAM + adapted("postfix/dovecot-auth.conf", {}),
            Level.DANGER,
            "no file",
        ),
    ],
    ids=[
        *("before", "internalfail", "failure", "pam-alone-knows-not", "mechanism", "cache"),
        *("masters", "masters-first", "domain", "pop3", "named", "smtp"),
    ],
)
def test_a_way_past_is_found_alone(server: Server, text: str, level: Level, what: str) -> None:
    (finding,) = looked_at(server, text)
    assert (finding.level, what in finding.what, finding.remedy != "") == (level, True, True), (
        finding
    )


def test_a_pam_file_of_the_distribution_is_one_as_well(server: Server) -> None:
    folder = server.places.pam[1]
    folder.mkdir(parents=True)
    (folder / "apppw-pop3").touch()
    assert looked_at(server, PAM + "protocols = imap pop3\n") == []


def test_a_configuration_that_dovecot_refuses_is_told_without_its_content(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (finding,) = looked_at(server, "passdb {\n  hunter2 = hunter2\n}\n")
    assert (finding.level, "exit code 89" in finding.what) == (Level.WARNING, True)
    assert "hunter2" not in repr(finding)


def test_whom_only_root_can_ask_is_no_fault_for_others(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert looked_at(server, "passdb {\n  hunter2 = hunter2\n}\n") == []


@pytest.mark.parametrize("name", ["lua", "pam"])
def test_nothing_is_wrong_with_the_recipes_in_dovecot_2_4(server: Server, name: str) -> None:
    for service in ("apppw-pop3", "apppw-smtp"):
        server.add_pam_file(service)
    server.programs.out["doveconf"] = printed(f"doveconf-2.4-{name}.txt")
    assert server.faults() == []


def test_every_way_past_is_found_in_dovecot_2_4(server: Server) -> None:
    server.programs.out["doveconf"] = printed("doveconf-2.4-faulty.txt")
    assert [(one.level.value, one.what.partition(":")[0]) for one in server.faults()] == [
        ("danger", "The passdb first (static) stands before apppw-tui's"),
        ("danger", "result_internalfail of the passdb apppw (lua) is not return-fail"),
        (
            "danger",
            "result_failure of the passdb apppw (lua) is not return-fail",
        ),
        ("danger", "auth_mechanisms has cram-md5"),
        ("danger", "auth_cache_size is 10M"),
        ("warning", "The passdb masters (passwd-file) has master users"),
        ("notice", "auth_username_format = %{user | username | lower} cuts off the domain"),
    ]


@pytest.mark.parametrize("begins", ["passdb apppw {\n  driver = pam\n", "passdb pam {\n"])
def test_the_pam_files_that_2_4_asks_for_are_missed(server: Server, begins: str) -> None:
    text = printed("doveconf-2.4-pam.txt")
    server.programs.out["doveconf"] = text.replace("passdb apppw {\n  driver = pam\n", begins)
    missed = [Path(finding.where).name for finding in server.faults()]
    assert missed == ["apppw-pop3", "apppw-smtp"]


def test_without_dovecot_nothing_is_missed(server: Server) -> None:
    del server.programs.out["doveconf"]
    assert server.faults() == []


def test_a_value_that_looks_like_a_block_is_a_value() -> None:
    top = parse("plugin {\n  x = a {\n}\npassdb {\n  driver = lua\n}\n}\n")
    assert [block.kind for block in top.blocks] == ["plugin", "passdb"]
    assert top.blocks[1].settings == {"driver": "lua"}


@pytest.fixture
def json(server: Server) -> Path:
    """The daemon's socket, and the script that asks there."""
    path = server.home / "json"
    abandoned(path)
    path.chmod(0o660)
    server.lua.write_text(server.lua.read_text().replace("/run/apppw-tui/json", str(path)))
    return path


def test_a_script_that_asks_where_nobody_listens_is_found(server: Server, json: Path) -> None:
    assert looked_at(server, LUA + BEHIND, frozenset({json})) == []
    server.lua.write_text(server.lua.read_text().replace(str(json), "/run/apppw/json"))
    (finding,) = looked_at(server, LUA + BEHIND, frozenset({json}))
    assert (finding.level, finding.where) == (Level.DANGER, "/etc/dovecot/apppw.lua")
    assert f"asks at /run/apppw/json, and the daemon listens at {json}" in finding.what
    # Another name of the same place.
    (server.home / "link").symlink_to(server.home)
    text = server.lua.read_text().replace("/run/apppw/json", f"{server.home}/link/json")
    server.lua.write_text(text)
    assert looked_at(server, LUA + BEHIND, frozenset({json})) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("service", "user", "found"),
    [
        ("", "", []),  # auth-worker is root
        ("auth-worker", "  user = root\n", []),
        ("auth-worker", "  user = nobody\n", ["may not ask", "cannot read"]),
        ("auth-worker", "  user = nobody\n  extra_groups = daemon\n", ["cannot read"]),
        ("auth-worker", "  user = nobody\n  group = daemon\n", ["cannot read"]),
        ("auth-worker", "  user = $default_internal_user\n", ["may not ask", "cannot read"]),
    ],
)
def test_who_asks_may_ask(
    server: Server, json: Path, service: str, user: str, found: list[str]
) -> None:
    os.chown(json, -1, grp.getgrnam("daemon").gr_gid)
    text = LUA + BEHIND + (f"service {service} {{\n{user}}}\n" if service else "")
    told = looked_at(server, text, frozenset({json}))
    assert len(told) == len(found)
    for one, what in zip(told, found, strict=True):
        assert what in one.what
        assert service in one.what


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_where_no_worker_asks_it_is_auth_itself(server: Server, json: Path) -> None:
    told = looked_at(server, LUA.replace("blocking=yes", "blocking=no") + BEHIND, frozenset({json}))
    assert ["runs as dovecot" in one.what for one in told] == [True, True]
