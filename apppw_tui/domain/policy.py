"""What the administrator decides."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """The rules that an administrator can set; the defaults are meant to be kept."""

    app_passwords_per_account: int = 40
    second_factor_required: bool = True
