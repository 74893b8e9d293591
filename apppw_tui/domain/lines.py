"""The lines of what files hold and programs print."""


def lines(text: str) -> list[str]:
    r"""Those that end at LF or CR LF, and nowhere else.

    `str.splitlines` ends them at VT, FF, NEL, U+2028 and others too, and text files that are opened
    as such at CR alone: what people name, such as a place in the file system, would make lines.
    """
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
