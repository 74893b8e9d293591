"""Bytes of a terminal: keys are keys, and nothing else is ever taken for one."""

import contextlib
import os
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from apppw_tui.ui.driver import HardenedDriver, TerminalFile, translated
from apppw_tui.ui.messages import NotUtf8
from apppw_tui.ui.terminal_events import LONGEST_PASTE, Key, Pasted, Report, TerminalEvent
from apppw_tui.ui.terminal_input import AFTER_REPLY, TerminalInput
from tests.support import first_quick
from tests.ui.walks import house_with, portal_app

# What terminals answer, asked or not, and long after; none of it is a key.
REPLIES = {
    "DA1": b"\x1b[?61;6;7;21;22;23;24;28;32;42c",
    "DA1 short": b"\x1b[?6c",
    "DA1 bare": b"\x1b[c",
    "DA2": b"\x1b[>0;10;1c",
    "DA3": b"\x1bP!|00000000\x1b\\",
    "OSC 4": b"\x1b]4;1;rgb:cccc/0000/0000\x1b\\",
    "OSC 10": b"\x1b]10;rgb:ffff/ffff/ffff\x07",
    "OSC 11": b"\x1b]11;rgb:1414/1919/1f1f\x1b\\",
    "OSC 52": b"\x1b]52;c;aHVudGVyMg==\x07",
    "XTVERSION": b"\x1bP>|WezTerm 2024\x1b\\",
    "XTGETTCAP": b"\x1bP1+r544e=787465726d\x1b\\",
    "DECRPM": b"\x1b[?2048;2$y",
    "DSR": b"\x1b[0n",
    "theme": b"\x1b[?997;1n",
    "CPR": b"\x1b[12;40R",
    "CPR at the top": b"\x1b[1;2R",
    "kitty's flags": b"\x1b[?25u",
    "size": b"\x1b[48;65535;65535;65535;65535t",
    "size of no pixels": b"\x1b[48;24;80;0;0t",
    "size in cells": b"\x1b[8;24;80t",
    "kitty's graphics": b"\x1b_Gi=31;OK\x1b\\",
    "PM": b"\x1b^secret words\x1b\\",
    "SOS": b"\x1bXsecret words\x1b\\",
    "old mouse": b"\x1b[M \xff\xfe",
    "urxvt's mouse": b"\x1b[32;10;20M",
    "a mouse far away": b"\x1b[<0;9999;9999M",
    "a mouse's fourth button": b"\x1b[<128;10;10M",
    "a key that was let go": b"\x1b[97;1:3u",
    "a key beyond Unicode": b"\x1b[1114112;1u",
    "a key beyond numbers": b"\x1b[99999999999999999999;1u",
    "half of a character": b"\x1b[55296;1u",
    "a text beyond Unicode": b"\x1b[97;1;1114112u",
    "a control character as a text": b"\x1b[97;1;27u",
    "a key nobody has": b"\x1b[63~",
    "another": b"\x1b[200;5~",
    "an end of no paste": b"\x1b[201~",
    "an end of no string": b"\x1b\\",
    "an endless number": b"\x1b[" + b"1;" * 400 + b"u",
}
# The controls that ESC and a letter stand for, as one byte; as a character of UTF-8 they have two.
ONE_BYTE = {b"P": b"\x90", b"X": b"\x98", b"[": b"\x9b", b"\\": b"\x9c", b"]": b"\x9d"}
ONE_BYTE |= {b"^": b"\x9e", b"_": b"\x9f"}


def in_one_byte(reply: bytes) -> bytes:
    for final, control in ONE_BYTE.items():
        reply = reply.replace(b"\x1b" + final, control)
    return reply


# The same from a terminal that sends its controls so, which xterm does if it was told to (S8C1T).
REPLIES |= {f"{name} in one byte": in_one_byte(reply) for name, reply in REPLIES.items()} | {
    f"{name} in UTF-8": in_one_byte(reply).decode("latin-1").encode()
    for name, reply in REPLIES.items()
    if name != "old mouse"
}
KEYS = {
    b"\x9bA": "up",
    b"\xc2\x9bA": "up",
    b"\x8fA": "up",
    b"a": "a",
    "é".encode(): "é",
    "あ".encode(): "あ",
    b"\r": "enter",
    b"\t": "tab",
    b"\x7f": "backspace",
    b"\x11": "ctrl+q",
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[1;2A": "shift+up",
    b"\x1b[Z": "shift+tab",
    b"\x1b[3~": "delete",
    b"\x1b[3$": "shift+delete",
    b"\x1bOP": "f1",
    b"\x1b[[A": "f1",
    b"\x1b[11~": "f1",
    b"\x1b[1;2P": "shift+f1",
    b"\x1b[12~": "f2",
    b"\x1b[5~": "pageup",
    b"\x1b[97u": "a",
    b"\x1b[97;5u": "ctrl+a",
    b"\x1b[97:65:97;1:1;97u": "a",
    b"\x1b[97;1:2;97u": "a",
    b"\x1b[97;2;65u": "A",
    b"\x1b[13u": "enter",
    b"\x1b[27u": "escape",
    b"\x1b[9;2u": "shift+tab",
    b"\x1b[57399;1;48u": "0",
    b"\x1ba": "alt+a",
}


def taken(*portions: bytes) -> list[TerminalEvent]:
    """What comes of them, each with nothing but the next one behind it."""
    front = TerminalInput()
    return [sent for portion in portions for sent in front.feed(portion)]


def messages(sent: Iterable[TerminalEvent]) -> list[Message]:
    parser = XTermParser()
    return [message for each in sent for message in translated(each, parser)]


def names(*portions: bytes) -> list[str]:
    return [each.key for each in messages(taken(*portions)) if isinstance(each, events.Key)]


@pytest.mark.parametrize("sequence", KEYS)
def test_keys_are_keys_however_they_arrive(sequence: bytes) -> None:
    wanted = KEYS[sequence]
    assert names(sequence) == [wanted]
    assert names(*(bytes([byte]) for byte in sequence)) == [wanted]
    assert names(sequence * 3) == [wanted] * 3


@pytest.mark.parametrize("most_cuts", first_quick(100, 1000))
@pytest.mark.parametrize("name", REPLIES)
def test_replies_are_nothing_whole_or_in_parts(name: str, most_cuts: int) -> None:
    reply = REPLIES[name]
    for cut in range(0, len(reply), 1 + len(reply) // most_cuts):
        result = [each for each in taken(reply[:cut], reply[cut:]) if each is not Report.NOT_UTF8]
        assert result == []
    assert [each for each in taken(b"a", reply, b"b") if isinstance(each, Key)] == [
        Key("a"),
        Key("b"),
    ]


@pytest.mark.parametrize("name", REPLIES)
def test_replies_within_a_paste_are_no_part_of_it(name: str) -> None:
    if name.startswith("an end of no paste"):
        return
    result = taken(b"\x1b[200~one" + REPLIES[name] + b"two\x1b[201~")
    assert [each for each in result if each is not Report.NOT_UTF8] == [Pasted("onetwo")]


def test_an_escape_alone_is_the_key() -> None:
    front = TerminalInput()
    assert list(front.feed(b"\x1b")) == []
    assert list(front.give_up()) == [Key("\x1b")]
    assert front.deadline is None
    assert names(b"\x1b\x1b[A") == ["escape", "up"]
    assert names(b"\x1b\x9bA") == ["escape", "up"]


_BEGUN = [
    b"\x1b[1;2",
    b"\x1b]11;rgb",
    b"\x1bP>|x",
    b"\x1b[M ",
    b"\x1b[[",
    b"\x1b]0;\x1b",
    b"\x9b",
    b"\xc2\x9d",
    b"\x8f",
]


@pytest.mark.parametrize("begun", _BEGUN)
def test_what_never_ends_does_not_take_the_keyboard(begun: bytes) -> None:
    now = 0.0
    front = TerminalInput(lambda: now)
    assert list(front.feed(begun)) == []
    assert front.deadline is not None
    now = front.deadline
    assert list(front.give_up()) == []
    now += AFTER_REPLY
    assert list(front.feed(b"a")) == [Key("a")]
    assert front.deadline is None


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_that_stalls_is_not_typed_when_it_goes_on(name: str) -> None:
    reply = REPLIES[name]
    if len(reply) > 100:
        return
    for cut in range(2, len(reply)):
        if reply[:2] == b"\x1b[" and cut == 2 and reply[2:3] not in (b"?", b">", b"<"):
            continue  # alt+[, and keys
        if reply[:2] in (b"\x1b^", b"\x1bX") and cut == 2:
            continue
        front = TerminalInput(lambda: 0.0)
        result = [*front.feed(reply[:cut]), *front.give_up(), *front.feed(reply[cut:])]
        assert [each for each in result if each is not Report.NOT_UTF8] == [], cut
        assert list(front.feed(b"a")) == [Key("a")], cut


@pytest.mark.parametrize("key", [b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX"])
@pytest.mark.parametrize("then", [b"a", b"\r", b"\x1b[A", "é".encode()])
def test_after_a_key_that_looks_like_the_beginning_of_a_reply_keys_are_keys(
    key: bytes, then: bytes
) -> None:
    front = TerminalInput(lambda: 0.0)
    assert list(front.feed(key)) == []
    assert list(front.give_up()) == []
    assert list(front.feed(then)) == taken(then)


@pytest.mark.parametrize("begun", [b"\x1b]11;rgb", b"\x9d", b"\x1b[?6"])
def test_a_key_that_is_no_character_is_no_part_of_a_stalled_reply(begun: bytes) -> None:
    front = TerminalInput(lambda: 0.0)
    assert [*front.feed(begun), *front.give_up(), *front.feed(b"ab"[:0])] == []
    assert list(front.feed(b"\r")) == [Key("\r")]
    assert list(front.feed(b"a")) == [Key("a")]


def test_a_stalled_reply_swallows_no_more_than_a_reply_has() -> None:
    front = TerminalInput(lambda: 0.0)
    assert [*front.feed(b"\x1b]11;rgb"), *front.give_up()] == []
    assert Key("a") in front.feed(b"a" * 5_000)


def test_a_paste_is_one_thing_without_sequences() -> None:
    assert taken(b"\x1b[200~a\x1b[31mb\x00\tc\r\n\x84\xc2\x85d\x9c\x9b1m\x1b[201~e") == [
        Report.NOT_UTF8,
        Pasted("ab\tc\r\n\x85d"),
        Key("e"),
    ]
    assert taken(b"\x1b[200~\x1b[201~a") == [Key("a")]
    assert taken(b"\x9b200~a\xc2\x9b201~b") == [Pasted("a"), Key("b")]


def test_a_paste_without_an_end_ends() -> None:
    front = TerminalInput()
    assert list(front.feed(b"\x1b[200~abc")) == []
    assert list(front.give_up()) == [Pasted("abc")]
    assert list(front.feed(b"d")) == [Key("d")]


def test_a_paste_is_bounded() -> None:
    (pasted,) = taken(b"\x1b[200~" + b"a" * (2 * LONGEST_PASTE) + b"\x1b[201~")
    assert isinstance(pasted, Pasted)
    assert len(pasted.text) == LONGEST_PASTE


@pytest.mark.parametrize("data", [b"\xfc", b"\xff\xfe", b"\xc3(", b"\xe2\x82", b"\xed\xa0\x80"])
def test_what_is_no_utf8_is_dropped_and_told(data: bytes) -> None:
    result = taken(data + b"\x1b[A" + b"b")
    assert Report.NOT_UTF8 in result
    assert names(data + b"\x1b[A" + b"b")[-2:] == ["up", "b"]
    assert any(isinstance(each, NotUtf8) for each in messages(result))


def test_several_characters_of_one_report_are_as_many_keys() -> None:
    text = ":".join(str(ord(sign)) for sign in "Zürich")
    typed = messages(taken(f"\x1b[97;1;{text}u".encode()))
    assert [each.character for each in typed if isinstance(each, events.Key)] == [*"Zürich"]


class Waiting:
    """An app with messages that it has not come to."""

    focused = None

    def __init__(self, waiting: int, *, at_screen: bool = True) -> None:
        self.message_queue_size = waiting
        self.screen_stack = [self] if at_screen else []


def test_nothing_is_read_while_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys have no other bound: a portal held 354 MB after 120,000 of them."""
    monkeypatch.setattr(
        HardenedDriver, "__init__", lambda driver, app: setattr(driver, "_app", app)
    )
    assert HardenedDriver(Waiting(257))._is_behind()
    assert not HardenedDriver(Waiting(256))._is_behind()
    assert HardenedDriver(Waiting(0, at_screen=False))._is_behind()


async def test_a_key_before_the_first_screen_ends_nothing() -> None:
    app = portal_app(house_with())
    async with app.run_test():
        stack = app._screen_stack
        stored, stack[:] = stack[:], []
        try:
            await app.on_event(events.Key("a", "a"))
            await app.on_event(events.Paste("text"))
        finally:
            stack[:] = stored
    assert app.fault is None


def test_a_terminal_that_is_gone_holds_nobody_up() -> None:
    """The program writes more on its way out than the writer's queue takes."""
    master, slave = os.openpty()
    terminal = os.fdopen(slave, "w")
    os.close(master)
    writer = WriterThread(TerminalFile(terminal))  # type: ignore[arg-type]
    writer.start()
    for _ in range(100):
        writer.write("x" * 10_000)
    writer.stop()
    assert not writer.is_alive()
    with contextlib.suppress(OSError):
        terminal.close()


_PIECES = st.one_of(
    st.text(max_size=8).map(lambda text: text.encode(errors="ignore")),
    st.binary(max_size=8),
    st.sampled_from(
        [*KEYS, *REPLIES.values(), b"\x1b[200~", b"\x1b[201~", b"\x1b", b"\x1b[", b"\x1b]"]
        + [bytes([control]) for control in range(0x80, 0xA0)]
    ),
)


@given(st.lists(_PIECES, max_size=12).map(b"".join), st.data())
def test_it_is_the_same_in_any_portions(data: bytes, draw: st.DataObject) -> None:
    whole = taken(data)
    cut = draw.draw(st.integers(0, len(data)))
    assert taken(data[:cut], data[cut:]) == whole
    assert taken(*(bytes([byte]) for byte in data)) == whole


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffd")))
def test_what_is_typed_is_what_arrives(text: str) -> None:
    assert taken(text.encode()) == [Key(sign) for sign in text]


@pytest.mark.slow
def test_nothing_that_a_terminal_sends_takes_the_keyboard() -> None:
    """100,000 inputs by a grammar of what terminals send, whole, cut short and mixed."""
    dice = random.Random(20261129)
    recognized = [*KEYS, *REPLIES.values(), b"\x1b[200~", b"\x1b[201~", b"\x1b", b"\x18"]
    for control in range(0x80, 0xA0):
        recognized += [bytes([control]), chr(control).encode()]
    parser = XTermParser()
    for _ in range(100_000):
        parts = []
        for _ in range(dice.randrange(1, 6)):
            part = dice.choice(recognized)
            match dice.randrange(5):
                case 0:
                    part = part[: dice.randrange(len(part) + 1)]
                case 1:
                    part = dice.randbytes(dice.randrange(6))
                case 2:
                    at = dice.randrange(len(part) + 1)
                    part = part[:at] + dice.randbytes(1) + part[at:]
            parts.append(part)
        front = TerminalInput()
        sent = list(front.feed(b"".join(parts)))
        for each in sent:
            for message in translated(each, parser):
                if isinstance(message, events.Key):
                    assert message.key
        while front.deadline is not None:
            list(front.give_up())
        assert list(front.feed(b"a"))[-1:] == [Key("a")], parts
