"""Whether the doctor sees that mail would bounce, or wait, because of a passdb of ours."""

from pathlib import Path

import pytest

from apppw_tui.doctor.doveconf import parse
from apppw_tui.doctor.dovecot_passdbs import incoming_mail
from apppw_tui.doctor.finding import Level
from tests.services.recipes import adapted

BEHIND = "passdb {\n  driver = pam\n}\n"
LUA = "passdb {\n  args = file=/etc/dovecot/apppw.lua blocking=yes\n  driver = lua\n}\n"
LUA_24 = "passdb apppw {\n  driver = lua\n  lua_file = /etc/dovecot/apppw.lua\n}\n"
DENY = "passdb {\n  args = /etc/dovecot/apppw-enforced\n  deny = yes\n  driver = passwd-file\n}\n"
TOLD = adapted("dovecot/90-apppw-old-password.conf", {})


def looked_at(text: str) -> list[tuple[Level, str]]:
    return [(one.level, one.what) for one in incoming_mail(parse(text))]


def test_another_passdb_stands_behind_the_lua() -> None:
    assert (
        looked_at(LUA + BEHIND)
        == looked_at(LUA + BEHIND + TOLD)
        == looked_at(LUA_24 + BEHIND)
        == []
    )
    for text in (LUA, LUA_24, BEHIND + LUA, LUA + TOLD):
        ((level, what),) = looked_at(text)
        assert (level, "no other passdb" in what) == (Level.WARNING, True)


def test_who_refuses_the_enforced_lets_their_mail_come() -> None:
    ((level, what),) = looked_at(DENY + BEHIND)
    assert (level, "bounces" in what) == (Level.DANGER, True)
    assert looked_at(adapted("dovecot/06-apppw-enforced.conf", {}) + BEHIND) == []
    assert looked_at(adapted("dovecot/24-apppw-enforced.conf", {}) + BEHIND) == []
    assert looked_at(DENY.replace("apppw-enforced", "deny") + BEHIND) == []  # somebody else's


@pytest.mark.parametrize("line", [LUA, LUA_24])
def test_the_script_is_one_that_answers_for_users(tmp_path: Path, line: str) -> None:
    script = tmp_path / "apppw.lua"
    text = line.replace("/etc/dovecot/apppw.lua", str(script)) + BEHIND
    assert looked_at(text) == []  # it is not there: Dovecot says so itself
    script.write_text(adapted("dovecot/apppw.lua", {}))
    assert looked_at(text) == []
    script.write_text("function auth_password_verify(request, password)\nend\n")
    ((level, what),) = looked_at(text)
    assert (level, "no mail is delivered" in what) == (Level.DANGER, True)
