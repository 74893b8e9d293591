"""What must be read back, authenticator secrets and phone numbers, is kept sealed under a key."""

from typing import Protocol

from apppw_tui.domain.secret import Secret


class Seals(Protocol):
    """Seals and opens single values. Both calls may raise StoreError.

    The uid of the account and the name of the field are inside what is sealed: a value that was
    moved to another account or another field does not open.
    """

    def seal(self, uid: str, field: str, secret: Secret) -> str:
        """`secret` under the present key, as ASCII text.

        Call it inside the account's change: only then can no rotation of the key come between
        the reading of the key and the write.

        Raises:
            KeyMissing: the store holds sealed values, and the key they need is gone.
        """

    def open(self, uid: str, field: str, sealed: str) -> Secret:
        """What was sealed for that account and field.

        Raises:
            KeyMissing: there is no key.
            SealBroken: no key of the ring opens it, or it was sealed for something else.
        """
