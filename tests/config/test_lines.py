"""All that is wrong in a configuration is told at once, each with its line."""

from pathlib import Path

import pytest

from apppw_tui.config import Config, load, salvaged
from apppw_tui.config.reader import key_lines
from apppw_tui.domain.errors import ConfigError
from tests.running import CommandLine

WRONG = (
    """\
# A comment.
stroe = "/srv/x"
host_name = """
    + '"""\\\n[policy]\n"""'
    + """

[policy]  # of many
second_factor = "never"
scopes = [
  "mail",
  "post",
]

[delivery]
kinds = ["text"]

[[serve.socket]]
name = "a"
protocol = "mux"
[[serve.socket]]
name = "b"
protocol = "mux"
group = 5
[[setup]]
service = "imap"
"""
)


def located(file: Path, content: str) -> list[str]:
    file.write_text(content)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert str(refused.value).count("\n") == len(refused.value.located) - 1
    return [line.removeprefix(f"{file}:") for line in refused.value.located]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "c.toml"


def test_all_that_is_wrong_is_told_in_the_order_of_the_file(file: Path) -> None:
    told = located(file, WRONG)
    assert told == [
        "2: stroe: there is no such key. Did you mean store?",
        "3: host_name: must be a line of text.",
        '8: policy.second_factor: must be "required" or "optional".',
        told[3],
        '14: delivery.command: is missing beside "kinds".',
        "23: serve.socket[2].group: must be a line of text.",
    ]
    assert told[3].startswith("9: policy.scopes: must be some of ")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a.b = 1", "1: a: "),
        ("\n\npolicy = { create = 1 }", "3: policy.create: "),
        ('\nsetup = [\n{ service = "imap" },\n{ service = 1 },\n]', "2: setup[2].service: "),
        ('[[setup]]\nservice = "imap"\n[[setup]]\n', "3: setup[2].service: is missing."),
        ("\r\nstore = 5\r\n", "2: store: "),
        ('"st\\u006fre" = 5', "1: store: "),
        ("\npolicy.create = 5", "2: policy.create: "),
        ("[serve . socket]", "1: serve.socket: must be written"),
        ("store = 5" + "\n#" * 600, "1: store: "),
    ],
)
def test_the_line_is_the_keys_however_it_is_written(file: Path, content: str, line: str) -> None:
    (told,) = located(file, content)
    assert told.startswith(line)


def test_behind_a_value_without_an_end_no_line_is_guessed(file: Path) -> None:
    (told,) = located(file, "[serve]\ntrusted = [\n" + '"::1",\n' * 600 + "]\nremember = -1")
    assert told == "1: serve.remember: must be from 0 to 3600 seconds."
    assert key_lines("[serve]\nremember = 1") == {"serve": 1, "serve.remember": 2}


def test_a_file_that_is_none_of_ours_is_told_by_its_first_keys(file: Path) -> None:
    lines = located(file, "".join(f"k{number} = 1\n" for number in range(500)))
    assert len(lines) == 101
    assert lines[-1].endswith("more is wrong than these 100.")


def test_a_fault_of_one_table_is_none_of_another(file: Path) -> None:
    told = located(file, '[delivery]\nkinds = 1\n[notices]\nby = "delivery"')
    assert [line.partition(":")[0] for line in told] == ["2"]
    usable, error = salvaged(file)
    assert usable == Config()
    assert error is not None


def test_the_command_line_tells_each_in_a_line_of_its_own(run: CommandLine, file: Path) -> None:
    file.write_text("stroe = 1\nhost_name = 5\n")
    assert run("--config", file, "account", "list").err == (
        f"apppw-tui: {file}:1: stroe: there is no such key. Did you mean store?\n"
        f"apppw-tui: {file}:2: host_name: must be a line of text.\n"
    )


def test_of_a_file_that_is_cut_what_stands_behind_is_lost(file: Path) -> None:
    file.write_text("[serve]\nx = [\n[policy]\n'store' = 1\n")
    error = salvaged(file)[1]
    assert error is not None
    assert (set(error.wrong), set(error.lost)) == (set[str](), {"serve", "policy", "store"})
