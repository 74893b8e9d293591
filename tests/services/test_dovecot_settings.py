"""The recipes in Debian's own configuration of Dovecot 2.3: what becomes of them there."""

import shutil
from pathlib import Path

import pytest

from apppw_tui.doctor.doveconf import Block, parse
from tests.programs import finished
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable

_DEBIANS = Path("/etc/dovecot")
LUA = ("05-apppw-lua.conf", "99-apppw-auth.conf", "99-apppw-names.conf")
PAM = ("05-apppw.conf", "06-apppw-enforced.conf", "99-apppw-auth.conf")


def understood(folder: Path, *recipes: str) -> Block:
    """What doveconf makes of Debian's files and these, each under its own name in conf.d."""
    doveconf = require_program("doveconf", "dovecot-core")
    if not (_DEBIANS / "conf.d/10-auth.conf").exists():
        unavailable("this machine has not Debian's configuration of Dovecot")
    for part in ("dovecot.conf", "conf.d"):
        copy = shutil.copytree if (_DEBIANS / part).is_dir() else shutil.copy
        copy(_DEBIANS / part, folder / part)
    for recipe in recipes:
        (folder / "conf.d" / recipe).write_text(adapted(f"dovecot/{recipe}", {}))
    done = finished([doveconf, "-n", "-c", folder / "dovecot.conf"], check=True)
    return parse(done.stdout)


@pytest.mark.parametrize(("recipes", "drivers"), [(LUA, ["lua"]), (PAM, ["pam", "passwd-file"])])
def test_the_passdbs_come_first_and_the_settings_win(
    tmp_path: Path, recipes: tuple[str, ...], drivers: list[str]
) -> None:
    top = understood(tmp_path, *recipes)
    assert [one.settings["driver"] for one in top.of("passdb")] == [*drivers, "pam"]
    assert top.words("auth_mechanisms") == ["plain", "login"]
    allowed = top.settings["auth_username_chars"]
    assert ".-_@+'&=~" in allowed
    # By PAM, Dovecot would go by the name as it was sent.
    assert ("%" in allowed, "ü" in allowed) == (drivers == ["lua"], drivers == ["lua"])
