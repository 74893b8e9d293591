"""The second question: of one sign-in, or of one "verify again"."""

import secrets
from dataclasses import replace
from datetime import datetime

from apppw_tui.domain import phone, recovery_codes, totp, verification_options
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import (
    DecryptionFailed,
    InvalidCode,
    KeyMissing,
    MethodUnavailable,
    SignInRefused,
    WrongCode,
)
from apppw_tui.domain.phone import Phone
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.domain.totp import DIGITS
from apppw_tui.domain.verification_options import VerificationChoice, VerificationOption
from apppw_tui.portal import ssh_keys
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.password_check import password_check
from apppw_tui.portal.sessions import Session, consuming_transaction, new_session, require_active

LIFETIME = 300.0  # seconds
TRIES = 5


class Challenge:
    """Lives in one session's memory; only who held the right password is ever given one.

    Every method may block, and may raise StoreError or SessionEnded.
    """

    def __init__(
        self, context: PortalContext, account: Account, signed_in: Session | None = None
    ) -> None:
        self._context = context
        self._begun = new_session(account)
        self._signed_in = signed_in
        self._throttle = context.throttle
        self._sent = OneTimeCode(context)
        self._account = account
        self._wrong_app_codes = 0
        self.used_recovery_code = False

    @property
    def account(self) -> str:
        return self._begun.account_name

    # --- the ways ---------------------------------------------------------------------------

    def choices(self) -> list[VerificationChoice]:
        """All ways that the account has or could have, with the reason where one is not to be had.

        The preferred one of those that can be had comes first.
        """
        kinds = self._context.code_sender.kinds
        usable = verification_options.available(self._account, kinds)
        missing = [option for option in verification_options.ALL if option not in usable]
        choices = verification_options.choices(self._account, kinds, [*usable, *missing])
        if not self._account.ssh_keys:
            return choices
        reason = None if self.key else ssh_keys.unusable_reason(self._context, self._account)
        by_key = VerificationChoice(verification_options.SSH_KEY, reason)
        return [by_key, *choices] if reason is None else [*choices, by_key]

    @property
    def preferred(self) -> VerificationOption | None:
        """The way to begin with; None if the account can use none."""
        if self.key is not None:
            return verification_options.SSH_KEY
        usable = verification_options.available(self._account, self._context.code_sender.kinds)
        return usable[0] if usable else None

    @property
    def lacks_key(self) -> bool:
        """True if the account has ssh keys, and none of them can be used now."""
        return bool(self._account.ssh_keys) and self.key is None

    @property
    def key(self) -> SshKey | None:
        """The account's key that ssh has verified for this session, lately."""
        if self._context.proven_key is None:
            return None
        return ssh_keys.usable_key(self._context, self._account)

    @property
    def uses_password(self) -> bool:
        """True if there is no second factor to ask for: then the password proves it again."""
        return self._signed_in is not None and not self._account.has_second_factor

    @property
    def bypass_until(self) -> datetime | None:
        """Until when the administrator lets this person in, once, to set up a method."""
        account = self._account
        valid = self._signed_in is None and account.has_bypass(self._context.clock.now())
        return account.bypass_until if valid else None

    def ending(self, option: VerificationOption) -> str:
        """The last two digits of the number that `option` reaches."""
        return phone.last_digits(self._number(option))

    # --- asking and answering ---------------------------------------------------------------

    def send(self, option: VerificationOption, *, again: bool = False) -> None:
        """Sends a code by `option`, unless one is under way there already; `again` sends anyway.

        Raises:
            Unavailable, RateLimited, DeliveryFailed: with the reason.
        """
        self._account = self._now()  # a number may be under another key by now
        number = self._number(option)
        if option.kind is None or option.kind not in self._context.code_sender.kinds:
            raise MethodUnavailable("No code can be sent that way now. Use another option.")
        if again or not self._sent.is_pending(option.kind, number):
            self._sent.send(self.account, option.kind, number)

    def answer(self, option: VerificationOption, text: str) -> Session:
        """A session, for the right code.

        Raises:
            InvalidCode: wrong, expired, used, tried too often: it says which.
            RateLimited: this try was not made; says how long to wait.
        """
        presented = recovery_codes.parse(text) if option == verification_options.RECOVERY else None
        if option == verification_options.RECOVERY and presented is None:
            raise InvalidCode(recovery_codes.NO_CODE)
        if presented is None:
            check_form(text)
        self._throttle.record_attempt(self.account, "second")
        try:
            if presented is not None:
                account = self._use_recovery_code(presented)
                self.used_recovery_code = True
            elif option == verification_options.APP:
                account = self._use_app_code(text)
            else:
                account = self._use_sent_code(option, text)
        except (KeyMissing, DecryptionFailed):
            # Nothing was compared: nobody is to wait for what the server lacks.
            self._throttle.undo_attempt(self.account, "second")
            raise
        except InvalidCode as error:
            self._context.record(self._account, EventType.WRONG_CODE, method=_method(option))
            if not isinstance(error, WrongCode):  # as where the app was removed meanwhile
                raise
            self._wrong_app_codes += 1
            raise totp.refused_again(error, self._wrong_app_codes) from None
        return self._admitted(account)

    def answer_with_password(self, password: str) -> Session:
        """A session verified again, where there is no second factor.

        Raises:
            SignInRefused: it is wrong.
            RateLimited: this try was not made.
        """
        account = self._now()
        if not self.uses_password or account.has_second_factor:
            raise MethodUnavailable("Verify with one of your verification methods.")
        if not password_check(self._context).verify(account, Secret(password)):
            raise SignInRefused("That is not your password.")
        return (self._signed_in or self._begun).reverified(self._context.clock)

    def answer_with_key(self) -> Session:
        """A session, by the key that ssh has verified: nothing is typed, so nothing is counted.

        Raises:
            MethodUnavailable: it was removed meanwhile, or was verified too long ago.
        """
        self._account = account = self._now()
        key = self.key
        if key is None:
            raise MethodUnavailable(ssh_keys.unusable_reason(self._context, account))
        return self._admitted(ssh_keys.record_use(self._context, self._begun, key), key)

    def use_bypass(self) -> Session:
        """A session that may set up a method, and nothing else; the bypass is used up with it.

        Raises:
            InvalidCode: it has ended, or was used.
        """
        means = self._context
        with consuming_transaction(means, self._begun) as change:
            account = change.existing
            if self._signed_in is not None or not account.has_bypass(means.clock.now()):
                raise InvalidCode("Your administrator's permission has ended. Ask for a new one.")
            change.account = replace(account, bypass_until=None)
        means.record(account, EventType.BYPASS_USED)
        return replace(self._begun, restriction="bypass")

    # --- how each is checked ----------------------------------------------------------------

    def _use_app_code(self, digits: str) -> Account:
        """Consumes the step under the lock, so that no second session can use it (SAFETY 13)."""
        means = self._context
        with consuming_transaction(means, self._begun) as change:
            account = change.existing
            app = account.authenticator
            if app is None:
                raise InvalidCode("The authenticator app was removed. Use another option.")
            secret = means.sealer.decrypt(account.uid, AUTHENTICATOR, app.sealed)
            step = totp.verify(secret, digits, means.clock.now(), app.last_step)
            account = replace(account, authenticator=replace(app, last_step=step))
            change.account = account
        return account

    def _use_sent_code(self, option: VerificationOption, digits: str) -> Account:
        """Good only for a number that is still the account's: a lost phone is removed elsewhere."""
        self._account = self._now()
        self._sent.check(self._number(option), digits)
        return self._account

    def _use_recovery_code(self, presented: recovery_codes.PresentedCode) -> Account:
        """One Argon2id, a dummy where that code is used up; then consumed under the lock."""
        means = self._context
        account = self._now()
        hash_ = account.recovery.hash(presented.index) if account.recovery else None
        if not means.hasher.app.check(hash_, presented.secret) or hash_ is None:
            raise InvalidCode(recovery_codes.REFUSED)
        with consuming_transaction(means, self._begun) as change:
            account = change.existing
            if account.recovery is None:
                raise InvalidCode(recovery_codes.REFUSED)
            codes = account.recovery.consume(presented.index, hash_)
            change.account = account = replace(account, recovery=codes)
        means.record(account, EventType.RECOVERY_USED, left=str(codes.remaining))
        return account

    def _admitted(self, account: Account, key: SshKey | None = None) -> Session:
        """The code is used up: whatever else cannot be written, the person is in (SAFETY 13)."""
        self._account = account
        if self._signed_in is not None and key is not None:
            return self._signed_in.reverified(self._context.clock)
        if self._signed_in is not None:
            with self._context.done_afterwards(account, "throttle"):
                self._throttle.undo_attempt(self.account, "second")
            return self._signed_in.reverified(self._context.clock)
        with self._context.done_afterwards(account, "throttle"):
            by_key = None if key is None else ssh_keys.key_place(key.fingerprint)
            self._throttle.record_success(account.name, by_key=by_key)
        self._context.record_sign_in(account, key)
        return new_session(account).reverified(self._context.clock)

    def _now(self) -> Account:
        return require_active(self._begun, self._context.store.get(self.account))

    def _number(self, option: VerificationOption) -> Secret:
        phone: Phone | None = self._account.phone(option.phone) if option.phone else None
        if phone is None:
            raise MethodUnavailable("That telephone number was removed. Use another option.")
        return self._context.sealer.decrypt(self._account.uid, phone.secret_name, phone.sealed)


def _method(option: VerificationOption) -> str:
    """The method that a wrong code was meant for, as activity calls it."""
    if option.phone is not None:
        return verification_options.phone_name(option.phone)
    return "recovery code" if option == verification_options.RECOVERY else "authenticator app"


def check_form(text: str) -> None:
    """Raises InvalidCode if `text` is not six digits, whoever made the code. Counts as no try."""
    if len(text) != DIGITS or not (text.isascii() and text.isdecimal()):
        raise InvalidCode("A code has six digits.")


class OneTimeCode:
    """The newest code that one session asked for; it lives here and nowhere else (SAFETY 13)."""

    def __init__(self, context: PortalContext) -> None:
        self._context = context
        self._code: Secret | None = None
        self._to: tuple[DeliveryMethod, str] | None = None
        self._ends = 0.0
        self._tries = 0
        self._asked = 0  # how many were asked for
        self._newest = 0  # which of them the code is

    def is_pending(self, kind: DeliveryMethod, number: Secret) -> bool:
        """True while a code that went there is still good: no other need be sent."""
        return self._to == (kind, number.reveal()) and self._alive

    @property
    def _alive(self) -> bool:
        return self._code is not None and self._context.clock.monotonic() < self._ends

    def send(self, account_name: str, kind: DeliveryMethod, number: Secret) -> None:
        """Sends a new code; from now on no earlier one works, nor one that is on its way still.

        Raises:
            RateLimited: too many were sent; says how long to wait.
            DeliveryFailed: it could not be sent.
        """
        means = self._context
        means.throttle.record_sent_code(account_name, number)
        self._code = self._to = None  # not before: where none may be sent, the last still works
        self._asked += 1
        asked = self._asked
        code = f"{means.randbelow(1_000_000):06}"
        # Read aloud, six digits in a row would become a number of hundreds of thousands.
        spoken = ", ".join(code) if kind == "call" else code
        message = f"{spoken} is your code for {means.host_name}. It is good for five minutes."
        means.code_sender.send(kind, number.reveal(), Secret(message))
        if asked < self._newest:  # a text that hung, and the call instead of it has long been made
            return
        self._newest = asked
        self._code, self._to = Secret(code), (kind, number.reveal())
        self._ends, self._tries = means.clock.monotonic() + LIFETIME, 0

    def check(self, number: Secret, digits: str) -> None:
        """Uses the code up if `digits` is it.

        Raises:
            InvalidCode: wrong, expired, tried too often, or none was sent to `number`.
        """
        code = self._code
        if code is None or self._to is None or self._to[1] != number.reveal():
            raise InvalidCode("That code no longer works. Send a new one.")
        if not self._alive:
            self._code = None
            raise InvalidCode("That code has expired. Send a new one.")
        self._tries += 1
        if not secrets.compare_digest(code.reveal(), digits):
            if self._tries >= TRIES:
                self._code = None
                raise InvalidCode("That was wrong too often. Send a new code.")
            raise InvalidCode("Wrong code. Check it against the newest message.")
        self._code = None
