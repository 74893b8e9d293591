"""One act, struck at one call: what stands then, and whether it can go on."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.domain.errors import (
    AlreadySo,
    ApppwError,
    Refused,
    SaveUncertain,
    StoreError,
)
from tests.faults import dies
from tests.folders import contents
from tests.store.struck.act import Act
from tests.store.struck.points import Counter, struck
from tests.store.struck.stages import Stage
from tests.store.struck.world import ACCOUNTS, NEW_PASSWORD, NUMBER, State, World
from tests.support import PASSWORD

# Faults that may leave out a line of the activity, and keep nothing else from being done.
_LEAVES_OUT = ("refused", "broken", "full")
_COUNTED = ("Admin.unlock", "Portal.forget_trusted_addresses")  # that change the throttle alone


@dataclass
class Whole:
    """An act that nothing struck: what stood before it and after it, and every point of it."""

    act: Act
    before: State
    after: State
    points: list[tuple[int, str]] = field(default_factory=list)


def seen(stage: Stage, act: Act, world: World) -> State:
    state = world.state()
    if act.name in _COUNTED:
        state["throttle"] = world.counted()
    if stage.name == "postgresql" and act.whole:
        state["events"] = world.events()
    return state


def run_whole(stage: Stage, act: Act, *, cold: bool) -> Whole:
    """Does it once; `cold`: with no connection open."""
    stage.reset()
    with struck(Counter()) as counter:
        world = stage.open()
        do = act.ready(world)
        before = seen(stage, act, world)
        if cold:
            stage.let_go(world)
        counter.armed = True
        do()
        counter.armed = False
        whole = Whole(act, before, seen(stage, act, world), stage.faults(counter))
        stage.let_go(world)
    return whole


def attempt(stage: Stage, act: Act, counter: Counter, *, cold: bool) -> BaseException | None:
    """Does it, struck; the error that it raised."""
    with struck(counter):
        world = stage.open()
        do = act.ready(world)
        seen(stage, act, world)  # as when it was counted: what is read first makes and opens files
        if cold:
            stage.let_go(world)
        counter.armed = True
        try:
            do()
        except Exception as error:  # noqa: BLE001 - what it is, is judged below
            return error
        finally:
            counter.armed = False
            stage.let_go(world)
    return None


def strike(
    stage: Stage, whole: Whole, at: int, fault: str, *, cold: bool, thorough: bool = True
) -> bool:
    """Strikes the act there, and judges what stands; False if it never came so far.

    `thorough`: also restores a backup from before. Raises AssertionError.
    """
    act, raised = whole.act, None
    stage.reset()
    counter = Counter(stage.terminate, at, fault)
    if fault.startswith("killed"):
        died = dies(lambda: attempt(stage, act, counter, cold=cold))
        came = died
    else:
        died, raised = False, attempt(stage, act, counter, cold=cold)
        came = counter.has_struck
    world = stage.open()
    found = seen(stage, act, world)
    _judge(whole, found, raised, died=died, with_events=fault not in _LEAVES_OUT)
    _require_no_secret(stage.folder, world, raised)
    _go_on(stage, whole, world, found)
    if thorough or _ids(whole.before) - _ids(whole.after):
        _require_deleted(world, whole)
    stage.let_go(world)
    return came


def _judge(
    whole: Whole, found: State, raised: BaseException | None, *, died: bool, with_events: bool
) -> None:
    """An act that was acknowledged stands; one that was not stands whole, or not at all."""
    before, after = whole.before, whole.after
    if not with_events:
        before, after, found = (
            {name: part for name, part in state.items() if name != "events"}
            for state in (before, after, found)
        )
    if died or isinstance(raised, SaveUncertain) or not whole.act.whole:
        assert found in (before, after) or not whole.act.whole, found
    elif raised is not None:
        assert found == before, (raised, found)
    if raised is None and not died:
        assert found == after or (whole.act.may_be_left and found == before), found
    if raised is not None:
        assert isinstance(raised, ApppwError), repr(raised)
        assert "othing was changed" not in str(raised) or found == before, (raised, found)


def _require_no_secret(folder: Path, world: World, raised: BaseException | None) -> None:
    secrets = [PASSWORD, NEW_PASSWORD, NUMBER]
    with suppress(AttributeError, StoreError, AssertionError):
        secrets.append(world.authenticator_secret().reveal())
    texts: list[bytes] = []
    while raised is not None:
        texts.append(f"{raised!r} {raised}".encode())
        raised = raised.__cause__ or raised.__context__
    texts += contents(folder).values()
    for secret in secrets:
        assert not any(secret.encode() in text for text in texts), "a secret"


def _go_on(stage: Stage, whole: Whole, world: World, found: State) -> None:
    """What was not done can be done, the next act works, and what is deleted stays so."""
    act = whole.act
    before, after = _accounts(whole.before), _accounts(whole.after)
    if _accounts(found) == before != after or before != _accounts(found) != after:
        try:
            act.ready(world)()
        except (Refused, AlreadySo):
            assert _accounts(found) != before, "the next try was refused"
        assert _accounts(seen(stage, act, world)) == after, "the next try"
    for name in world.engine.accounts.list_names():
        world.house.issue("Next", name)
        assert [each.name for each in world.house.now(name).app_passwords].count("Next") == 1
    world.require_whole()


def _require_deleted(world: World, whole: Whole) -> None:
    """No backup brings back what the act has deleted, or what was deleted before."""
    gone = {*world.lost, *_ids(whole.before)} - _ids(whole.after)
    with suppress(Refused):  # as where ada is called otherwise by now
        restoring = world.restoring(world.old)
        restoring.restore_key()
        restoring.merge_deleted_ids()
        restoring.account("ada")
    for name in world.engine.accounts.list_names():
        ids = {each.id for each in world.house.now(name).app_passwords}
        assert not ids & gone, "what was deleted came back"


def _ids(state: State) -> set[str]:
    accounts = _accounts(state).values()
    return {each[0] for account in accounts for each in account["app passwords"]}


def _accounts(state: State) -> State:
    return {name: part for name, part in state.items() if name in ACCOUNTS}
