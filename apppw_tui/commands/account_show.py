"""`account show`: one account, without any secret and without telephone numbers."""

import argparse
import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from apppw_tui.commands.account_list import last_old_use
from apppw_tui.commands.context import open_admin
from apppw_tui.commands.output import (
    day,
    moment,
    print_error,
    print_json,
    print_pairs,
    utc,
    utc_or_none,
)
from apppw_tui.config import Config
from apppw_tui.domain import phone, verification_options
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.lines import describe_wait
from apppw_tui.domain.names import escaped
from apppw_tui.domain.phone import PHONES, Phone
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.recovery_codes import COUNT
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.domain.usage import Used
from apppw_tui.exit_codes import OK
from apppw_tui.portal.admin import ThrottleStatus
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.sessions import needs_enrollment

if TYPE_CHECKING:
    from apppw_tui.commands import account_facts


@dataclass(frozen=True)
class _AccountView:
    """The facts that both forms are made of.

    `endings` are the last digits of numbers, by their fields.
    """

    account: Account
    policy: Policy
    now: datetime
    endings: dict[str, str]
    key_trouble: str | None
    throttled: ThrottleStatus | None
    used: Used
    told_since: datetime | None

    @property
    def phones(self) -> list[Phone]:
        return sorted(self.account.phones, key=lambda phone: PHONES.index(phone.which))

    @property
    def bypass_until(self) -> datetime | None:
        return self.account.bypass_until if self.account.has_bypass(self.now) else None


def show(options: argparse.Namespace, config: Config) -> int:
    """Prints what is known. Raises InvalidName, NotFound or StoreError."""
    admin = open_admin(options, config)
    account, context = admin.account(options.name), admin.context
    endings, key_trouble = _opened(context, account)
    throttled: ThrottleStatus | None = None
    try:
        throttled = admin.throttle_status(account.name)
    except StoreError as error:
        print_error(error)  # the rest is known all the same
    view = _AccountView(
        account,
        context.policy,
        context.clock.now(),
        endings,
        key_trouble,
        throttled,
        admin.used(account),
        context.usage.old_passwords_since(),
    )
    if options.json:
        print_json(_facts(view))
    else:
        print_pairs(_pairs(view))
    return OK


def _opened(context: PortalContext, account: Account) -> tuple[dict[str, str], str | None]:
    """The last two digits of each number; why something cannot be opened, if so.

    What the authenticator app holds is opened too: with another key nobody could sign in with it.
    """
    numbers = {phone.secret_name for phone in account.phones}
    endings: dict[str, str] = {}
    trouble = None
    for field, sealed in account.sealed_values().items():
        try:
            value = context.sealer.decrypt(account.uid, field, sealed)
        except StoreError as error:
            trouble = str(error)
        else:
            endings |= {field: phone.last_digits(value)} if field in numbers else {}
    return endings, trouble


def _pairs(view: _AccountView) -> list[tuple[str, str]]:
    account = view.account
    app, codes, preferred = (
        account.authenticator,
        account.recovery,
        verification_options.by_id(account.preferred),
    )
    count, limit = len(account.app_passwords), view.policy.app_passwords_per_account
    pairs = [
        ("Account", account.name),
        ("Created", day(account.created)),
        ("Enabled", "yes" if account.enabled else "no"),
        ("Second factor", _requirement(view)),
        ("Authenticator app", "none" if app is None else f"since {day(app.since)}"),
    ]
    for number in view.phones:
        ending = view.endings.get(number.secret_name)
        how = "its number cannot be opened" if ending is None else f"ends in {ending}"
        pairs.append(
            (
                _capital(verification_options.phone_name(number.which)),
                f"{how}, since {day(number.verified_at)}",
            )
        )
    if not view.phones:
        pairs.append(("Phones", "none"))
    pairs += [("SSH key", _key(key, view.now)) for key in account.ssh_keys]
    pairs += [
        ("Recovery codes", "none" if codes is None else f"{codes.remaining} of {COUNT} left"),
        ("Preferred option", "none" if preferred is None else preferred.label),
        ("App passwords", f"{count} of {limit}"),
        ("Old passwords", _old_passwords(account, view.now)),
        ("Last old use", last_old_use(view.used, view.told_since)),
        (
            "Password changed",
            "kept elsewhere" if account.password_hash is None else day(account.password_changed),
        ),
    ]
    if view.bypass_until is not None:
        pairs.append(("Bypass", f"until {moment(view.bypass_until, view.now)}"))
    pairs.append(("Sign-in", _sign_in(view)))
    if view.key_trouble is not None:
        pairs.append(("Key", view.key_trouble))
    return pairs


def _key(key: SshKey, now: datetime) -> str:
    used = "never used"
    if key.last_used is not None:
        place = f" from {escaped(key.last_address)}" if key.last_address else ""
        used = f"last used {moment(key.last_used, now)}{place}"
    since = f"since {day(key.added)}"
    return f"{escaped(key.name)}, {key.type_label}, {since}, {used}, {key.fingerprint}"


def _old_passwords(account: Account, now: datetime) -> str:
    """The fate of old passwords in apps, and since or from when; also of a disabled account."""
    enforced_from = account.enforced_from
    if enforced_from is None:
        what = "allowed"
    else:
        since = "since" if account.is_enforced(now) else "from"
        what = f"refused {since} {day(enforced_from)}"
    return what if account.enabled else f"{what} (account disabled)"


def _requirement(view: _AccountView) -> str:
    if view.policy.second_factor_required:
        required = "required by the configuration"
    elif view.account.verification_required:
        required = "required for this account"
    else:
        return "not required"
    return f"{required}, none yet" if needs_enrollment(view.account, view.policy) else required


def _sign_in(view: _AccountView) -> str:
    throttled = view.throttled
    if not view.account.enabled:
        return "refused, as the account is disabled"
    if throttled is None:
        return "not known now"
    if throttled.locked:
        wait = describe_wait(throttled.wait)
        unlock = f"apppw-tui account unlock {view.account.name}"
        return f"refused from new addresses for {wait}, or until: {unlock}"
    return (
        f"too many tries: wait {describe_wait(throttled.wait)}" if throttled.wait > 0 else "allowed"
    )


def _facts(view: _AccountView) -> "account_facts.AccountShown":
    from apppw_tui.commands import account_facts, facts  # msgspec: 7 ms

    account = view.account
    app, codes = account.authenticator, account.recovery
    return account_facts.AccountShown(
        account=account.name,
        created=utc(account.created),
        enabled=account.enabled,
        second_factor=account.has_second_factor,
        second_factor_required_by_policy=view.policy.second_factor_required,
        second_factor_required_for_account=account.verification_required,
        authenticator=None if app is None else account_facts.AuthenticatorShown(utc(app.since)),
        phones=[
            account_facts.PhoneShown(
                phone.which, utc(phone.verified_at), view.endings.get(phone.secret_name)
            )
            for phone in view.phones
        ],
        ssh_keys=[
            account_facts.SshKeyShown(
                key.name,
                key.type,
                key.fingerprint,
                utc(key.added),
                utc_or_none(key.last_used),
                key.last_address,
            )
            for key in account.ssh_keys
        ],
        recovery_codes=None
        if codes is None
        else account_facts.RecoveryCodesLeft(codes.remaining, utc(codes.since)),
        preferred=account.preferred,
        enforced_from=utc_or_none(account.enforced_from),
        passed_on=facts.last_use(view.used.last_legacy_login),
        passed_on_since=utc_or_none(view.told_since),
        app_passwords=len(account.app_passwords),
        app_passwords_limit=view.policy.app_passwords_per_account,
        password_changed=utc(account.password_changed),
        bypass_until=utc_or_none(view.bypass_until),
        sign_in=_sign_in_facts(view),
        key_trouble=view.key_trouble,
    )


def _sign_in_facts(view: _AccountView) -> "account_facts.SignIn | None":
    from apppw_tui.commands import account_facts

    throttled = view.throttled
    if throttled is None:
        return None
    return account_facts.SignIn(
        allowed=view.account.enabled and not throttled.locked and throttled.wait <= 0,
        locked=throttled.locked,
        wait_seconds=math.ceil(throttled.wait),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
