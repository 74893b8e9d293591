"""Verification methods: setting one up, proving it, removing it; recovery codes (SAFETY 13, 14)."""

from collections.abc import Callable
from dataclasses import replace

from apppw_tui.domain import phone, recovery_codes, totp, verification_options
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import (
    DecryptionFailed,
    EnrollmentRequired,
    InvalidCode,
    InvalidNumber,
    MethodUnavailable,
    Refused,
    WrongCode,
)
from apppw_tui.domain.phone import PHONES, Phone, PhoneSlot
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.totp import Authenticator
from apppw_tui.domain.verification_options import NO_METHOD, VerificationChoice, VerificationOption
from apppw_tui.portal.context import PortalContext, Recording
from apppw_tui.portal.second_factor import OneTimeCode, check_form
from apppw_tui.portal.sessions import (
    Session,
    account_transaction,
    needs_enrollment,
    require_active,
    require_may_enroll,
    require_recent_verification,
    require_unrestricted,
)


class Enrollment:
    """Every method may block, and may raise StoreError, SessionEnded or ReverificationRequired."""

    def __init__(self, context: PortalContext) -> None:
        self._context = context

    @property
    def _kinds(self) -> frozenset[DeliveryMethod]:
        return self._context.code_sender.kinds

    def delivery_methods(self, which: PhoneSlot) -> list[DeliveryMethod]:
        """The ways in which this server can send a code to that phone, the usual one first."""
        return verification_options.delivery_methods(which, self._kinds)

    def phone_slots(self, account: Account) -> list[PhoneSlot]:
        """The account's own, and those to which this server can send a code."""
        return [which for which in PHONES if self.delivery_methods(which) or account.phone(which)]

    def preferred(self, account: Account) -> VerificationOption | None:
        """The method that signing in begins with; None if the account can use none."""
        return verification_options.preferred(account, self._kinds)

    def preferences(self, account: Account) -> list[VerificationChoice]:
        """The options that may be preferred, with the reason where one cannot be."""
        return verification_options.choices(account, self._kinds)

    def numbers(self, session: Session, account: Account) -> dict[PhoneSlot, Secret]:
        """The account's telephone numbers, opened. Raises StoreError if the key is not there."""
        try:
            return self._opened(require_active(session, account))
        except DecryptionFailed:
            # The key may have been changed since the account was read.
            return self._opened(self._account(session))

    def begin_authenticator(self, session: Session) -> "AuthenticatorEnrollment":
        """A new secret, which counts only once a code from it was accepted."""
        require_may_enroll(self._context, session, self._account(session))
        return AuthenticatorEnrollment(self._context, session.account_name)

    def begin_phone(self, session: Session, which: PhoneSlot, typed: str) -> "PhoneEnrollment":
        """A number, which counts only once a code sent to it came back.

        Raises:
            InvalidNumber: with the reason.
        """
        require_may_enroll(self._context, session, self._account(session))
        number = phone.parse(typed, self._context.region)
        if phone.parted(number.reveal())[1] and not self._context.code_sender.extensions:
            raise InvalidNumber("This server sends no codes to extensions. Type a number without.")
        return PhoneEnrollment(self._context, which, number)

    def remove_authenticator(self, session: Session) -> Account:
        """Raises Refused if it is the last method, and one is needed."""
        return self._remove(session, Account.without_authenticator, "authenticator app")

    def remove_phone(self, session: Session, which: PhoneSlot) -> Account:
        """Raises Refused if it is the last method, and one is needed."""
        name = verification_options.phone_name(which)
        return self._remove(session, lambda account: account.without_phone(which), name)

    def set_preferred(self, session: Session, id_: str) -> None:
        """Makes the option of that id the first to be asked. Raises Unavailable with the reason."""
        self._check(session)
        option = verification_options.by_id(id_)
        with account_transaction(self._context.store, session) as change:
            account = change.existing
            if option is None or option not in verification_options.PREFERRED:
                raise MethodUnavailable("There is no such option.")
            reason = verification_options.unavailable_reason(account, option, self._kinds)
            if reason is not None:
                raise MethodUnavailable(reason)
            change.account = replace(account, preferred=id_)

    def new_recovery_codes(self, session: Session) -> list[Secret]:
        """Ten new ones; the old ones stop working. Costs ten Argon2id.

        Raises:
            EnrollmentRequired: there is no verification method that they could stand in for.
        """
        means = self._context
        if session.restriction is None:
            require_recent_verification(session, means.clock, means.policy)
        elif session.verified_at is None:  # one that has proved a method may, in its own time
            require_unrestricted(session)
        account = self._account(session)
        if not account.has_second_factor:
            raise EnrollmentRequired(NO_METHOD)
        codes = recovery_codes.generate(means.randbelow)
        hashes = tuple(means.hasher.app.make(code) for code in codes)
        with account_transaction(means.store, session) as change:
            if not change.existing.has_second_factor:
                raise EnrollmentRequired(NO_METHOD)
            stored = recovery_codes.RecoveryCodes(hashes, means.clock.now())
            change.account = replace(change.existing, recovery=stored)
            change.records.append(means.recording(account, EventType.RECOVERY_MADE))
        return codes

    def finish(self, session: Session) -> Session:
        """The end of a set-up: a session that may do everything, if it has proved a method."""
        account = self._account(session)
        if session.verified_at is None or needs_enrollment(account, self._context.policy):
            raise EnrollmentRequired(NO_METHOD)
        if session.restriction is not None:
            means = self._context
            with means.done_afterwards(account, "throttle"):
                means.throttle.record_success(account.name)
        return replace(session, restriction=None)

    def _opened(self, account: Account) -> dict[PhoneSlot, Secret]:
        seals = self._context.sealer
        return {
            phone.which: seals.decrypt(account.uid, phone.secret_name, phone.sealed)
            for phone in account.phones
        }

    def _remove(self, session: Session, step: Callable[[Account], Account], name: str) -> Account:
        self._check(session)
        with account_transaction(self._context.store, session) as change:
            account = step(change.existing)
            if needs_enrollment(account, self._context.policy):
                raise Refused("Your account needs one method. Add another first.")
            if account != change.existing:
                change.account = account
                removed = self._context.recording(account, EventType.METHOD_REMOVED, method=name)
                change.records.append(removed)
        return account

    def _check(self, session: Session) -> None:
        require_unrestricted(session)
        require_recent_verification(session, self._context.clock, self._context.policy)

    def _account(self, session: Session) -> Account:
        return require_active(session, self._context.store.get(session.account_name))


class AuthenticatorEnrollment:
    """An authenticator app that has not proved itself yet; it lives in one session's memory."""

    def __init__(self, context: PortalContext, account_name: str) -> None:
        self._context = context
        self._account = account_name
        self.secret = totp.new_secret(context.token_bytes)
        self._wrong = 0

    def uri(self, room: int = totp.QR_BYTES) -> Secret:
        """The text to scan, in no more than `room` bytes if that can be."""
        return totp.uri(self.secret, self._account, self._context.host_name, room)

    def confirm(self, session: Session, digits: str) -> Session:
        """Makes it the account's, for a right code; the session counts as verified just now.

        Raises:
            InvalidCode: wrong; says so where the phone's clock is.
        """
        check_form(digits)
        means = self._context
        now = means.clock.now()
        try:
            step = totp.verify(self.secret, digits, now, last_step=-1)
        except WrongCode as error:
            error_of_clock = totp.clock_error(self.secret, digits, now)
            if error_of_clock is not None:
                raise InvalidCode(
                    f"Your phone's clock is {error_of_clock}. Set it right, and type a new code."
                ) from None
            self._wrong += 1
            raise totp.refused_again(error, self._wrong) from None
        with account_transaction(means.store, session) as change:
            account = change.existing
            require_may_enroll(means, session, account)
            sealed = means.sealer.encrypt(account.uid, AUTHENTICATOR, self.secret)
            app = Authenticator(sealed, now, step)
            # What the bypass was for is done.
            change.account = replace(account, authenticator=app, bypass_until=None)
            change.records.append(_set_up(means, account, "authenticator app"))
        return session.reverified(means.clock)


class PhoneEnrollment:
    """A telephone number that has not proved itself yet; it lives in one session's memory."""

    def __init__(self, context: PortalContext, which: PhoneSlot, number: Secret) -> None:
        self._context = context
        self._which = which
        self._sent = OneTimeCode(context)
        self.number = number

    def send(self, session: Session, kind: DeliveryMethod) -> None:
        """Sends a code there. Raises Unavailable, RateLimited or DeliveryFailed with the reason."""
        means = self._context
        require_active(session, means.store.get(session.account_name))
        if kind not in means.code_sender.kinds:
            raise MethodUnavailable(verification_options.unsupported_reason(kind))
        self._sent.send(session.account_name, kind, self.number)

    def confirm(self, session: Session, digits: str) -> Session:
        """Makes the number the account's, for the code that was sent there.

        Raises:
            InvalidCode, RateLimited: with the reason.
        """
        check_form(digits)
        means = self._context
        # Before the code is used up: whoever has to verify again first can give it again.
        require_may_enroll(
            means, session, require_active(session, means.store.get(session.account_name))
        )
        means.throttle.record_attempt(session.account_name, "second")
        self._sent.check(self.number, digits)
        with account_transaction(means.store, session) as change:
            account = change.existing
            require_may_enroll(means, session, account)
            sealed = means.sealer.encrypt(account.uid, phone.secret_name(self._which), self.number)
            verified_phone = Phone(self._which, sealed, means.clock.now())
            change.account = replace(account.with_phone(verified_phone), bypass_until=None)
            method = verification_options.phone_name(self._which)
            change.records.append(_set_up(means, account, method))
        with means.done_afterwards(account, "throttle"):
            means.throttle.undo_attempt(session.account_name, "second")
        return session.reverified(means.clock)


def _set_up(context: PortalContext, account: Account, method: str) -> Recording:
    return context.recording(account, EventType.METHOD_SET_UP, method=method)
