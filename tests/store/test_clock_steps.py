"""A clock that is set: by hours, a year, to 1970, beyond 2038, to a leap day, back and forward.

What lasts for a while is measured by the machine's other clock, which nobody sets; what has an
instant is judged by this one, and none that was ahead puts anything off for years.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from apppw_tui.domain.activity import RETENTION, EventType
from apppw_tui.domain.errors import InvalidCode, RateLimited, SignInRefused
from apppw_tui.domain.notice_text import LONGEST_WAIT
from apppw_tui.domain.scopes import parse_service
from apppw_tui.domain.throttle import LONGEST_DELAY
from apppw_tui.domain.verification_options import APP, RECOVERY
from apppw_tui.store.engine import Engine, Machine
from apppw_tui.store.memory_engine import MemoryEngine
from apppw_tui.ui.terminal import IdleClock
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Attempt
from tests.store.folder.using import Verdict, use
from tests.store.struck.world import World
from tests.support import NOW, PASSWORD, FixedClock
from tests.verifier.harness import Book

STEPS = {
    "seconds back": NOW - timedelta(seconds=90),
    "hours back": NOW - timedelta(hours=5),
    "a year back": NOW - timedelta(days=365),
    "a machine without a clock": datetime(1970, 1, 2, 0, 0, 5, tzinfo=UTC),
    "hours forward": NOW + timedelta(hours=5),
    "a year forward": NOW + timedelta(days=366),
    "a leap day": datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
    "summer time begins": datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
    "the end of 32 bits": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "the end of 32 bits without a sign": datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
}
# The furthest of either direction in every run; what lies between, where there is time.
FURTHEST = {"a machine without a clock", "the end of 32 bits without a sign"}

every_step = pytest.mark.parametrize(
    "to",
    [
        pytest.param(to, id=name, marks=[] if name in FURTHEST else pytest.mark.slow)
        for name, to in STEPS.items()
    ],
)


@pytest.fixture
def world(engine_and_machine: tuple[Engine, Machine], clock: FixedClock) -> World:
    world = World(*engine_and_machine, clock)
    world.furnish()
    return world


def set_clock(world: World, to: datetime) -> None:
    """Sets it, as an administrator or NTP does; the monotonic one goes on."""
    world.clock.instant = to


@every_step
def test_throttle_lets_the_right_password_in_after_its_longest_delay(
    world: World, to: datetime
) -> None:
    for _ in range(12):
        with suppress(SignInRefused, RateLimited):
            world.house.sign_in("ben", "wrong")
    set_clock(world, to)
    waits: list[float | None] = []
    try:
        world.house.sign_in("ben", PASSWORD)
    except RateLimited as refused:
        waits.append(refused.wait)
    for wait in waits:
        assert wait is not None
        assert 0 < wait <= LONGEST_DELAY
        world.clock.advance(wait)
        world.house.sign_in("ben", PASSWORD)


@every_step
def test_set_back_from_there_it_makes_nobody_wait_for_longer(world: World, to: datetime) -> None:
    set_clock(world, to)
    for _ in range(12):
        with suppress(SignInRefused, RateLimited):
            world.house.sign_in("ben", "wrong")
    set_clock(world, NOW)
    with suppress(RateLimited):
        world.house.sign_in("ben", PASSWORD)
    world.clock.advance(LONGEST_DELAY)
    world.house.sign_in("ben", PASSWORD)


@every_step
def test_an_authenticator_goes_on_with_the_clock_and_no_code_works_twice(
    world: World, to: datetime
) -> None:
    secret, paper = world.authenticator_secret(), world.house.give_recovery_codes("ada")[0]
    world.house.challenge("ada").answer(APP, world.house.app_code(secret))
    set_clock(world, to)
    code = world.house.app_code(secret)
    if to > NOW:
        world.house.challenge("ada").answer(APP, code)
    with pytest.raises(InvalidCode, match="used already"):
        world.house.challenge("ada").answer(APP, code)
    world.clock.advance(60)
    world.house.challenge("ada").answer(RECOVERY, paper.reveal())


@every_step
def test_what_a_session_may_do_and_when_it_ends_is_no_matter_of_that_clock(
    world: World, to: datetime
) -> None:
    portal, session = world.house.portal, world.house.session("ada")
    idle = IdleClock(world.clock.monotonic, 300.0)
    set_clock(world, to)
    assert portal.is_fresh(session)
    assert idle.seconds_left == 300.0
    portal.check_fresh(session)
    portal.create_app_password(session, "Pad")
    world.clock.advance(world.house.policy.verify_again_after)
    assert not portal.is_fresh(session)
    set_clock(world, NOW)
    assert not portal.is_fresh(session)
    assert idle.seconds_left < 0


@every_step
async def test_expiry_is_judged_at_every_attempt_remembered_or_not(
    world: World, to: datetime
) -> None:
    ends = NOW + timedelta(days=3)
    issued = world.house.operator.create_app_password("ben", "Ends", expires=ends)
    service = AuthService(
        world.engine.cached_accounts(), world.house.hasher, world.clock, Book(), Book(), threads=1
    )
    attempt = Attempt.parse("ben", issued.secret, parse_service("imap"), "127.0.0.1", None)
    try:
        assert (await service.decide(attempt)).answer is Answer.YES
        set_clock(world, to)
        answer = Answer.YES if to < ends else Answer.NOT_MINE
        assert (await service.decide(attempt)).answer is answer
        set_clock(world, NOW)
        assert (await service.decide(attempt)).answer is Answer.YES
    finally:
        service.close()


@every_step
def test_activity_of_another_clock_is_shown_as_the_clock_had_it(world: World, to: datetime) -> None:
    session = world.house.session("ada")
    set_clock(world, to)
    (id_,) = world.ids_of("Phone")
    world.house.portal.rename_app_password(session, id_, "Handset")
    shown = [(each.event, each.time) for each in world.house.portal.activity(session)]
    assert (EventType.RENAMED, to) in shown
    set_clock(world, NOW)
    world.house.portal.delete_app_password(session, id_)
    world.engine.activity.forget_old(session.uid)
    shown = [(each.event, each.time) for each in world.house.portal.activity(session)]
    assert (EventType.DELETED, NOW) in shown
    if not isinstance(world.engine, MemoryEngine):  # which does not live that long
        assert ((EventType.RENAMED, to) in shown) == (to > NOW - RETENTION)
    assert [time for _, time in shown] == sorted((time for _, time in shown), reverse=True)


@every_step
def test_last_use_is_the_last_one_and_what_was_ahead_hides_none_for_years(
    world: World, to: datetime
) -> None:
    account = world.house.now("ben")
    radio = account.app_passwords[0]
    verdict = Verdict("ben", radio, account.uid)
    set_clock(world, to)
    use(world.engine, verdict)
    used = world.engine.usage.read(account.uid).by_id
    assert used[radio.id].time == to.replace(microsecond=0)
    # As machines of one database differ a little, the newer stays there for a while.
    now = NOW if to - NOW > timedelta(days=300) else to + timedelta(hours=1)
    set_clock(world, now)
    use(world.engine, verdict)
    assert world.engine.usage.read(account.uid).by_id[radio.id].time == now
    world.house.portal.uses_per_day(world.house.session("ben"), account)


@every_step
def test_what_was_deleted_under_another_clock_stays_deleted(world: World, to: datetime) -> None:
    backup, (phone,) = world.backup(), world.ids_of("Phone")
    set_clock(world, to)
    world.house.operator.delete_app_password("ada", "Phone")
    set_clock(world, NOW)
    restoring = world.restoring(backup)
    restoring.merge_deleted_ids()
    restoring.account("ada")
    assert world.house.now("ada").app_password(phone) is None
    assert world.ids_of("Tablet")


@every_step
def test_bypass_never_lasts_for_longer_than_any_does(world: World, to: datetime) -> None:
    world.house.operator.bypass("ada", 60)
    set_clock(world, to)
    lasts = NOW - timedelta(days=1) < to < NOW + timedelta(minutes=60)
    assert (world.house.challenge("ada").bypass_until is not None) == lasts


@every_step
def test_notice_of_whoever_was_ahead_is_due_all_the_same(world: World, to: datetime) -> None:
    set_clock(world, to)
    (message, *_) = world.engine.notices.due(world.clock.now())
    world.engine.notices.keep(message.tried(world.clock.now(), LONGEST_WAIT))
    set_clock(world, NOW)
    waits = {each.file for each in world.engine.notices.due(NOW)}
    assert (message.file in waits) == (not NOW < to + LONGEST_WAIT <= NOW + LONGEST_WAIT)
    later = NOW + LONGEST_WAIT
    assert message.file in {each.file for each in world.engine.notices.due(later)}
