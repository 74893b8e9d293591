"""The daemon's figures: what is counted, how Prometheus reads it; nothing typed is in it."""

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apppw_tui.domain import scopes
from apppw_tui.domain.scopes import OwnService, Service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FREE, VerifiedCache
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.metrics import OTHER, SAMPLE_EVERY, Gauges, Metrics, exposition
from apppw_tui.verifier.protocols.http import Http
from tests.argon import failing_argon2
from tests.services.require import require_program
from tests.support import FixedClock, House
from tests.verifier.asking import ADA, HERE, wrong
from tests.verifier.daemon_in_loop import Told, running
from tests.verifier.exposition import parsed
from tests.verifier.harness import Desk, served, until
from tests.verifier.protocols.http_client import Reply, ask, basic

RESULTS = [*(answer.value for answer in Answer), "paused"]
NOW = Gauges(queue_length=3, threads=2, remembered=7)


@pytest.fixture
def secret(house: House) -> Secret:
    return house.issue("Phone").secret


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    desk = Desk(house)
    yield desk
    desk.close()


def answers(service: AuthService) -> dict[tuple[str, str], int]:
    return {key: count for key, count in service.metrics.answers.items() if count}


# --- counting ------------------------------------------------------------------------------------


async def test_answers_are_counted_by_service_and_result(desk: Desk, secret: Secret) -> None:
    for service in ("imap", "imaps", "caldav", "files", "apppw-portal", None):
        await desk.ask(ADA, secret, service, HERE)
    await desk.ask(ADA, Secret(wrong(secret)), "imap", HERE)
    assert answers(desk.auth_service) == {
        ("imap", "yes"): 2,
        ("caldav", "yes"): 1,
        (OTHER, "yes"): 2,
        (OTHER, "not mine"): 1,
        ("imap", "not mine"): 1,
    }


async def test_a_service_that_is_configured_has_its_name(house: House, secret: Secret) -> None:
    desk = Desk(house, allowed=frozenset({Service("openvpn")}))
    await desk.ask(ADA, secret, "openvpn", HERE)
    await desk.ask(ADA, secret, "ssh", HERE)
    assert answers(desk.auth_service) == {("openvpn", "yes"): 1, (OTHER, "yes"): 1}
    desk.close()


async def test_a_test_is_no_answer_to_a_service(desk: Desk, secret: Secret) -> None:
    await desk.ask(ADA, secret, "imap", HERE, test=True)
    assert answers(desk.auth_service) == {}
    assert desk.auth_service.metrics.hashes == 1


async def test_an_answer_that_came_too_late_is_counted_as_it_was_given(
    desk: Desk, secret: Secret
) -> None:
    desk.auth_service.opened.clear()
    late = desk.auth_service.ask(desk.source, ADA, secret, "imap", HERE, within=0.0)
    assert (await late).answer is Answer.NOT_NOW
    desk.auth_service.opened.set()
    await until(lambda: len(desk.book.answers) == 1)
    await asyncio.sleep(0)
    assert answers(desk.auth_service) == {("imap", "not now"): 1}


async def test_hashes_and_what_spares_them_are_counted(desk: Desk, secret: Secret) -> None:
    for password in (secret, secret, Secret(wrong(secret)), Secret("no app password")):
        await desk.ask(ADA, password, "imap", HERE)
    metrics = desk.auth_service.metrics
    assert (metrics.hashes, metrics.queued, metrics.remembered_hits) == (2, 2, 1)
    assert metrics.hash_seconds > 0
    assert metrics.queue_seconds > 0
    assert desk.auth_service.gauges() == Gauges(0, 2, 1)


async def test_a_hash_that_failed_is_none(
    desk: Desk, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_argon2(monkeypatch)
    await desk.ask(ADA, secret, "imap", HERE)
    assert (desk.auth_service.metrics.hashes, desk.auth_service.metrics.queued) == (0, 1)
    assert answers(desk.auth_service) == {("imap", "not now"): 1}


async def test_paused_password_has_a_result_of_its_own(
    desk: Desk, house: House, secret: Secret
) -> None:
    house.operator.pause_app_password(ADA, "Phone")
    await desk.ask(ADA, secret, "imap", HERE)
    house.alter(enforced_from=house.clock.now())
    await desk.ask(ADA, secret, "imap", HERE)
    assert answers(desk.auth_service) == {("imap", "paused"): 2}
    assert desk.auth_service.metrics.results()["paused"] == 2


async def test_own_service_is_counted_by_its_name(desk: Desk, secret: Secret) -> None:
    await desk.ask(ADA, secret, "vpn", HERE)
    desk.auth_service.set_own_services([OwnService(Service("vpn"), "VPN")])
    await desk.ask(ADA, secret, "vpn", HERE)
    assert answers(desk.auth_service) == {(OTHER, "yes"): 1, ("vpn", "not mine"): 1}


async def test_throttled_attempts_are_counted(desk: Desk, house: House) -> None:
    for number in range(FREE + 2):
        await desk.ask(ADA, Secret(wrong(house.issue(f"App {number}").secret)), "imap", HERE)
    metrics = desk.auth_service.metrics
    assert (metrics.throttled, metrics.hashes) == (2, FREE)
    assert answers(desk.auth_service) == {("imap", "not mine"): FREE, ("imap", "not now"): 2}


def test_size_of_the_cache_is_what_is_still_good() -> None:
    clock = FixedClock()
    cache = VerifiedCache(clock.monotonic, good_for=10)
    cache.add(b"1")
    clock.advance(6)
    cache.add(b"2")
    assert cache.size() == 2
    clock.advance(4)
    assert cache.size() == 1


def test_flush_that_never_went_well_has_no_age() -> None:
    clock = FixedClock()
    metrics = Metrics(clock)
    clock.advance(7)
    assert metrics.flush_age is None
    metrics.record_flush()
    clock.advance(2)
    assert metrics.flush_age == 2


def test_answers_a_minute_are_those_of_the_last_one() -> None:
    clock = FixedClock()
    metrics = Metrics(clock)
    metrics.answers["imap", "yes"] += 90
    assert metrics.per_minute() == {
        "yes": 90,
        "no": 0,
        "not mine": 0,
        "not now": 0,
        "paused": 0,
    }
    for _ in range(8):
        clock.advance(SAMPLE_EVERY)
        metrics.sample()
    assert metrics.per_minute()["yes"] == 0
    metrics.answers[OTHER, "no"] += 5
    clock.advance(SAMPLE_EVERY)  # 75 seconds since the oldest sample
    assert metrics.per_minute()["no"] == 4


async def test_a_flush_that_went_well_is_noted(notified: Told, tmp_path: Path) -> None:
    outcomes = [True, False, False, False, True]
    async with running(notified, tmp_path / "s", flush=lambda: outcomes.pop(0)) as seen:
        await seen.flushes.get()
        for seconds in (0, 30, 0):  # the one before is over when the next begins
            seen.clock.advance(seconds)
            seen.flush_soon()
            await seen.flushes.get()
        assert seen.metrics.flush_age == 30
        await seen.end()
        assert seen.metrics.flush_age == 0


async def test_connections_are_told_by_socket(notified: Told, tmp_path: Path) -> None:
    async with running(notified, tmp_path / "s") as seen:
        assert seen.metrics.connections() == {"s": 0}
        _, writer = await seen.connect()
        await until(lambda: seen.metrics.connections() == {"s": 1})
        writer.close()
        await until(lambda: seen.metrics.connections() == {"s": 0})


# --- the format ----------------------------------------------------------------------------------


def test_exposition_is_as_prometheus_reads_it() -> None:
    clock = FixedClock()
    metrics = Metrics(clock)
    metrics.answers["imap", "yes"] += 3
    metrics.hashes, metrics.hash_seconds = 2, 0.05
    metrics.queued, metrics.queue_seconds = 2, 1e-7
    metrics.connections = lambda: {'a "b"\\\nc': 4}
    clock.advance(12.5)
    read = parsed(exposition(metrics, NOW))
    only = {name: value for (name, labels), value in read.items() if not labels}
    assert only == {
        "apppw_tui_start_time_seconds": metrics.started.timestamp(),
        "apppw_tui_hashes_total": 2,
        "apppw_tui_hash_seconds_total": 0.05,
        "apppw_tui_hash_threads": 2,
        "apppw_tui_hash_queue_length": 3,
        "apppw_tui_hash_queue_seconds_sum": 1e-7,
        "apppw_tui_hash_queue_seconds_count": 2,
        "apppw_tui_remembered": 7,
        "apppw_tui_remembered_hits_total": 0,
        "apppw_tui_throttled_total": 0,
        "apppw_tui_usage_flush_age_seconds": 12.5,
    }
    assert read["apppw_tui_connections", frozenset({("socket", 'a "b"\\\nc')})] == 4
    counted = {labels: value for (name, labels), value in read.items() if "answers" in name}
    assert len(counted) == len(RESULTS) * (len(scopes.SERVICES) + 1)
    assert counted[frozenset({("service", "imap"), ("result", "yes")})] == 3


def test_promtool_has_nothing_to_say() -> None:
    promtool = require_program("promtool", "prometheus")
    content = exposition(Metrics(FixedClock()), NOW)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=content, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@given(
    st.lists(
        st.tuples(
            st.text(max_size=70) | st.just(ADA),
            st.text(max_size=40),
            st.none() | st.text(max_size=40) | st.from_regex("[a-z0-9][a-z0-9._-]{0,31}"),
            st.none() | st.text(max_size=40),
        ),
        max_size=4,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_no_label_holds_what_was_typed(
    house: House, asked: list[tuple[str, str, str | None, str | None]]
) -> None:
    desk = Desk(house, allowed=None)
    limited = replace(desk.source, allowed=frozenset({Service("openvpn")}))

    async def all_of_them() -> None:
        for name, password, service, address in asked:
            for source in (desk.source, limited):
                await desk.auth_service.ask(
                    *(source, name, Secret(password), service, address), within=60
                )

    asyncio.run(all_of_them())
    read = parsed(exposition(desk.auth_service.metrics, desk.auth_service.gauges()))
    desk.close()
    labels = {label for _, labels in read for label in labels if label[0] not in VERSIONS}
    allowed = {*scopes.SERVICES, "openvpn", OTHER}
    assert labels <= {
        *(("service", name) for name in allowed),
        *(("result", result) for result in RESULTS),
    }
    counted = sum(value for (name, _), value in read.items() if name == "apppw_tui_answers_total")
    assert counted == 2 * len(asked)


VERSIONS = ("version", "python")


# --- over HTTP -----------------------------------------------------------------------------------


async def test_metrics_are_read_over_http(house: House, secret: Secret, tmp_path: Path) -> None:
    desk = Desk(house)
    handler = Http(*desk.parts, lambda: True, metrics=True)
    async with served(handler.handle, tmp_path / "s") as server:
        assert (await ask(server.path, basic(ADA, secret))).status == 200
        reply = await ask(server.path, target="/metrics")
        head = await ask(server.path, method="HEAD", target="/metrics")
        wrongly = await ask(server.path, method="POST", target="/metrics")
    desk.close()
    assert (reply.status, head.status, head.body) == (200, 200, b"")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    key = frozenset({("service", OTHER), ("result", "yes")})
    assert parsed(reply.body)["apppw_tui_answers_total", key] == 1
    assert (wrongly.status, wrongly.headers["Allow"]) == (405, "GET, HEAD")


async def test_metrics_are_nowhere_unless_they_are_configured(house: House, tmp_path: Path) -> None:
    desk = Desk(house)
    handler = Http(desk.auth_service, ServiceSocket("http"), lambda: True)
    async with served(handler.handle, tmp_path / "s") as server:
        reply: Reply = await ask(server.path, target="/metrics")
    desk.close()
    assert reply.status == 404
