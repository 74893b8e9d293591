"""The part of an account's document that the daemon may read: enough to decide, and no more."""

from typing import Any

from apppw_tui.store.fields import Tables

# Tables and keys that are named here alone: what a later version adds is hidden until it is needed.
_TABLES = ("app_passwords", "restricted")
_KEYS = (
    *("schema", "name", "uid", "version", "epoch", "enabled", "enforced_from", "deleted_ids"),
    *("created", "password_changed"),
)
# What must stand there, and tells nothing.
_BLANK: dict[str, Any] = {
    "password_hash": None,
    "appearance": None,
    "preferred": None,
    "verification_required": False,
    "bypass_until": None,
}


def without_secrets(tables: Tables) -> Tables:
    """The document without account password, methods, sealed values and bypass."""
    heads = {
        key: {field: head[field] for field in _KEYS if field in head} | _BLANK
        for key, head in tables["account"].items()
    }
    return {"account": heads} | {name: tables[name] for name in _TABLES if name in tables}
