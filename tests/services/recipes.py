"""The files of recipes/, with this test's paths and names in place of a server's."""

from pathlib import Path

_RECIPES = Path(__file__).parents[2] / "recipes"


def adapted(recipe: str, replacements: dict[str, str]) -> str:
    """The text of `recipe`; each key must be in it, so that it cannot drift from its test."""
    text = (_RECIPES / recipe).read_text()
    for old, new in replacements.items():
        assert old in text, f"recipes/{recipe} no longer says {old!r}"
        text = text.replace(old, new)
    return text


def lua_script(folder: Path, socket: Path, *enforced: str) -> Path:
    """apppw.lua in `folder`, for that socket, beside the store's folder of who is enforced."""
    files, configuration = folder / "enforced", folder / "apppw.toml"
    files.mkdir()
    for name in enforced:
        (files / name).write_text(f"1970-01-01T00:00:00Z {'0' * 32}\n")
    configuration.touch()
    script = folder / "apppw.lua"
    replaced = {
        "/run/apppw-tui/json": str(socket),
        "/var/lib/apppw-tui/enforced": str(files),
        "/etc/apppw-tui/config.toml": str(configuration),
    }
    script.write_text(adapted("dovecot/apppw.lua", replaced))
    # auth-worker is an ordinary user in the tests.
    for path in (files, configuration, script, *files.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return script
