"""App passwords for your own server, managed over SSH."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: nearly nobody asks."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("apppw-tui")
    except PackageNotFoundError:  # run from its sources, which were never installed
        return "0+unknown"
