"""Every act of a person that changes something, ready to be struck."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from apppw_tui.domain.app_password import AppPasswordEdit
from apppw_tui.domain.errors import NotFound
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT, VerificationOption
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from tests.store.struck.act import Act, Do, Ready
from tests.store.struck.world import NEW_PASSWORD, NUMBER, World
from tests.support import KEY, OTHER_KEY, PASSWORD


def people() -> Iterator[Act]:
    """Those of Portal."""

    def first(world: World) -> Do:
        for name in ("ada", "ben"):
            with suppress(NotFound):
                world.house.operator.remove_account(name)
        return lambda: world.house.portal.create_first_account("cleo", NEW_PASSWORD)

    def by_session(name: str, do: Callable[[World, Portal], Callable[..., object]]) -> Act:
        def ready(world: World) -> Do:
            session, call = world.house.session("ada"), do(world, world.house.portal)
            return lambda: call(session)

        return Act(f"Portal.{name}", ready, may_be_left=name == "after_sign_in")

    def phone(call: Callable[..., object], *rest: object, of: str = "Phone") -> Callable[..., Do]:
        def do(world: World, _: Portal) -> Callable[..., object]:
            (id_,) = world.ids_of(of)
            return lambda session: call(world.house.portal, session, id_, *rest)

        return do

    def all_of_them(world: World, portal: Portal) -> Callable[..., object]:
        ids = world.ids_of("Phone", "Tablet")
        return lambda session: portal.delete_app_passwords(session, ids)

    def change_password(_: World, portal: Portal) -> Callable[..., object]:
        return lambda session: portal.change_password(
            session, PASSWORD, NEW_PASSWORD, delete_app_passwords=True
        )

    yield Act("Portal.create_first_account", first)
    yield Act(
        "Portal.add_account", lambda world: lambda: world.house.portal.add_account("cleo", PASSWORD)
    )
    yield Act("Portal.sign_in", lambda world: lambda: world.house.portal.sign_in("ben", PASSWORD))
    yield by_session("after_sign_in", lambda _, portal: portal.after_sign_in)
    yield by_session(
        "create_app_password",
        lambda _, portal: lambda session: portal.create_app_password(session, "Pad"),
    )
    yield by_session("delete_app_password", phone(Portal.delete_app_password))
    yield by_session("delete_app_passwords", all_of_them)
    yield by_session(
        "edit_app_password",
        phone(Portal.edit_app_password, AppPasswordEdit(networks=("10.0.0.0/8",))),
    )
    yield by_session("rename_app_password", phone(Portal.rename_app_password, "Handset"))
    yield by_session("pause_app_password", phone(Portal.pause_app_password))
    yield by_session("resume_app_password", phone(Portal.resume_app_password, of="Tablet"))
    yield by_session(
        "set_appearance", lambda _, portal: lambda session: portal.set_appearance(session, "nord")
    )
    yield by_session("forget_trusted_addresses", lambda _, portal: portal.forget_trusted_addresses)
    yield by_session("sign_out_elsewhere", lambda _, portal: portal.sign_out_elsewhere)
    yield by_session("change_password", change_password)


def methods() -> Iterator[Act]:
    """Those of Enrollment, its two set-ups, and SshKeys."""

    def of_session(name: str, *rest: object) -> Act:
        def ready(world: World) -> Do:
            session, call = world.house.session("ada"), getattr(world.house.portal.enrollment, name)
            return lambda: call(session, *rest)

        return Act(f"Enrollment.{name}", ready)

    def finish(world: World) -> Do:
        session = world.house.session("ada")
        limited = replace(session, restriction="none yet")
        return lambda: world.house.portal.enrollment.finish(limited)

    def set_up_app(world: World) -> Do:
        session = world.house.session("ben")
        enrollment = world.house.portal.enrollment.begin_authenticator(session)
        code = world.house.app_code(enrollment.secret)
        return lambda: enrollment.confirm(session, code)

    def send(world: World) -> Do:
        session = world.house.session("ben")
        enrollment = world.house.portal.enrollment.begin_phone(session, "authentication", NUMBER)
        return lambda: enrollment.send(session, "text")

    def set_up_phone(world: World) -> Do:
        session = world.house.session("ben")
        enrollment = world.house.portal.enrollment.begin_phone(session, "authentication", NUMBER)
        enrollment.send(session, "text")
        return lambda: enrollment.confirm(session, world.house.outbox.code)

    def add_key(world: World) -> Do:
        session = world.with_key(KEY).house.session("ben")
        return lambda: world.house.portal.ssh_keys.add(session, "Laptop")

    def remove_key(world: World) -> Do:
        session = world.house.session("ada")
        return lambda: world.house.portal.ssh_keys.remove(session, OTHER_KEY.fingerprint)

    yield of_session("remove_authenticator")
    yield of_session("remove_phone", "authentication")
    yield of_session("set_preferred", TEXT.id)
    yield of_session("new_recovery_codes")
    yield Act("Enrollment.finish", finish)
    yield Act("AuthenticatorEnrollment.confirm", set_up_app)
    yield Act("PhoneEnrollment.send", send)
    yield Act("PhoneEnrollment.confirm", set_up_phone)
    yield Act("SshKeys.add", add_key)
    yield Act("SshKeys.remove", remove_key)


def second_questions() -> Iterator[Act]:
    """Those of Challenge."""

    def sent(world: World) -> Do:
        challenge = world.house.challenge("ada")
        return lambda: challenge.send(TEXT)

    def answered(option: VerificationOption, code: Callable[[World], str]) -> Ready:
        def ready(world: World) -> Do:
            text = code(world) if option != TEXT else ""
            challenge = world.house.challenge("ada")
            if option == TEXT:
                challenge.send(TEXT)
                text = world.house.outbox.code
            return lambda: challenge.answer(option, text)

        return ready

    def by_password(world: World) -> Do:
        challenge = world.house.portal.verify_again(world.house.session("ben"))
        return lambda: challenge.answer_with_password(PASSWORD)

    def by_key(world: World) -> Do:
        challenge = world.house.challenge("ada")
        world.with_key(OTHER_KEY)
        challenge = Challenge(world.house.means, world.house.now("ada"))
        return challenge.answer_with_key

    def by_bypass(world: World) -> Do:
        world.house.operator.bypass("ada", 60)
        return world.house.challenge("ada").use_bypass

    yield Act("Challenge.send", sent)
    app = answered(APP, lambda world: world.house.app_code(world.authenticator_secret()))
    yield Act("Challenge.answer app", app)
    yield Act("Challenge.answer recovery", answered(RECOVERY, _recovery_code))
    yield Act("Challenge.answer sent", answered(TEXT, lambda _: ""))
    yield Act("Challenge.answer_with_password", by_password)
    # Whoever's key is right is in, also where it cannot be written down when it was used.
    yield Act("Challenge.answer_with_key", by_key, may_be_left=True)
    yield Act("Challenge.use_bypass", by_bypass)


def _recovery_code(world: World) -> str:
    return world.house.give_recovery_codes("ada")[0].reveal()
