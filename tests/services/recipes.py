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
