"""The facts that commands print of accounts and of their app passwords, with --json."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from apppw_tui.commands.facts import (
    ABSENT,
    Changed,
    Count,
    Facts,
    Id,
    LastUseTold,
    Name,
    Networks,
    No,
    Password,
    Scope,
    Time,
    ToldSince,
    Yes,
)


class AccountAdded(Facts, frozen=True):
    account: Name
    added: Annotated[bool, Meta(description="False with --if-missing where it is there already.")]
    dovecot_knows: Annotated[
        bool | None, Meta(description="Null where Dovecot was not asked, or did not say.")
    ]


class AccountListed(Facts, frozen=True):
    account: Name
    created: Time
    enabled: bool
    second_factor: bool
    enforced_from: Time | None
    passed_on: LastUseTold | None
    passed_on_since: ToldSince
    app_passwords: Count


class Imported(Facts, frozen=True):
    line: Annotated[int, Meta(ge=1)]
    account: Name
    added: bool
    dropped: (
        Annotated[
            list[str],
            Meta(description="Extra fields that restrict it at Dovecot, and are not taken over."),
        ]
        | UnsetType
    ) = ABSENT


class ThereAlready(Facts, frozen=True):
    """With --names, one that is there already."""

    line: Annotated[int, Meta(ge=1)]
    account: Name
    added: No
    already: Yes


class NotImported(Facts, frozen=True):
    line: Annotated[int, Meta(ge=1)]
    account: Annotated[
        Name | None,
        Meta(description="Null where what stands there is no name: it could be a secret."),
    ]
    error: str


class AuthenticatorShown(Facts, frozen=True):
    since: Time


class PhoneShown(Facts, frozen=True):
    phone: Literal["authentication", "office", "alternate"]
    since: Time
    ends_in: str | None


class SshKeyShown(Facts, frozen=True):
    name: str
    type: Annotated[str, Meta(description="As ssh calls it, such as ssh-ed25519.")]
    fingerprint: str
    added: Time
    last_used: Time | None
    last_address: str | None


class RecoveryCodesLeft(Facts, frozen=True):
    left: Count
    since: Time


class SignIn(Facts, frozen=True):
    allowed: Annotated[
        bool, Meta(description="False where the account is disabled, is locked, or has to wait.")
    ]
    locked: Annotated[bool, Meta(description="Refused from new addresses.")]
    wait_seconds: Count


class AccountShown(Facts, frozen=True):
    account: Name
    created: Time
    enabled: bool
    second_factor: bool
    second_factor_required_by_policy: bool
    second_factor_required_for_account: bool
    authenticator: AuthenticatorShown | None
    phones: list[PhoneShown]
    ssh_keys: list[SshKeyShown]
    recovery_codes: RecoveryCodesLeft | None
    preferred: str | None
    enforced_from: Time | None
    passed_on: LastUseTold | None
    passed_on_since: ToldSince
    app_passwords: Count
    app_passwords_limit: Count
    password_changed: Time
    bypass_until: Time | None
    sign_in: SignIn | None
    key_trouble: str | None


class PasswordSet(Facts, frozen=True):
    account: Name
    password_set: Yes


class Disabled(Facts, frozen=True):
    account: Name
    changed: Changed
    enabled: No


class Enabled(Facts, frozen=True):
    account: Name
    changed: Changed
    enabled: Yes


class Renamed(Facts, frozen=True):
    account: Name
    before: Name
    enabled: bool


class KeyRemoved(Facts, frozen=True):
    account: Name
    name: str
    fingerprint: str
    second_factor: Annotated[bool, Meta(description="True if it has another method.")]


class VerificationRequired(Facts, frozen=True):
    account: Name
    changed: Changed
    second_factor_required_for_account: Yes


class Bypassed(Facts, frozen=True):
    account: Name
    bypass_until: Time
    told: bool


class Enforced(Facts, frozen=True):
    account: Name
    changed: Changed
    enforced_from: Annotated[Time | None, Meta(extra_json_schema={"type": "string"})]


class NotEnforced(Facts, frozen=True):
    account: Name
    changed: Changed
    enforced_from: Annotated[Time | None, Meta(extra_json_schema={"type": "null"})]


class Tidied(Facts, frozen=True):
    account: Name
    removed_app_passwords: Count


class Unlocked(Facts, frozen=True):
    account: Name
    locked: No


class AppPasswordsDeleted(Facts, frozen=True):
    account: Name
    deleted: bool
    app_passwords: Count


class Removed(Facts, frozen=True):
    account: Name
    removed: bool
    app_passwords: Count


class Created(Facts, frozen=True):
    id: Id
    name: str
    scope: Scope
    expires: Time | None
    networks: Networks
    password: Password


class Ensured(Facts, frozen=True):
    id: Id
    name: str
    scope: Scope
    expires: Time | None
    networks: Networks
    password: Password | None
    created: bool


class AppPasswordListed(Facts, frozen=True):
    id: Id
    name: str
    scope: Scope
    created: Time
    expires: Time | None
    networks: Networks
    paused: bool
    last_used: LastUseTold | None
    by_operator: bool


class ChangedAppPassword(Facts, frozen=True):
    """As it is now."""

    account: Name
    id: Id
    name: str
    scope: Scope
    expires: Time | None
    networks: Networks
    paused: bool


class AppPasswordDeleted(Facts, frozen=True):
    account: Name
    id: Id
    name: str
    deleted: bool
