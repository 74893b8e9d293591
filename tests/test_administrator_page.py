"""docs/administrator.md, as far as that can be told without walking it (tests/systemd walks it)."""

import re
import subprocess
from pathlib import Path

import pytest

from apppw_tui.config import load
from tests.running import ROOT
from tests.systemd.walk import Step, steps

PAGE = "administrator.md"
STEPS = [step for chapter in ("Changing over", "The way back") for step in steps(PAGE, chapter)]
SEVERAL = steps(PAGE, "When one machine is not enough")
TEXT = (ROOT / "docs" / PAGE).read_text()
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)


@each_step
def test_a_step_says_what_is_seen(step: Step) -> None:
    assert step.seen


@pytest.mark.parametrize("step", [*STEPS, *SEVERAL], ids=lambda step: step.title)
def test_a_step_takes_what_is_in_the_repository(step: Step) -> None:
    named = re.findall(r"recipes/[\w./-]*\w(?![\w$])", step.commands)
    assert [path for path in named if not (ROOT / path).exists()] == []


@each_step
def test_a_step_names_only_people_and_files_that_were_introduced(step: Step) -> None:
    before = TEXT[: TEXT.index(step.commands)]
    prose = re.sub(r"(?ms)^```.*?^```", "", before)
    for person in re.findall(r"(\w+)@example\.org", step.commands):
        assert re.search(rf"\b{person}\b", prose), person
    for file in re.findall(r"auth-\w+\.conf\.ext", step.commands):
        assert file in prose
        assert f"{file} # the file that holds your passdb" in step.commands


@pytest.mark.parametrize("step", SEVERAL, ids=lambda step: step.title)
def test_a_step_of_several_machines_says_on_which_it_is_done(step: Step) -> None:
    where = r"# on (the machine from which .*|(db|mail)\d( and (db|mail)\d)?)"
    assert re.fullmatch(where, step.commands.splitlines()[0])


def test_drop_in_is_put_to_all_units_that_it_names() -> None:
    """The page's loop, and what the recipe says of itself."""
    recipe = (ROOT / "recipes/postgresql/database.conf").read_text()
    (loop,) = [step.commands for step in SEVERAL if "for unit in" in step.commands]
    (units,) = re.findall(r"for unit in (.*); do", loop)
    assert {f"{unit}.service.d" for unit in units.split()} == {
        *re.findall(r"apppw-[a-z]+\.service\.d", recipe)
    }


@pytest.mark.parametrize(
    "store",
    [
        'store = "/var/lib/apppw-tui"\n',
        '[store]\nfolder = "/var/lib/apppw-tui"\n',
        '[store]\nengine = "files"\nfolder = "/srv/x"\n# Why.\ntimeout = 5\nmachine = "mail1"\n',
        'default_domain = "a.example"\n\n  [ store ] # here\n  timeout = 4\n  folder = "/srv/x"\n',
        "",
    ],
)
def test_configuration_is_the_same_but_for_its_store(store: str, tmp_path: Path) -> None:
    others = "[policy]\napp_passwords_per_account = 7\n[sessions]\nend = true\n"
    (tmp_path / "config.toml").write_text(f'host_name = "mail.example.org"\n{store}{others}')
    (commands,) = [step.commands for step in SEVERAL if "database.toml <<" in step.commands]
    made = commands.replace("cd /etc/apppw-tui", "").partition("apppw-tui config check")[0]
    subprocess.run(["/bin/bash", "-euc", made], cwd=tmp_path, check=True)
    config = load(tmp_path / "database.toml")
    assert config.database is not None
    assert config.database.timeout == 3
    assert str(config.store) == "/var/lib/apppw-tui"
    assert (config.host_name, config.policy.app_passwords_per_account) == ("mail.example.org", 7)
    assert config.end_sessions
    second = [step.commands for step in SEVERAL if "machine *=" in step.commands]
    (line,) = re.findall(r"^sed .*machine.*$", second[0], re.MULTILINE)
    named = tmp_path / "database.toml"
    named.write_text(named.read_text() + 'machine = "mail1"\n')
    subprocess.run(
        ["/bin/bash", "-euc", line.replace("/etc/apppw-tui/config.toml", str(named))], check=True
    )
    assert load(named) == config
