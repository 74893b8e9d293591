"""The errors of the database as the ports know them.

The database's own sentence is never shown or logged: it may hold a row that it refused.
"""

import re

import psycopg
from psycopg import errors

from apppw_tui.domain.errors import (
    DiskFull,
    SaveUncertain,
    StoreBusy,
    StoreError,
    StoreUnusable,
)

BUSY = "The store is busy: nothing was changed. Try again in a moment."
SILENT = "The database does not answer."
UNREAD = (psycopg.Error, NotImplementedError)  # the latter: a form that the driver cannot read
_HIDING = "check_enable_rls"  # the server's function; its sentence is in whatever language
_UNCERTAIN = (
    "The database was lost while the change was being confirmed: it may or may not be saved. "
    "Look again."
)
_FOREIGN = "The database and this program do not understand each other."
# PostgreSQL, "Error Codes": connection exceptions, and a server that shuts down or begins.
_GOING = ("08", "57P")
_OF_OTHERS = (
    *(errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure),
    *(errors.TooManyConnections, errors.QueryCanceled),
)
_READ_ONLY = (
    "The database can only be read.",
    "Look whether it is a standby, and whether default_transaction_read_only is set for the user.",
)
_FAULTS: tuple[tuple[tuple[type[psycopg.Error], ...], str, str], ...] = (
    (
        (errors.ReadOnlySqlTransaction,),
        *_READ_ONLY,
    ),
    (
        (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn),
        "The database has no tables of apppw-tui.",
        "Make them with: apppw-tui store init",
    ),
    (
        (errors.InsufficientPrivilege,),
        "The database does not let its user do this.",
        "",
    ),
    (
        (errors.InvalidCatalogName, errors.InvalidAuthorizationSpecification),
        "The database does not let this machine in.",
        "",
    ),
)


# In words of libpq (fe-secure-openssl.c) and of a server's log-in (auth.c), which has no code for
# them. A server that speaks another language is told to be out of reach.
_FULL = r"too many (clients|connections)|connection slots are reserved"
_UNWELCOME: tuple[tuple[str, str, str], ...] = (
    (
        r"could not translate host name|Name or service not known",
        "The host of the database cannot be looked up.",
        "Look at host in dsn, and at this machine's own name service.",
    ),
    (
        r"certificate verify failed|does not match host name|root certificate file",
        "The certificate of the database is not to be trusted.",
        "Look whether sslrootcert is what signed it, whether it is out of date, and at the name.",
    ),
    (
        r"private key file|certificate file",
        "The certificate of this machine, or its key, cannot be used.",
        "Look at sslcert and sslkey: the owner of the store must be able to read both.",
    ),
    (
        r"server does not support SSL",
        "The database does not speak TLS.",
        "Set ssl = on there; or something else listens at that port.",
    ),
    (
        r"FATAL: +database \"[^\"]*\" does not exist",
        "The server has no database of that name.",
        "Look at dbname in dsn.",
    ),
    (
        r"FATAL: +role \"[^\"]*\" (does not exist|is not permitted to log in)",
        "The database has no such user who may log in.",
        "Look at user in dsn.",
    ),
    (
        r"no pg_hba\.conf entry",
        "The database lets no such user in from here, or not to a database of that name.",
        "Look at dbname and user in dsn, and at pg_hba.conf there; its log says which.",
    ),
    (
        r"valid client certificate|authentication failed|alert "
        r"|permission denied for database",
        "The database does not let this machine in.",
        "Look whether the certificate is out of date, or of another role; its log says which.",
    ),
    # Not where another host is silent, which may be the primary.
    (
        r"(?s)^(?!.*(refused|No such file|timeout|timed out|closed the|starting up|unreachable"
        r"|No route))"
        r".*(session is read-only|server is in hot standby mode)",
        *_READ_ONLY,
    ),
)


class SilentDatabase(psycopg.OperationalError):
    """No answer came in time; the connection is closed."""


def store_error(error: psycopg.Error | NotImplementedError) -> StoreError:
    """The error, with a sentence for whoever asked; nothing was changed."""
    if not isinstance(error, psycopg.Error) or error.sqlstate is None:
        return _error_without_code(error)
    if _is_lost(error):
        return StoreUnusable(SILENT)
    if isinstance(error, _OF_OTHERS):
        return StoreBusy(BUSY)
    if isinstance(error, errors.DiskFull):
        return DiskFull("The database's disk is full: nothing was changed.")
    return _refused(error)


def _refused(error: psycopg.Error) -> StoreUnusable:
    if error.diag.source_function == _HIDING:
        return StoreUnusable("The database hides rows from its user: switch row security off.")
    for kinds, fault, remedy in _FAULTS:
        if isinstance(error, kinds):
            return StoreUnusable(fault, remedy)
    return StoreUnusable(f"The database refused it ({error.sqlstate}).")


def _error_without_code(error: psycopg.Error | NotImplementedError) -> StoreError:
    if isinstance(error, NotImplementedError | psycopg.DataError):
        return StoreUnusable(_FOREIGN)
    if re.search(_FULL, str(error)):
        return StoreBusy(BUSY)
    for words, fault, remedy in _UNWELCOME:
        if re.search(words, str(error)):
            return StoreUnusable(fault, remedy)
    if _is_lost(error):
        return StoreUnusable(SILENT)
    return StoreUnusable(f"The database refused it ({type(error).__name__}).")


def uncertain(error: psycopg.Error) -> StoreError:
    """The error of a COMMIT: where the server went without a word nobody knows what it did."""
    return SaveUncertain(_UNCERTAIN) if _is_lost(error) else store_error(error)


def _is_lost(error: psycopg.Error) -> bool:
    """True if the server is gone, or going."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state.startswith(_GOING)
