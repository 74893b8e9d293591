"""The names inside Textual that promises of ours rest on: without one of them nothing is opened.

They are private: another version may rename them. An override of a name that is gone is never
called, and nobody would see it until a traceback shows a password.
"""

from importlib import import_module

# Of a class what it has, its own or inherited; of `__init__` what it sets.
METHODS = {
    "textual.app:App": ("_fatal_error", "_handle_exception", "_close_messages_no_wait", "panic"),
    "textual.screen:Screen": ("_push_result_callback",),
    "textual.drivers.linux_driver:LinuxDriver": (
        "_get_terminal_size", "_query_in_band_window_resize", "run_input_thread", "process_message",
        "start_application_mode", "stop_application_mode", "_sigtstp_application",
        "_sigcont_application",
    ),
    "textual._styles_cache:StylesCache": ("get_inner_outer",),
    "textual._xterm_parser:XTermParser": ("_sequence_to_key_events", "parse_mouse_code"),
    "textual.widgets:OptionList": ("_index_to_line",),
    "textual.widgets:Input": (
        "_on_key", "_on_paste", "_default_cursor_blink", "action_copy", "action_cut",
    ),
}  # fmt: skip
ATTRIBUTES = {
    "textual.app:App": ("_exception", "_clipboard"),
    "textual.driver:Driver": ("_app", "_size"),
    "textual.drivers.linux_driver:LinuxDriver": ("exit_event", "fileno"),
}
# What ours would not even be imported without.
MODULES = {
    "textual._ansi_sequences": ("ANSI_SEQUENCES_KEYS", "IGNORE_SEQUENCE"),
    "textual._keyboard_protocol": ("FUNCTIONAL_KEYS",),
    "textual.messages": ("TerminalSupportsSynchronizedOutput",),
}


def missing() -> str | None:
    """A sentence about what is gone, for whoever installed this; None if all is there."""
    gone = [
        f"{place.partition(':')[2]}.{name}"
        for place, names in METHODS.items()
        for name in names
        if not hasattr(_class(place), name)
    ]
    for place, names in ATTRIBUTES.items():
        made = getattr(getattr(_class(place), "__init__", None), "__code__", None)
        gone += [f"{place.partition(':')[2]}.{name}" for name in names if name not in _set_by(made)]
    for module, wanted in MODULES.items():
        gone += [f"{module}.{name}" for name in wanted if not hasattr(_imported(module), name)]
    if not gone:
        return None
    from importlib.metadata import version

    return (
        f"Textual {version('textual')} lacks {', '.join(gone)}, on which it rests that no password "
        "is shown where it should not be. Nothing was opened. Install the one that belongs here: "
        "recipes/install.sh --force"
    )


def _class(place: str) -> object:
    module, _, name = place.partition(":")
    return getattr(_imported(module), name, None)


def _imported(module: str) -> object:
    try:
        return import_module(module)
    except ImportError:
        return None


def _set_by(code: object) -> tuple[str, ...]:
    return getattr(code, "co_names", ())
