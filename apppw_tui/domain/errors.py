"""Everything that can be said to a person: str(error) is one sentence written for them."""

import traceback


class ApppwError(Exception):
    """A refusal or a failure with a sentence for the person it concerns."""


class Refused(ApppwError):
    """The request breaks a rule; another one may work."""


class AlreadySo(ApppwError):
    """The state that was asked for stands already; nothing was changed."""


class InvalidName(Refused):
    """A name that the rules for accounts or app passwords do not admit."""


class NameTaken(Refused):
    """The account already has an app password of that name, or the store an account."""


class LimitReached(Refused):
    """The account has as many app passwords as the policy allows."""


class WeakPassword(Refused):
    """An account password that would be too easy to guess."""


class NotFound(Refused):
    """The account or the app password does not exist (any more)."""


class SignInRefused(Refused):
    """Account and password do not match. Says nothing about which of them is wrong."""


class RateLimited(Refused):
    """Too many tries, or codes sent: `wait` seconds until the next; None if no wait helps."""

    def __init__(self, sentence: str, wait: float | None) -> None:
        super().__init__(sentence)
        self.wait = wait


class InvalidCode(Refused):
    """A security code that is wrong, expired or used; the sentence says which."""


class WrongCode(InvalidCode):
    """It is not what the authenticator app shows now; a clock may be to blame."""


class InvalidNumber(Refused):
    """The text is not a telephone number that can be called."""


class MethodUnavailable(Refused):
    """A verification method that the account cannot use now; the sentence says why."""


class DeliveryFailed(Refused):
    """The code could not be sent. The detail is in the log, not in the sentence."""


class ReverificationRequired(Refused):
    """The last verification is too old for this: prove again who you are, then ask again."""


class EnrollmentRequired(Refused):
    """The account has to set up a second factor before it may do anything else."""


class SessionEnded(Refused):
    """The session may not act any more; the person has to sign in again."""


class StoreError(ApppwError):
    """The store cannot do it now; nothing was changed unless the sentence says otherwise."""


class StoreBusy(StoreError):
    """Another process holds the account's lock for longer than the time-out."""


class StoreDamaged(StoreError):
    """A file in the store is damaged, empty, foreign or of a newer schema; it is left untouched."""


class StoreUnusable(StoreError):
    """The store cannot be opened or written: owner, mode, missing folder, full disk.

    `remedy` is the sentence that says what to do, where one is known; the message ends with it.
    """

    def __init__(self, fault: str, remedy: str = "") -> None:
        super().__init__(f"{fault} {remedy}".rstrip())
        self.fault = fault
        self.remedy = remedy


class CopyUnfinished(StoreUnusable):
    """A copy of all accounts into this store was cut short: half of them may be there."""

    def __init__(self) -> None:
        super().__init__(
            "A copy into this store was not finished.",
            "Do it again: apppw-tui store copy FROM TO",
        )


class DiskFull(StoreUnusable):
    """There is no room left; nothing was changed."""


class SaveUncertain(StoreError):
    """The change reached the disk or did not: the last step that makes it certain failed."""


class HashingFailed(StoreError):
    """Argon2 itself failed (no memory, or a hash that is none); says nothing about the password."""


class PasswordBackendDown(StoreError):
    """The keeper of the account passwords cannot be asked now; says nothing about the password."""


class DecryptionFailed(StoreError):
    """The sealed value cannot be opened: another key, another account's, or damaged."""


class KeyMissing(StoreError):
    """The key that seals what must be read back is not where it should be; nothing was changed."""


class ConfigError(ApppwError):
    """A configuration that cannot be used: names file, key and reason, in a line for each fault.

    `located` are the same lines with the number of the file's line: FILE:LINE: KEY: REASON.
    Of a file that was read as far as it goes, `wrong` are the tables and keys outside of them that
    have a fault, and `lost` those that may stand in what could not be read.
    """

    wrong: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    def __init__(self, *sentences: str, located: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join(sentences))
        self.located = located or sentences


def system_reason(error: OSError) -> str:
    """The reason that the system gives, as the end of a sentence."""
    return (error.strerror or "unknown reason").lower()


def describe_fault(error: BaseException) -> str:
    """One sentence with the kind of the error and the line it came from.

    Neither the error's own text nor any variable is in it: either could hold a password.
    """
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        parts = frame.filename.split("/")
        if "apppw_tui" in parts:
            inside = "/".join(parts[parts.index("apppw_tui") + 1 :])
            place = f" at {inside}:{frame.lineno}"
    return (
        f"stopped by a fault of its own ({type(error).__name__}{place}). "
        "What was saved before is safe; please report this line."
    )
