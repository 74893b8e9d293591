"""Dovecot's auth-client protocol: what is said and answered, on one connection."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.protocols import dovecot_auth
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from tests.support import NOW, PASSWORD
from tests.verifier.asking import ADA, change_record, of_unknown_id, wrong
from tests.verifier.harness import (
    GREETING_LINES,
    HELLO,
    Desk,
    asking,
    auth,
    b64,
    connected,
    introduced,
    plain,
    served,
    tasks_are,
)

NAME, WORD = b64("Username:"), b64("Password:")


# --- transcripts ----------------------------------------------------------------------------------


async def test_the_greeting_is_one_short_write(desk: Desk, path: Path) -> None:
    handler = AuthClient(*desk.parts, Limits(), token_hex=lambda size: "c0" * size)
    greeting = re.compile(
        rb"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n"
        rb"SPID\t\d+\nCUID\t(\d+)\nCOOKIE\t(c0){16}\nDONE\n"
    )
    seen = set()
    async with served(handler.handle, path):
        for _ in range(2):
            async with connected(path) as client:
                match = greeting.fullmatch(await client.reader.read(1024))
                assert match is not None
                seen.add(match[1])
    assert len(seen) == 2


async def test_postfix(desk: Desk, path: Path, secret: str) -> None:
    async with (
        served(AuthClient(*desk.parts, Limits()).handle, path),
        connected(path) as smtpd,
    ):
        await smtpd.send(b"VERSION\t1\t0\nCPID\t12345\n")
        await smtpd.lines(GREETING_LINES)
        begin = "\tservice=smtp\tnologin\tlip=192.0.2.1\trip=192.0.2.77\tsecured"
        await smtpd.send(f"AUTH\t1\tPLAIN{begin}\tresp={plain(ADA, secret)}\n".encode())
        assert await smtpd.line() == f"OK\t1\tuser={ADA}"
        await smtpd.send(f"AUTH\t2\tPLAIN{begin}\n".encode())
        assert await smtpd.line() == "CONT\t2\t"
        await smtpd.send(f"CONT\t2\t{plain(ADA, secret)}\n".encode())
        assert await smtpd.line() == f"OK\t2\tuser={ADA}"
        # `AUTH LOGIN <name>`: the name comes with the command.
        await smtpd.send(f"AUTH\t3\tLOGIN{begin}\tresp={b64(ADA)}\n".encode())
        assert await smtpd.line() == f"CONT\t3\t{WORD}"
        await smtpd.send(f"CONT\t3\t{b64(secret)}\n".encode())
        assert await smtpd.line() == f"OK\t3\tuser={ADA}"
        await smtpd.send(f"AUTH\t4\tLOGIN{begin}\n".encode())
        assert await smtpd.line() == f"CONT\t4\t{NAME}"
        await smtpd.send(f"CONT\t4\t{b64(ADA)}\n".encode())
        assert await smtpd.line() == f"CONT\t4\t{WORD}"
        await smtpd.send(f"CONT\t4\t{b64(wrong(Secret(secret)))}\n".encode())
        assert await smtpd.line() == f"FAIL\t4\tuser={ADA}"
    assert desk.book.uses == [(ADA, "smtp", "192.0.2.77")] * 3


async def test_exim(desk: Desk, path: Path, secret: str) -> None:
    async with (
        served(AuthClient(*desk.parts, Limits()).handle, path),
        connected(path) as exim,
    ):
        await exim.lines(GREETING_LINES)
        await exim.send(
            b"VERSION\t1\t0\nCPID\t999\n"
            b"AUTH\t1\tPLAIN\tservice=smtp\tsecured\trip=2001:db8::5\tlip=NULL\tnologin\tresp=\n"
        )
        assert await exim.line() == "CONT\t1\t"
        await exim.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await exim.line() == f"OK\t1\tuser={ADA}"
    assert desk.book.uses == [(ADA, "smtp", "2001:db8::5")]


async def test_radicale(desk: Desk, path: Path, secret: str) -> None:
    change_record(desk.house, scope=("calendar",))
    async with served(AuthClient(*desk.parts, Limits()).handle, path), connected(path) as dav:
        assert (await dav.reader.read(1024)).endswith(b"\nDONE\n")
        await dav.send(b"VERSION\t1\t1\n")
        await dav.send(b"CPID\t77\n")
        await dav.send(f"AUTH\t1\tPLAIN\tservice=radicale\tresp={plain(ADA, secret)}\n".encode())
        assert await dav.reader.read(1024) == f"OK\t1\tuser={ADA}\n".encode()
    assert desk.book.uses == [(ADA, "caldav", None)]


async def test_it_does_not_matter_how_the_bytes_are_cut(
    desk: Desk, path: Path, secret: str
) -> None:
    whole = (
        HELLO
        + auth(1, plain(ADA, secret))
        + auth(2, None, "login")
        + f"CONT\t2\t{b64(ADA)}\nCONT\t2\t{b64(secret)}\n".encode()
    )
    for data in (whole, whole.replace(b"\n", b"\r\n")):
        for step in (1, len(data)):
            handler = AuthClient(*desk.parts, Limits())
            async with served(handler.handle, path), connected(path) as client:
                for start in range(0, len(data), step):
                    await client.send(data[start : start + step])
                    await asyncio.sleep(0)
                answers = (await client.finish()).decode().splitlines()[GREETING_LINES:]
            assert sorted(answers) == [
                f"CONT\t2\t{WORD}",
                f"CONT\t2\t{NAME}",
                f"OK\t1\tuser={ADA}",
                f"OK\t2\tuser={ADA}",
            ]


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("enforced", [True, False])
async def test_all_refusals_are_one_answer(
    desk: Desk, path: Path, secret: str, enforced: bool
) -> None:
    desk.house.alter(enforced_from=NOW if enforced else None)
    async with asking(desk, path) as client:
        passwords = (wrong(Secret(secret)), of_unknown_id(desk.house), PASSWORD, "x")
        for number, password in enumerate(passwords):
            await client.send(auth(number, plain(ADA, password)))
            assert await client.line() == f"FAIL\t{number}\tuser={ADA}"
        await client.send(auth(9, plain("grace", secret)))
        assert await client.line() == "FAIL\t9\tuser=grace"
    refusal = Answer.NO if enforced else Answer.NOT_MINE
    assert {decision.answer for decision in desk.book.decisions[:4]} == {refusal}


async def test_the_answer_carries_the_canonical_name_and_a_refusal_the_one_that_was_sent(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.default_domain = "example.org"
    async with asking(desk, path) as client:
        await client.send(auth(1, plain("ada", secret)))
        assert await client.line() == f"OK\t1\tuser={ADA}"
        await client.send(auth(2, plain("ada", wrong(Secret(secret)))))
        assert await client.line() == "FAIL\t2\tuser=ada"
        await client.send(auth(3, plain("grace", wrong(Secret(secret)))))
        assert await client.line() == "FAIL\t3\tuser=grace"


async def test_an_app_password_in_place_of_the_name_is_not_repeated(
    desk: Desk, path: Path, secret: str
) -> None:
    async with asking(desk, path) as client:
        for number, typed in enumerate((secret, "7kfm2xqd9h3vtw5nc8rw")):
            await client.send(auth(number, plain(typed, secret)))
            assert await client.line() == f"FAIL\t{number}"


@pytest.mark.parametrize("name", ["a\tuser=ada", "a\nOK\t1\tuser=ada", "Ada", "\x01", "../x", "é"])
async def test_what_is_no_name_is_not_repeated(
    desk: Desk, path: Path, secret: str, name: str
) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(name, secret)))
        assert await client.finish() == b"FAIL\t1\n"


# "Not now" ends a connection on which nobody else waits for an answer.


def busy(name: str) -> None:
    raise StoreBusy("busy")


@pytest.mark.parametrize("given_up", [b"", auth(7, None), auth(7, None, "LOGIN")])
async def test_a_store_that_cannot_be_read_ends_the_connection_without_an_answer(
    desk: Desk, path: Path, secret: str, monkeypatch: pytest.MonkeyPatch, given_up: bytes
) -> None:
    handler = AuthClient(*desk.parts, Limits())
    async with served(handler.handle, path):
        with monkeypatch.context() as patch:
            patch.setattr(desk.house.store, "get", busy)
            async with introduced(path) as client:
                # Postfix never says that a challenge was given up.
                await client.send(given_up)
                if given_up:
                    assert (await client.line()).startswith("CONT\t7\t")
                await client.send(auth(8, plain(ADA, secret)))
                assert await client.rest() == b""
        async with introduced(path) as client:
            await client.send(auth(8, plain(ADA, secret)))
            assert await client.line() == f"OK\t8\tuser={ADA}"
    assert [decision.answer for decision in desk.book.decisions] == [Answer.NOT_NOW, Answer.YES]


async def test_where_others_wait_it_is_a_temporary_failure_of_that_attempt_alone(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path, Limits(answer_timeout=0.01)) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(2, plain(ADA, secret)))
        assert await client.rest() == f"FAIL\t1\tuser={ADA}\ttemp\tcode=temp_fail\n".encode()
        desk.auth_service.opened.set()
    await tasks_are(1)


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("service=imap\trip=192.0.2.7", ("imap", "192.0.2.7")),
        ("rip=2001:DB8::1\tservice=imaps\tsession=a=b\tno-penalty", ("imap", "2001:db8::1")),
        ("service=imap\trip=192.0.\x012.7", ("imap", "192.0.2.7")),
        ("service=imap\trip=NULL", ("imap", None)),
        ("service=imap\trip=", ("imap", None)),
        ("service=imap\trip=192.0.2.7 ", ("imap", None)),
        ("service=imap\trip=fe80::1%a\x01nb\x01t", ("imap", "fe80::1")),
        ("service=i\x01map", ("imap", None)),
        ("service=i\x01tmap", (None, None)),
        ("service=i\x01nmap", (None, None)),
        ("service=i\x010map", (None, None)),
        ("service=\x011map", (None, None)),
        ("service=", (None, None)),
        ("service", (None, None)),
        ("secured\tnologin", (None, None)),
        ("service=" + "x" * 99, (None, None)),
    ],
)
async def test_service_and_address_are_read_and_the_rest_is_not(
    desk: Desk, path: Path, secret: str, sent: str, read: tuple[str | None, str | None]
) -> None:
    async with asking(desk, path) as client:
        await client.send(f"AUTH\t1\tPLAIN\t{sent}\tresp={plain(ADA, secret)}\n".encode())
        assert await client.line() == f"OK\t1\tuser={ADA}"
    assert desk.book.uses == [(ADA, *read)]


async def test_an_address_in_any_bytes_is_none(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret), more="\trip=?").replace(b"?", b"\xff"))
        assert await client.line() == f"OK\t1\tuser={ADA}"
    assert desk.book.uses == [(ADA, "imap", None)]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"a", b"a"),
        (b"\x011\x01t\x01r\x01n\x010\x01x\x01", b"\x01\t\r\n\0x"),
    ],
)
def test_escapes(value: bytes, read: bytes) -> None:
    assert dovecot_auth._unescaped(value) == read


# --- what the mechanisms do not allow -------------------------------------------------------------


async def test_one_account_never_signs_in_as_another(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret, authzid="grace")))
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, plain("grace", secret, authzid=ADA)))
        assert await client.line() == "FAIL\t2"
        await client.send(auth(3, plain(ADA, secret, authzid=ADA)))
        assert await client.line() == f"OK\t3\tuser={ADA}"
    assert len(desk.book.answers) == 1


@pytest.mark.parametrize(
    "response",
    [
        lambda _: "!",
        lambda secret: plain(ADA, secret).rstrip("=") + "A",
        lambda secret: plain(ADA, secret)[:8] + " " + plain(ADA, secret)[8:],
        lambda secret: plain(ADA, secret) + "=A",
        lambda secret: plain(ADA, secret) + "\x01",
        lambda secret: plain(ADA, secret) + "é",
        lambda secret: b64(f"{ADA}\0{secret}"),
        lambda secret: b64(f"\0{ADA}\0{secret}\0"),
        lambda secret: b64(f"\0\0{ADA}\0{secret}"),
        lambda _: b64(f"\0{ADA}"),
        lambda secret: b64(f"\0\0{secret}"),
        lambda _: b64(f"\0{ADA}\0"),
        lambda _: b64("\0"),
        lambda secret: plain(ADA, secret) + "\tservice=smtp",
        lambda secret: plain(ADA, secret) + "\tresp=" + plain(ADA, secret),
    ],
)
async def test_a_bad_response_fails_and_others_on_the_connection_do_not(
    desk: Desk, path: Path, secret: str, response: Callable[[str], str]
) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(7, None, "LOGIN"))
        assert await client.line() == f"CONT\t7\t{NAME}"
        await client.send(auth(1, response(secret)))
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, None))
        assert await client.line() == "CONT\t2\t"
        await client.send(f"CONT\t2\t{response(secret)}\n".encode())
        assert await client.line() == "FAIL\t2"
        await client.send(f"CONT\t7\t{b64(ADA)}\n".encode())
        assert await client.line() == f"CONT\t7\t{WORD}"
        await client.send(f"CONT\t7\t{b64(secret)}\n".encode())
        assert await client.line() == f"OK\t7\tuser={ADA}"
    assert len(desk.book.answers) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("where", ["name", "password"])
async def test_what_is_no_utf8_is_refused_and_written_down(
    desk: Desk, path: Path, secret: str, mechanism: str, where: str
) -> None:
    name = b"\xe4da" if where == "name" else ADA.encode()
    password = secret.encode() + (b"\xe4" if where == "password" else b"")
    async with asking(desk, path) as client:
        if mechanism == "PLAIN":
            await client.send(auth(1, b64(b"\0" + name + b"\0" + password)))
        else:
            await client.send(auth(1, b64(name), "LOGIN"))
            await client.line()
            await client.send(f"CONT\t1\t{b64(password)}\n".encode())
        user = f"\tuser={ADA}" if where == "password" else ""
        assert await client.line() == f"FAIL\t1{user}"
    assert len(desk.book.answers) == 1


@pytest.mark.parametrize("bad", ["", "!", b64("a\0b"), "YQ==\tYQ=="])
async def test_a_bad_response_ends_a_login_at_either_step(
    desk: Desk, path: Path, secret: str, bad: str
) -> None:
    async with asking(desk, path) as client:
        for begin in ([], [ADA]):
            await client.send(auth(1, None, "LOGIN"))
            await client.line()
            for response in begin:
                await client.send(f"CONT\t1\t{b64(response)}\n".encode())
                await client.line()
            await client.send(f"CONT\t1\t{bad}\n".encode())
            assert await client.line() == "FAIL\t1"
            await client.send(f"CONT\t1\t{b64(secret)}\n".encode())
            assert await client.line() == "FAIL\t1"
    assert desk.book.answers == []


async def test_an_empty_initial_response_is_none(desk: Desk, path: Path) -> None:
    async with asking(desk, path) as client:
        for number, response in enumerate([None, "", "="]):
            await client.send(auth(number, response))
            assert await client.line() == f"CONT\t{number}\t"
            await client.send(auth(number + 10, response, "LOGIN"))
            assert await client.line() == f"CONT\t{number + 10}\t{NAME}"


@pytest.mark.parametrize("mechanism", ["", "CRAM-MD5", "EXTERNAL", "PLAIN ", "\xff"])
async def test_a_mechanism_that_was_not_offered_fails(
    desk: Desk, path: Path, secret: str, mechanism: str
) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret), mechanism))
        await client.send(auth(4, None, mechanism))
        await client.send(b"AUTH\t2\n")
        await client.send(b"AUTH\t3\tPLAIN\tservice=\xff\n")
        assert await client.lines(4) == ["FAIL\t1", "FAIL\t4", "FAIL\t2", "FAIL\t3"]
