"""Codes that go out by a command: what arrives, and what a failure leaves behind."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.integration_ports import CodeSender
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations.code_delivery import CommandCodeSender

CODE = "482913"
MESSAGE = f"{CODE} is your code for mail.example.org."
NUMBER = "+4915112345678"


@dataclass
class Recording:
    """Keeps the errors."""

    errors: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def error(self, event: str, **facts: str) -> None:
        self.errors.append((event, facts))


@pytest.fixture
def journal() -> Recording:
    return Recording()


Command = Callable[[str], CommandCodeSender]


@pytest.fixture
def command(tmp_path: Path, journal: Recording) -> Command:
    """A delivery by a shell script."""

    def make(body: str) -> CommandCodeSender:
        path = tmp_path / "send"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return delivery(str(path), journal)

    return make


def delivery(program: str, journal: Recording, timeout: float = 60.0) -> CommandCodeSender:
    words = (program, "{kind}", "{number}")
    return CommandCodeSender(words, frozenset({"text", "call"}), timeout, journal)


def fault(
    delivery: CommandCodeSender, journal: Recording, message: str = MESSAGE
) -> dict[str, str]:
    """What a failing delivery writes down; the person hears no more than that it failed."""
    with pytest.raises(DeliveryFailed) as error:
        delivery.send("text", NUMBER, Secret(message))
    assert str(error.value) == (
        "The code could not be sent. Try again, or use another way; "
        "the administrator's log says why."
    )
    assert error.value.__context__ is None
    ((what, facts),) = journal.errors
    assert (what, facts["kind"], facts["number"]) == ("delivery failed", "text", "*78")
    assert CODE not in str(facts)
    assert "12345678" not in str(facts)
    assert len(facts["output"]) <= 4096
    return facts


def test_the_message_is_handed_over(command: Command, journal: Recording, tmp_path: Path) -> None:
    taken: CodeSender = command(f'cat >{tmp_path}/message; echo "$*" >{tmp_path}/arguments')
    assert taken.kinds == {"text", "call"}
    taken.send("call", NUMBER, Secret(f"{MESSAGE} \N{SNOWMAN}"))
    assert (tmp_path / "message").read_text() == f"{MESSAGE} \N{SNOWMAN}"
    assert (tmp_path / "arguments").read_text() == f"call {NUMBER}\n"
    assert journal.errors == []


def test_a_command_that_fails_is_told_to_the_log_alone(
    command: Command, journal: Recording
) -> None:
    facts = fault(command("echo no modem; exit 3"), journal)
    assert (facts["how"], facts["output"]) == ("exit code 3", "no modem")


@pytest.mark.parametrize(
    "body",
    [
        "cat; exit 1",
        'echo "to $2: $(cat)"; exit 1',
        "sed 's/./& /g'; exit 1",
        'cat | od -An -c; echo "$2" | cut -c4-; exit 1',
        "cat | head -c 6; kill -9 $$",
    ],
)
def test_a_command_that_prints_the_code_back_does_not_bring_it_into_the_log(
    command: Command, journal: Recording, body: str
) -> None:
    facts = fault(command(body), journal)
    assert CODE not in re.sub("[^0-9]", "", facts["output"])
    assert "(hidden)" in facts["output"]


def test_nor_does_one_that_prints_a_code_to_be_read_aloud(
    command: Command, journal: Recording
) -> None:
    facts = fault(command("cat; echo 48 2913; exit 1"), journal, f"{', '.join(CODE)} is your code.")
    assert facts["output"] == "(hidden)(hidden)"


def test_escape_sequences_do_not_act_in_the_log(command: Command, journal: Recording) -> None:
    facts = fault(command(r"printf '\033]0;owned\007\nsecond line'; exit 1"), journal)
    assert facts["output"] == r"\x1b]0;owned\x07\nsecond line"


def test_one_that_is_killed_and_one_that_closes_its_input_are_told(
    command: Command, journal: Recording
) -> None:
    assert fault(command("exec <&-; kill -TERM $$"), journal)["how"] == "killed by SIGTERM"


def test_one_that_hangs_is_given_up(command: Command, journal: Recording, tmp_path: Path) -> None:
    command("exec sleep 1000")
    hanging = delivery(str(tmp_path / "send"), journal, timeout=0.2)
    assert fault(hanging, journal)["how"] == "time-out after 0.2 s"


def test_a_flood_does_not_fill_the_log(journal: Recording) -> None:
    flood = delivery("/usr/bin/yes", journal)
    assert fault(flood, journal)["output"].startswith("text (hidden)\\ntext (hidden)")


def test_a_missing_command_is_told(journal: Recording, tmp_path: Path) -> None:
    assert fault(delivery(str(tmp_path / "no"), journal), journal)["how"] == "not found"


def test_a_command_that_is_not_executable_is_told(journal: Recording, tmp_path: Path) -> None:
    (tmp_path / "send").write_text("#!/bin/sh\n")
    told = fault(delivery(str(tmp_path / "send"), journal), journal)
    assert told["how"] == "not executable"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "4915112345678",
        "+49 151",
        "+1234",
        "+1234567890123456",
        "--help",
        "+49151\n",
        "+" + "\N{FULLWIDTH DIGIT ONE}" * 6,
    ],
)
def test_what_is_no_number_never_reaches_a_command(
    command: Command, journal: Recording, tmp_path: Path, number: str
) -> None:
    with pytest.raises(DeliveryFailed):
        command(f"touch {tmp_path}/ran").send("text", number, Secret(MESSAGE))
    (told,) = journal.errors
    facts = {"kind": "text", "number": "*", "how": "number is not E.164", "output": ""}
    assert told == ("delivery failed", facts)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("number", "extension"), [(NUMBER, ""), (f"{NUMBER};ext=0421", "0421")])
def test_an_extension_is_an_argument_of_its_own_empty_where_there_is_none(
    command: Command, journal: Recording, tmp_path: Path, number: str, extension: str
) -> None:
    given = f'printf "%s|" "$@" > {tmp_path}/arguments; echo to {NUMBER} 0421; exit 1'
    made = command(given)
    made = replace(made, command=(*made.command, "{extension}", "end"))
    with pytest.raises(DeliveryFailed):
        made.send("text", number, Secret(MESSAGE))
    assert (tmp_path / "arguments").read_text() == f"text|{NUMBER}|{extension}|end|"
    ((_, facts),) = journal.errors
    assert (facts["number"], "0421" in facts["output"]) == ("*78", not extension)


def test_a_command_that_takes_no_extension_is_not_run_without_it(
    command: Command, journal: Recording, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryFailed):
        command(f"touch {tmp_path}/ran").send("call", f"{NUMBER};ext=42", Secret(MESSAGE))
    assert not (tmp_path / "ran").exists()
    ((_, facts),) = journal.errors
    assert facts["how"] == "the command takes no {extension}"


@pytest.mark.parametrize("number", ["+12345", "+123456789012345"])
def test_the_shortest_and_the_longest_number_are_taken(
    command: Command, journal: Recording, number: str
) -> None:
    command("").send("text", number, Secret(MESSAGE))
    assert journal.errors == []


def test_a_kind_that_is_not_configured_never_reaches_a_command(
    command: Command, journal: Recording, tmp_path: Path
) -> None:
    kind: DeliveryMethod = "notify"
    with pytest.raises(DeliveryFailed):
        command(f"touch {tmp_path}/ran").send(kind, NUMBER, Secret(MESSAGE))
    assert journal.errors[0][1]["how"] == "kind is not configured"
    assert not (tmp_path / "ran").exists()
