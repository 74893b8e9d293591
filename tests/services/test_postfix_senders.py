"""recipes/postfix/main-senders.cf as Postfix understands it, with other settings around it."""

import subprocess
from pathlib import Path

import pytest

from tests.services.recipes import adapted
from tests.services.require import require_program

pytestmark = pytest.mark.slow


def owners(folder: Path, settings: str, address: str) -> set[str]:
    """The accounts that may send as that address."""
    postconf, postmap = (require_program(name, "postfix") for name in ("postconf", "postmap"))
    told = adapted("postfix/main-senders.cf", {})
    (folder / "main.cf").write_text(f"compatibility_level = 3.6\n{settings}{told}")
    (folder / "master.cf").touch()

    def says(*command: str) -> str:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert not done.stderr, done.stderr
        return done.stdout.strip()

    maps = says(postconf, "-c", str(folder), "-xh", "smtpd_sender_login_maps")
    found = says(postmap, "-c", str(folder), "-q", address, maps)
    return {one.strip() for one in found.split(",")} - {""}


@pytest.mark.parametrize(
    ("delimiter", "address", "found"),
    [
        ("", "ada@example.org", {"ada@example.org"}),
        ("", "ada+x@example.org", {"ada+x@example.org"}),
        ("", "a,b@example.org", set()),
        ("", "ada b@example.org", set()),
        ("+", "ada+x@example.org", {"ada@example.org", "ada+x@example.org"}),
        ("+", "ada-x@example.org", {"ada-x@example.org"}),
        ("-", "ada-x@example.org", {"ada@example.org", "ada-x@example.org"}),
        ("+-", "ada-x+y@example.org", {"ada@example.org", "ada-x+y@example.org"}),
        ("+", "o'hara&x=1~2@example.org", {"o'hara&x=1~2@example.org"}),
        ("+", "ada,grace@example.org", set()),
        ("+", "ada+x,grace@example.org", set()),
        ("+", "ada", set()),
    ],
)
def test_an_address_belongs_to_the_name_before_the_delimiter(
    tmp_path: Path, delimiter: str, address: str, found: set[str]
) -> None:
    assert owners(tmp_path, f"recipient_delimiter = {delimiter}\n", address) == found


def test_every_table_of_aliases_is_asked(tmp_path: Path) -> None:
    tables = []
    for name in ("info", "sales"):
        table = tmp_path / name
        table.write_text(f"{name}@example.org ada@example.org\n")
        tables.append(f"texthash:{table}")
    settings = f"recipient_delimiter = +\nvirtual_alias_maps = {' '.join(tables)}\n"
    for address in ("info@example.org", "sales+x@example.org"):
        assert "ada@example.org" in owners(tmp_path, settings, address)
    assert owners(tmp_path, settings, "post@example.org") == {"post@example.org"}
