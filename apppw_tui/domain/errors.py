"""Everything that can be said to a person: str(error) is one sentence written for them."""


class ApppwError(Exception):
    """A refusal or a failure with a sentence for the person it concerns."""


class Refused(ApppwError):
    """What was asked breaks a rule; asking differently may work."""


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


class SessionEnded(Refused):
    """The session may not act any more; the person has to sign in again."""


class StoreError(ApppwError):
    """The store cannot do it now; nothing was changed unless the sentence says otherwise."""


class StoreBusy(StoreError):
    """Another process holds the account's lock for longer than the time-out."""


class StoreDamaged(StoreError):
    """A file in the store is damaged, empty, foreign or of a newer schema; it is left untouched."""


class StoreUnusable(StoreError):
    """The store cannot be opened or written: owner, mode, missing folder, full disk."""


class MaybeSaved(StoreError):
    """The change reached the disk or did not: the last step that makes it certain failed."""


class HashingFailed(StoreError):
    """Argon2 itself failed (no memory, or a hash that is none); says nothing about the password."""


class ConfigError(ApppwError):
    """A configuration that cannot be used: names file, key and reason."""
