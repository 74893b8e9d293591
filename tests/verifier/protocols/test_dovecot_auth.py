"""Dovecot's auth-client protocol: every line that a client may send, and those that it may not."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apppw_tui.domain.errors import StoreBusy
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.protocols import dovecot_auth
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.rate_limit import FREE
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, change_record, of_unknown_id, wrong
from tests.verifier.wire import (
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
    until,
)

NAME, WORD = b64("Username:"), b64("Password:")


@pytest.fixture
def secret(house: House) -> str:
    return house.issue("Phone").secret.reveal()


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    house.alter(enforced_from=NOW)
    desk = Desk(house)
    yield desk
    desk.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


# --- transcripts ----------------------------------------------------------------------------------


async def test_the_greeting_is_one_short_write(desk: Desk, path: Path) -> None:
    handler = AuthClient(desk.auth_service, Limits(), token_hex=lambda size: "c0" * size)
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
        served(AuthClient(desk.auth_service, Limits()).handle, path),
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
        served(AuthClient(desk.auth_service, Limits()).handle, path),
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
    async with served(AuthClient(desk.auth_service, Limits()).handle, path), connected(path) as dav:
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
            handler = AuthClient(desk.auth_service, Limits())
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
    assert {decision.answer for decision, _, _ in desk.book.answers[:4]} == {refusal}


async def test_the_answer_carries_the_canonical_name_and_a_refusal_the_one_that_was_sent(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue._verifier.default_domain = "example.org"
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
    handler = AuthClient(desk.auth_service, Limits())
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
    assert [decision.answer for decision, _, _ in desk.book.answers] == [Answer.NOT_NOW, Answer.YES]


async def test_where_others_wait_it_is_a_temporary_failure_of_that_attempt_alone(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path, Limits(answer_timeout=0.01)) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(2, plain(ADA, secret)))
        assert await client.rest() == f"FAIL\t1\tuser={ADA}\ttemp\tcode=temp_fail\n".encode()
        desk.queue.opened.set()
    await tasks_are(1)


async def test_whoever_is_throttled_is_told_so_by_the_end_of_the_connection(
    desk: Desk, path: Path, secret: str
) -> None:
    from_there = "\trip=192.0.2.7"
    handler = AuthClient(desk.auth_service, Limits())
    async with served(handler.handle, path):
        async with introduced(path) as client:
            for number in range(FREE):
                other = plain(f"a{number}", secret)
                await client.send(auth(number, other, more=from_there))
                assert await client.line() == f"FAIL\t{number}\tuser=a{number}"
            await client.send(auth(99, plain(ADA, secret), more=from_there))
            assert await client.rest() == b""
        async with introduced(path) as client:
            await client.send(auth(100, plain(ADA, secret), more="\trip=192.0.2.8"))
            assert await client.line() == f"OK\t100\tuser={ADA}"


async def test_what_takes_too_long_is_not_now_and_still_written_down(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    handler = AuthClient(desk.auth_service, Limits(answer_timeout=0.01))
    async with served(handler.handle, path):
        async with introduced(path) as client:
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.rest() == b""
        assert desk.book.answers == []
        desk.queue.opened.set()
    await tasks_are(1)
    assert len(desk.book.answers) == 1
    assert desk.book.uses == [(ADA, "imap", None)]


async def test_a_fault_is_not_now_and_told_without_the_secret(
    desk: Desk, path: Path, secret: str
) -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    desk.queue.fault = RuntimeError(secret)
    handler = AuthClient(desk.auth_service, Limits())
    async with served(handler.handle, path):
        async with introduced(path) as client:
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.rest() == b""
        desk.queue.fault = None
        async with introduced(path) as client:
            await client.send(auth(2, plain(ADA, secret)))
            assert await client.line() == f"OK\t2\tuser={ADA}"
    assert len(told) == 1
    assert secret not in str(told)


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


async def test_a_service_only_chooses_among_those_of_the_socket(
    desk: Desk, path: Path, secret: str
) -> None:
    change_record(desk.house, scope=("imap",))
    desk.allowed = frozenset({"smtp", "sieve"})
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)))
        assert await client.line() == f"FAIL\t1\tuser={ADA}"
        change_record(desk.house, scope=("smtp",))
        await client.send(f"AUTH\t2\tPLAIN\tservice=smtp\tresp={plain(ADA, secret)}\n".encode())
        assert await client.line() == f"OK\t2\tuser={ADA}"


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


# --- several at a time ----------------------------------------------------------------------------


async def test_several_are_answered_as_they_come(desk: Desk, path: Path, secret: str) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)))
        await client.send(auth(4294967295, None))
        assert await client.line() == "CONT\t4294967295\t"
        await client.send(f"CONT\t4294967295\t{plain(ADA, wrong(Secret(secret)))}\n".encode())
        await client.send(auth(3, "!"))
        assert await client.line() == "FAIL\t3"
        desk.queue.opened.set()
        assert set(await client.lines(2)) == {
            f"OK\t1\tuser={ADA}",
            f"FAIL\t4294967295\tuser={ADA}",
        }


async def test_an_id_is_free_again_once_it_is_answered(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path) as client:
        for _ in range(2):
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.line() == f"OK\t1\tuser={ADA}"


async def test_a_second_one_of_the_same_id_ends_both(desk: Desk, path: Path, secret: str) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(1, plain(ADA, secret)))
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, None) + auth(2, plain(ADA, secret)))
        assert await client.lines(2) == ["CONT\t2\t", "FAIL\t2"]
        desk.queue.opened.set()
        await client.send(auth(3, plain(ADA, secret)))
        assert await client.finish() == f"OK\t3\tuser={ADA}\n".encode()


async def test_a_response_that_nobody_asked_for_ends_the_attempt(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path) as client:
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t1"
        await client.send(auth(1, plain(ADA, secret)))
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, None))
        assert await client.line() == "CONT\t2\t"
        await client.send(f"CONT\t2\t{plain(ADA, secret)}\n".encode() * 2)
        assert await client.line() == "FAIL\t2"
        desk.queue.opened.set()
        assert await client.finish() == b""
    assert len(desk.book.answers) == 2


async def test_what_was_cancelled_is_not_answered_but_counted(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(2, None) + b"CANCEL\t2\nCANCEL\t9\n")
        assert await client.line() == "CONT\t2\t"
        await client.send(b"CANCEL\t1\n" + auth(1, plain(ADA, wrong(Secret(secret)))))
        await client.send(f"CONT\t2\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t2"
        desk.queue.opened.set()
        assert await client.finish() == f"FAIL\t1\tuser={ADA}\n".encode()
    assert len(desk.book.answers) == 2


async def test_no_more_are_decided_at_a_time_than_the_limit_and_none_is_refused(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    async with asking(desk, path, Limits(max_pending=3)) as client:
        await client.send(b"".join(auth(number, plain(ADA, secret)) for number in range(20)))
        await until(lambda: len(desk.queue.asked) == 3)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(desk.queue.asked) == 3
        desk.queue.opened.set()
        answers = await client.lines(20)
        assert set(answers) == {f"OK\t{number}\tuser={ADA}" for number in range(20)}


async def test_of_too_many_challenges_the_oldest_ends(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path, Limits(max_pending=3)) as client:
        for number in range(3):
            await client.send(auth(number, None))
            assert await client.line() == f"CONT\t{number}\t"
        await client.send(auth(3, None))
        assert await client.lines(2) == ["FAIL\t0\ttemp\tcode=temp_fail", "CONT\t3\t"]
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == f"OK\t1\tuser={ADA}"


# --- the end of a connection ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "hello",
    [
        b"VERSION\t2\t0\nCPID\t1\n",
        b"VERSION\t11\nCPID\t1\n",
        b"VERSION\nCPID\t1\n",
        b"CPID\t1\nVERSION\t1\t2\n",
        b"VERSION\t1\t2\n",
        b"VERSION\t1\t2\nSPID\t1\n",
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b"\xff\0\n",
        b"",
    ],
)
async def test_no_attempt_before_the_handshake(
    desk: Desk, path: Path, secret: str, hello: bytes
) -> None:
    async with (
        served(AuthClient(desk.auth_service, Limits()).handle, path),
        connected(path) as client,
    ):
        await client.lines(GREETING_LINES)
        await client.send(hello + auth(1, plain(ADA, secret)))
        assert await client.rest() == b""
    assert desk.book.answers == []


@pytest.mark.parametrize(
    "line",
    [
        b"AUTH\tx\tPLAIN",
        b"AUTH\t-1\tPLAIN",
        b"AUTH\t4294967296\tPLAIN",
        b"AUTH\t" + b"1" * 5000 + b"\tPLAIN",
        b"AUTH\t1 \tPLAIN",
        b"AUTH\t\xd9\xa1\tPLAIN",
        b"AUTH\t\tPLAIN",
        b"AUTH",
        b"CONT",
        b"CANCEL\tx",
        b"auth\t1\tPLAIN",
        b"VERSION\t1\t2",
        b"QUIT\t1",
        b"",
        b"\0",
        b"AUTH\t1\tPLAIN\tx=" + b"x" * 8192,
        b"x" * 200_000,
    ],
)
async def test_a_line_that_says_nothing_ends_the_connection_and_no_other(
    desk: Desk, path: Path, secret: str, line: bytes
) -> None:
    async with asking(desk, path) as client:
        async with introduced(path) as other:
            other.writer.write(auth(1, plain(ADA, secret)) + line + b"\n")
            other.writer.write(auth(2, plain(ADA, secret)))
            # What was asked before is still answered.
            assert await other.rest() == f"OK\t1\tuser={ADA}\n".encode()
        await client.send(auth(1, plain(ADA, secret)))
        assert await client.line() == f"OK\t1\tuser={ADA}"
    assert len(desk.book.answers) == 2


async def test_the_longest_line_is_still_read(desk: Desk, path: Path, secret: str) -> None:
    line = auth(1, plain(ADA, secret), more="\tx=@")
    padded = line.replace(b"@", b"x" * (8192 - len(line) + 2))
    assert len(padded) == 8193
    async with asking(desk, path) as client:
        await client.send(padded)
        assert await client.line() == f"OK\t1\tuser={ADA}"
        await client.send(padded.replace(b"x=", b"x=x"))
        assert await client.rest() == b""


async def test_a_line_cut_off_is_not_obeyed(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)).rstrip(b"\n"))
        assert await client.finish() == b""
    assert desk.book.answers == []


@pytest.mark.parametrize("begun", [b"", b"VERS", HELLO, HELLO + b"AUTH\t1\tPL"])
async def test_an_idle_connection_is_closed(desk: Desk, path: Path, begun: bytes) -> None:
    handler = AuthClient(desk.auth_service, Limits(idle_timeout=0.01))
    async with served(handler.handle, path), connected(path) as client:
        await client.lines(GREETING_LINES)
        client.writer.write(begun)
        assert await client.rest() == b""


async def test_whoever_does_not_read_is_not_listened_to(desk: Desk, path: Path) -> None:
    handler = AuthClient(desk.auth_service, Limits(write_timeout=0.01))
    async with served(handler.handle, path), introduced(path) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # not public
        with pytest.raises(ConnectionError):
            await client.send(auth(1, "!") * 500_000)


async def test_a_client_that_goes_away_leaves_nothing_behind(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    handler = AuthClient(desk.auth_service, Limits())
    async with served(handler.handle, path):
        before = len(asyncio.all_tasks())
        async with introduced(path) as client:
            await client.send(auth(1, plain(ADA, secret)) + auth(2, None))
            await client.line()
        desk.queue.opened.set()
        await tasks_are(before)
    assert len(desk.book.answers) == 1


async def test_a_server_that_stops_leaves_nothing_behind(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.queue.opened.clear()
    handler = AuthClient(desk.auth_service, Limits())
    tasks: list[asyncio.Task[None]] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(handler.handle(reader, writer)))

    async with await asyncio.start_unix_server(begin, path), introduced(path) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(2, None))
        await client.line()
        tasks[0].cancel()
        assert await client.rest() == b""
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
    assert len(asyncio.all_tasks()) == 1


# --- anything at all ------------------------------------------------------------------------------

ANSWER = re.compile(
    r"CONT\t\d{1,10}\t[A-Za-z0-9+/]*=*"
    r"|FAIL\t\d{1,10}(\tuser=[a-z0-9._+@-]+)?(\ttemp\tcode=temp_fail)?"
)
FUZZ = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines_of(secret: str) -> st.SearchStrategy[bytes]:
    """Lines that a confused or a hostile client sends, none of which is a right sign-in."""
    number = st.sampled_from([b"1", b"2", b"3", b"0", b"4294967296", b"-1", b"x", b""])
    never_right = [
        plain(ADA, wrong(Secret(secret))),
        plain("grace", secret),
        plain(ADA, secret, authzid="grace"),
        plain(ADA, secret + "0"),
        plain(ADA + "\0", secret),
        b64(f"\0{ADA}\0{secret}\0"),
        b64(ADA),
        plain("a\nOK\t1\tuser=b", secret),
    ]
    response = st.one_of(
        st.sampled_from([one.encode() for one in never_right]),
        st.binary(max_size=30).map(lambda data: b64(data).encode()),
        st.binary(max_size=10),
    )
    parameter = st.one_of(
        st.sampled_from([b"service=imap", b"rip=192.0.2.7", b"rip=NULL", b"nologin", b"\x01"]),
        st.binary(max_size=10),
    )
    mechanism = st.sampled_from([b"PLAIN", b"LOGIN", b"login", b"XOAUTH2", b"", b"\xff"])
    return st.one_of(
        st.builds(
            lambda n, m, p, r: b"\t".join([b"AUTH", n, m, *p, *r]),
            number,
            mechanism,
            st.lists(parameter, max_size=3),
            st.lists(response.map(lambda data: b"resp=" + data), max_size=2),
        ),
        st.builds(lambda n, r: b"\t".join([b"CONT", n, r]), number, response),
        number.map(lambda n: b"CANCEL\t" + n),
        st.binary(max_size=40),
    )


def play(desk: Desk, path: Path, secret: str, examples: int) -> None:
    async def one(data: bytes) -> None:
        async with connected(path) as client:
            client.writer.write(data)
            answers = (await client.finish()).decode().splitlines()[GREETING_LINES:]
        assert [line for line in answers if not ANSWER.fullmatch(line)] == []
        async with introduced(path) as client:
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.line() == f"OK\t1\tuser={ADA}"
            assert await client.finish() == b""
        await tasks_are(1)

    with asyncio.Runner() as runner:

        async def begin() -> asyncio.Server:
            handler = AuthClient(desk.auth_service, Limits(max_pending=4))
            return await asyncio.start_unix_server(handler.handle, path)

        server = runner.run(begin())

        @settings(FUZZ, max_examples=examples)
        @given(
            st.sampled_from([HELLO, HELLO, HELLO, b"", b"VERSION\t1\t"]),
            st.lists(lines_of(secret), max_size=12),
        )
        def fuzz(hello: bytes, lines: list[bytes]) -> None:
            runner.run(one(hello + b"".join(line + b"\n" for line in lines)))

        fuzz()
        server.close()


def test_nothing_that_is_sent_breaks_it_or_gets_in(desk: Desk, path: Path, secret: str) -> None:
    play(desk, path, secret, 300)


@pytest.mark.slow
def test_nothing_of_ten_thousand_things_breaks_it_or_gets_in(
    desk: Desk, path: Path, secret: str
) -> None:
    play(desk, path, secret, 10_000)
