"""The kinds of facts that commands print with --json, in the order of their keys.

docs/make_schema.py writes docs/output.schema.json of them; docstrings are its descriptions.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from apppw_tui.commands.output import utc
from apppw_tui.domain import usage

Time = Annotated[
    str,
    Meta(
        description="In UTC.",
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    ),
]
Name = Annotated[
    str,
    Meta(
        description="An account, by its canonical name.",
        pattern="^[a-z0-9_'][a-z0-9._+'&=~-]{0,63}(@[a-z0-9.-]+)?$",
    ),
]
Id = Annotated[
    str,
    Meta(
        description="The first three symbols of an app password.", pattern="^[0-9a-hjkmnp-tv-z]{3}$"
    ),
]
Scope = Annotated[list[str], Meta(description="What an app password is for.", min_length=1)]
Networks = Annotated[
    list[str], Meta(description="That it is limited to; none: it is good from anywhere.")
]
Password = Annotated[str, Meta(description="Shown this once.", pattern="^[0-9a-hjkmnp-tv-z]{16}$")]
ToldSince = Annotated[
    Time | None,
    Meta(
        description="Since when Dovecot tells of old passwords that were right: a passed_on of "
        "null then means none since. Null: not known."
    ),
]
Changed = Annotated[
    bool,
    Meta(
        description="False where it was so already, and nothing was done; where that is so of all, "
        "the exit code is 5."
    ),
]
ABSENT = msgspec.UNSET  # of a key that is not printed
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
No = Annotated[bool, Meta(extra_json_schema={"const": False})]
Yes = Annotated[bool, Meta(extra_json_schema={"const": True})]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One JSON object."""

    def built(self) -> dict[str, Any]:
        """As `json` takes it."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


def one_of(*types: type[Facts]) -> Meta:
    """A value of one of `types`, whose union msgspec takes only if each has a tag."""
    references = [{"$ref": f"#/$defs/{facts.__name__}"} for facts in types]
    return Meta(extra_json_schema={"anyOf": references})


class Failed(Facts, frozen=True):
    """One that could not be done, as it was named, with the sentence that says why.

    The others were done.
    """

    account: str
    error: str


class LastUseTold(Facts, frozen=True):
    time: Time
    service: str | None
    address: str | None


def last_use(last: usage.LastUse | None) -> LastUseTold | None:
    return None if last is None else LastUseTold(utc(last.time), last.service, last.address)
