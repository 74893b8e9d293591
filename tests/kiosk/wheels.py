"""The packages that the tests themselves run on, as wheels: to be installed elsewhere, offline."""

import re
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

_SOURCES = Path(__file__).parents[2]
_NOT_IN_WHEELS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_PYTHON = f"cp{sys.version_info[0]}{sys.version_info[1]}"


def wheels(folder: Path, *versions: str) -> list[Path]:
    """Those of this very apppw-tui, one that claims to be each of `versions`.

    All that they need lies beside them.
    """
    needed, driver = _needed("apppw-tui"), _needed("apppw-tui", "postgresql")
    for name in sorted(driver):
        found = _installed(name)
        _pack(found, found.version, dict(_files(found)), folder)
    own = _installed("apppw-tui")
    content = {name: text for name, text in _files(own) if ".dist-info/" in name}
    content = {name: text for name, text in content.items() if not name.endswith(".pth")}
    for path in sorted((_SOURCES / "apppw_tui").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content[str(path.relative_to(_SOURCES))] = path.read_bytes()
    share = ".data/data/share/apppw-tui"
    for page in ("apppw-tui.1", "apppw-tui.toml.5"):
        content[f"{share}/man/{page}"] = (_SOURCES / "docs" / page).read_bytes()
    for path in sorted((_SOURCES / "recipes").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content[f"{share}/{path.relative_to(_SOURCES)}"] = path.read_bytes()
    content[f"{share}/recipes/requirements.txt"] = _requirements(folder, needed)
    content[f"{share}/recipes/requirements-postgresql.txt"] = _requirements(folder, driver - needed)
    return [
        _pack(own, version, content | altered, folder)
        for version, altered in ((version, _marked(version, content)) for version in versions)
    ]


def _marked(version: str, content: dict[str, bytes]) -> dict[str, bytes]:
    """A unit that says which version it is of, so that it shows whose is in use."""
    name = ".data/data/share/apppw-tui/recipes/systemd/apppw-tui.service"
    return {name: content[name] + f"# Of version {version}.\n".encode()}


def _requirements(folder: Path, packages: set[str]) -> bytes:
    """As recipes/lock.py makes it, of the files of these packages in that folder."""
    files = {re.sub(r"[-_.]+", "_", name).lower() for name in packages}
    lines = []
    for path in sorted(folder.glob("*.whl")):
        name, version, *_ = path.name.split("-")
        if name not in files:
            continue
        lines.append(f"{name}=={version} --hash=sha256:{sha256(path.read_bytes()).hexdigest()}\n")
    return "".join(lines).encode()


def _installed(name: str) -> Distribution:
    """Not the traces that a build left in the checkout."""
    return next(found for found in distributions(name=name) if found.read_text("WHEEL"))


def _needed(name: str, extra: str = "") -> set[str]:
    """The names of all packages that `name` needs with that extra, and that these need."""
    found: set[tuple[str, str]] = set()
    waiting = [(name, "")]
    if extra:
        waiting.append((name, extra))
    while waiting:
        name, extra = waiting.pop()
        for text in _installed(name).requires or []:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
                continue
            for one in {(wanted.name, ""), *((wanted.name, more) for more in wanted.extras)}:
                if one not in found:
                    found.add(one)
                    waiting.append(one)
    return {name for name, _ in found}


def _files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in found.files or []:
        elsewhere = ".." in file.parts or "__pycache__" in file.parts
        if not elsewhere and file.name not in _NOT_IN_WHEELS:
            yield str(file), Path(str(file.locate())).read_bytes()


def _pack(found: Distribution, version: str, content: dict[str, bytes], folder: Path) -> Path:
    """Binary distribution format, packaging.python.org: a zip whose name says what it fits."""
    name = re.sub(r"[-_.]+", "_", found.metadata["Name"]).lower()
    tags = re.findall(r"^Tag: (\S+)$", found.read_text("WHEEL") or "", re.MULTILINE)
    (tag, *_) = [tag for tag in tags if not tag.startswith("py2-")]
    path = folder / f"{name}-{version}-{tag}.whl"
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, data in content.items():
            top, slash, rest = file.partition("/")
            inside = f"{information}{slash}{rest}" if top.endswith(".dist-info") else file
            if top == ".data":
                inside = f"{name}-{version}{file}"
            told = zipfile.ZipInfo(inside)
            # Scripts are run.
            told.external_attr = (0o100755 if data.startswith(b"#!") else 0o100644) << 16
            wheel.writestr(told, _claiming(version, found.version, rest, data))
        wheel.writestr(f"{information}/RECORD", f"{information}/RECORD,,\n")
    return path


def _claiming(version: str, real: str, name: str, data: bytes) -> bytes:
    if version == real or name != "METADATA":
        return data
    return data.replace(real.encode(), version.encode(), 1)


def fits(python: str) -> bool:
    """True if the wheels are for an interpreter whose tag (cp311) that is."""
    return python == _PYTHON
