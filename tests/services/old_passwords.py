"""The passwords that a mail server had before: a passdb behind, which this product never sees."""

from pathlib import Path

OLD = "the old one"
OLD_HASH = (
    "{SHA512-CRYPT}$6$rounds=1000$TZ4sojqWl9zEIXsB$"
    "BlQqTBwmTZMP8SK0Skmhfknfa/3y1I/3l3dBLb2Do2P2L1GGzTxNMnW9s6ACMq2qnLEnf.H8E7i0GoxUzEUFL/"
)
_BEHIND = """
passdb {{
  driver = passwd-file
  args = {}
}}
"""


def written(path: Path, *accounts: str) -> Path:
    """A passwd-file in which all of the accounts have the password OLD."""
    path.write_text("".join(f"{account}:{OLD_HASH}\n" for account in accounts))
    path.chmod(0o644)
    return path


def behind(folder: Path, *accounts: str) -> str:
    """The last passdb of Dovecot 2.3, which knows the accounts by the password OLD."""
    return _BEHIND.format(written(folder / "old", *accounts))
