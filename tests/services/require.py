"""Real programs that a test needs: without one it is skipped, or fails where it must not be."""

import os
import shutil
from typing import NoReturn

import pytest

# Where daemons are installed; an ordinary user's PATH leaves these out.
_ALSO = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def require_program(name: str, package: str) -> str:
    """The absolute path of the program `name`, which is in the Debian package `package`."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO))
    found = shutil.which(name, path=path)
    if found is None:
        unavailable(f"{name} is not installed (Debian package {package})")
    return os.path.abspath(found)


def unavailable(reason: str) -> NoReturn:
    """Skips the test; under APPPW_REQUIRE_SERVICES=1 fails it, so that nothing is left out."""
    if os.environ.get("APPPW_REQUIRE_SERVICES") == "1":
        pytest.fail(f"APPPW_REQUIRE_SERVICES is set, but {reason}", pytrace=False)
    pytest.skip(reason)
