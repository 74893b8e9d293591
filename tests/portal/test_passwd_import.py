"""Accounts from a passwd-file: its lines, as Dovecot and docker-mailserver write them."""

import base64
import json

import pytest

from tests.commands.test_account_import import GOOD, file
from tests.running import CommandLine
from tests.support import PASSWORD


def encoded(how: str) -> str:
    content = GOOD.partition("}")[2].encode()
    return content.hex() if how == "hex" else base64.b64encode(content).decode()


@pytest.mark.parametrize(
    "written",
    [
        "ada:{argon2id}" + GOOD.partition("}")[2],
        "ADA:{Argon2Id}" + GOOD.partition("}")[2],
        "ada:{ARGON2ID.B64}" + encoded("b64"),
        "ada:{argon2id.base64}" + encoded("b64"),
        "ada:{ARGON2ID.HEX}" + encoded("hex"),
        "ada|" + GOOD,
        "ada|" + GOOD + "|userdb_quota_rule=*:bytes=5G",
        "\ufeffada:" + GOOD,
    ],
)
def test_what_dovecot_reads_is_read(run: CommandLine, written: str) -> None:
    assert run.good("account", "import", file(run, written)) == "Added ada.\n"
    assert run.house().sign_in("ada", PASSWORD)


@pytest.mark.parametrize(
    ("rest", "dropped"),
    [
        (
            "::::::allow_nets=192.0.2.0/24,2001:db8::/32 userdb_mail=x nologin",
            "allow_nets, nologin",
        ),
        (":1000:1000:nologin:/home/ada:/usr/sbin/nologin:user=eve", "user"),
        (":1000:1000:allow_nets=x nologin:/home/ada:/usr/sbin/nologin", None),
    ],
)
def test_it_says_which_restrictions_are_not_taken_over(
    run: CommandLine, rest: str, dropped: str | None
) -> None:
    path = file(run, f"ada:{GOOD}{rest}")
    (told,) = json.loads(run.good("account", "import", path, "--dry-run", "--json"))
    assert told.get("dropped", []) == (dropped.split(", ") if dropped else [])
    without = f" Not taken over: {dropped}." if dropped else ""
    assert run.good("account", "import", path) == f"Added ada.{without}\n"


def test_of_docker_mailservers_file_too(run: CommandLine) -> None:
    path = file(run, f"ada|{GOOD}|nologin userdb_x=y")
    assert run.good("account", "import", path) == "Added ada. Not taken over: nologin.\n"
