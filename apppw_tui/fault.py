"""A fault in the program itself, told without anything that could be a secret."""

import traceback
from pathlib import PurePath


def describe(error: BaseException) -> str:
    """One sentence with the kind of the error and the line it came from.

    Neither the error's own text nor any variable is in it: either could hold a password.
    """
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        parts = PurePath(frame.filename).parts
        if "apppw_tui" in parts:
            inside = "/".join(parts[parts.index("apppw_tui") + 1 :])
            place = f" at {inside}:{frame.lineno}"
    return (
        f"stopped by a fault of its own ({type(error).__name__}{place}). "
        "What was saved before is safe; please report this line."
    )
