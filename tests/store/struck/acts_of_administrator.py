"""Every act of an administrator that changes something, ready to be struck."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from apppw_tui.domain.app_password import AppPasswordEdit
from apppw_tui.domain.errors import AlreadySo, ApppwError, NotFound, SaveUncertain
from apppw_tui.domain.hashing import ACCOUNT_PROFILE, CostLimits
from apppw_tui.portal import passwd_import
from apppw_tui.portal.password_check import settle_profiles
from apppw_tui.store.key_rotation import Rotation, drop_old_keys, rotate
from tests.store.struck.act import Act, Do
from tests.store.struck.world import NEW_PASSWORD, World
from tests.support import OTHER_KEY

_HASH = f"$argon2id$v=19${ACCOUNT_PROFILE}$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43


def accounts() -> Iterator[Act]:
    """Those of Admin."""

    def simple(name: str, *words: object, whole: bool = True) -> Act:
        def ready(world: World) -> Do:
            return lambda: getattr(world.house.operator, name)(*words)

        return Act(f"Admin.{name}", ready, whole)

    def after(before: str, then: str) -> Act:
        def ready(world: World) -> Do:
            with suppress(AlreadySo):
                getattr(world.house.operator, before)("ada")
            return lambda: getattr(world.house.operator, then)("ada")

        return Act(f"Admin.{then}", ready)

    def unlock(world: World) -> Do:
        for _ in range(2):
            world.house.means.throttle.record_attempt("ada", "second")
        return lambda: world.house.operator.unlock("ada")

    def tell_of_expiry(world: World) -> Do:
        return lambda: list(world.house.operator.tell_of_expiry(lambda _name, error: _fail(error)))

    yield simple("remove_account", "ada")
    yield simple("rename", "ada", "zoe", whole=False)
    yield simple("disable", "ada")
    yield after("disable", "enable")
    yield simple("remove_key", "ada", OTHER_KEY.fingerprint)
    yield simple("require_verification", "ada")
    yield simple("enforce", "ada")
    yield after("enforce", "stop_enforcing")
    yield simple("bypass", "ada", 60)
    yield Act("Admin.unlock", unlock)
    yield simple("set_password", "ada", NEW_PASSWORD)
    yield simple("create_app_password", "ada", "Pad")
    yield simple("edit_app_password", "ada", "Phone", AppPasswordEdit("Handset"))
    yield simple("pause_app_password", "ada", "Phone")
    yield simple("resume_app_password", "ada", "Tablet")
    yield simple("delete_app_password", "ada", "Phone")
    yield simple("delete_app_passwords", "ada")
    yield Act("Admin.tell_of_expiry", tell_of_expiry)
    yield simple("purge_expired", "ada")


def store() -> Iterator[Act]:
    """What is done to the store as a whole."""

    def imported(world: World) -> Do:
        (line,) = passwd_import.lines(f"zoe:{{ARGON2ID}}{_HASH}", CostLimits(), None)
        return lambda: passwd_import.create_imported(world.house.means, line, "operator")

    def settled(world: World) -> Do:
        since = world.clock.now() + timedelta(seconds=1)
        return lambda: settle_profiles(world.house.means, since)

    def rotated(world: World) -> Do:
        return lambda: _whole(rotate(world.engine.keyring, world.engine.accounts))

    def finished(world: World) -> Do:
        rotated(world)()
        return lambda: drop_old_keys(world.engine.keyring, world.engine.accounts)

    def restored(world: World) -> Do:
        with suppress(NotFound):
            world.house.operator.delete_app_password("ada", "Tablet")
        world.house.alter("ada", appearance="nord")

        def restore() -> None:
            restoring = world.restoring(world.old)
            restoring.restore_key()
            restoring.merge_deleted_ids()
            restoring.account("ada")

        return restore

    yield Act("create_imported", imported)
    yield Act("settle_profiles", settled)
    yield Act("rotate", rotated, whole=False)
    yield Act("drop_old_keys", finished)
    yield Act("Restore.account", restored)


def _whole(rotation: Rotation) -> None:
    """An error that says nothing of the others, as that of a single account does."""
    if rotation.failures:
        raise SaveUncertain("Some were not sealed anew.")


def _fail(error: ApppwError) -> None:
    raise error
