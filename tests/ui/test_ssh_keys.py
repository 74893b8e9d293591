"""Ssh keys on the screen: recognized at the door, set up, listed, removed, used to verify."""

from dataclasses import replace

import pytest
from textual.widgets import Input

from apppw_tui.portal.ssh_keys import SshKeys
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.dialogs.recovery_codes import RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.dialogs.ssh_keys import AddKeyDialog, KeyDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from tests.support import KEY, OTHER_KEY, PASSWORD, House, first_quick
from tests.ui.states_of_keys import (
    addable,
    asked_again,
    key_alone,
    new_with_key,
    quick,
    set_up_by_key,
    to_keys,
    unknown,
    with_keys,
)
from tests.ui.states_of_verification import optional, security
from tests.ui.walks import ACCOUNT, gated, opened


async def test_known_key_fills_in_the_account_and_the_password_is_enough() -> None:
    async with opened(with_keys()) as visit:
        await visit.settle()
        assert visit.screen.query_one("#account", Input).value == ACCOUNT
        assert 'Your key "Laptop" was recognized.' in visit.screen_text()
        assert visit.focused is visit.screen.query_one("#password", Input)
        visit.screen.query_one("#password", Input).value = PASSWORD
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


async def test_wrong_password_with_a_known_key_is_refused() -> None:
    async with opened(with_keys()) as visit:
        await visit.enter_password("not the password")
        assert visit.on(LoginScreen)
        assert "That account and password do not match." in visit.screen_text()


async def test_unknown_key_is_said_and_nothing_is_filled_in() -> None:
    async with opened(unknown()) as visit:
        await visit.settle()
        assert f"No account knows your key {KEY.fingerprint}." in visit.screen_text()
        assert visit.screen.query_one("#account", Input).value == ""
        assert visit.focused is visit.screen.query_one("#account", Input)


async def test_name_that_is_being_typed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gated(monkeypatch, SshKeys, "seen")
    async with opened(with_keys()) as visit:
        await visit.pilot.pause()
        await visit.pilot.press("b")
        gate.set()
        await visit.settle()
        assert 'Your key "Laptop" was recognized.' in visit.screen_text()
        assert visit.screen.query_one("#account", Input).value == "b"
        assert visit.focused is visit.screen.query_one("#account", Input)


@pytest.mark.slow
async def test_first_set_up_by_key_needs_no_phone() -> None:
    house = new_with_key()
    async with opened(house) as visit:
        await set_up_by_key(visit)
        assert visit.on(AddKeyDialog)
        assert KEY.fingerprint in visit.screen_text()
        await visit.press("enter")
        assert "Give it a name" in visit.screen_text()
        await visit.press(*"Laptop", "enter")
        assert visit.on(RecoveryCodesDialog)
        assert house.now(ACCOUNT).ssh_keys[0].name == "Laptop"
        visit.later()
        await visit.press("escape", "escape")
        assert visit.on(CreateDialog)  # the last step: all may be done by now


@pytest.mark.slow
async def test_back_from_the_name_leads_to_the_methods() -> None:
    async with opened(new_with_key()) as visit:
        await set_up_by_key(visit)
        await visit.press("f4")
        assert visit.on(ChooseDialog)
        assert [row.strip() for row in visit.rows()][-1] == "The ssh key of this session: Ed25519"


async def test_key_of_another_account_cannot_be_set_up() -> None:
    house = new_with_key()
    house.add("ben@example.org")
    house.give_ssh_key(name="ben@example.org")
    async with opened(house) as visit:
        await set_up_by_key(visit)
        assert visit.on(ChooseDialog)
        assert "That key belongs to another account." in visit.screen_text()


@pytest.mark.slow
async def test_key_is_added_once() -> None:
    house = addable()
    async with opened(house) as visit:
        await to_keys(visit)
        await visit.press("enter", *"Laptop", "enter")
        assert visit.on(ChooseDialog)
        (row,) = visit.rows()  # and none to add it once more
        assert row.startswith("✓ Laptop")
        await visit.press("escape")
        assert visit.on(SecurityScreen)
        assert "✓ Added. With this key" in visit.screen_text()
        assert "1 of 10" in visit.screen_text()
        assert house.now(ACCOUNT).ssh_key(KEY.fingerprint) is not None


@pytest.mark.slow
async def test_key_is_looked_at_and_removed_by_yes() -> None:
    house = with_keys()
    async with opened(house) as visit:
        await to_keys(visit)
        await visit.press("enter")
        assert visit.on(DetailsDialog)
        for text in ("Ed25519", KEY.fingerprint.removeprefix("SHA256:"), "192.0.2.7"):
            assert text in visit.screen_text()
        await visit.press("d", "n")
        assert visit.on(ChooseDialog)
        assert len(house.now(ACCOUNT).ssh_keys) == 2
        await visit.press("enter", "d", "y")
        assert len(visit.rows()) == 2  # the other one, and the first to be added again
        assert [key.name for key in house.now(ACCOUNT).ssh_keys] == ["YubiKey"]
        await visit.press("escape")
        assert "✓ Removed the key Laptop." in visit.screen_text()
        await visit.press("p")
        assert visit.on(AppPasswordsScreen)  # this session goes on


@pytest.mark.slow
async def test_keys_are_no_row_for_who_came_without_and_has_none() -> None:
    async with opened(optional()) as visit:
        await security(visit)
        assert "SSH keys" not in visit.screen_text()


@pytest.mark.parametrize("answer", first_quick("use", "different"))
async def test_verify_again_offers_the_key(answer: str) -> None:
    async with opened(quick()) as visit:
        await asked_again(visit)
        assert visit.on(KeyDialog)
        assert 'ssh has verified your key "Laptop"' in visit.screen_text()
        if answer == "use":
            await visit.press("enter")
            assert visit.on(SecurityScreen)
        else:
            await visit.press_button("different")
            assert visit.on(ChooseDialog)
            assert visit.rows()[0].endswith("Use the ssh key of this session")
            await visit.press("down", "enter")
            assert visit.on(SecurityCodeDialog)


@pytest.mark.slow
async def test_where_only_recovery_codes_are_left_the_key_is_named() -> None:
    elsewhere = replace(key_alone(), proven_key=None)
    async with opened(elsewhere) as visit:
        await visit.enter_password()
        assert "Or connect with your ssh key." in visit.sentences()


@pytest.mark.slow
async def test_row_of_keys_is_not_removed_as_a_whole() -> None:
    async with opened(with_keys()) as visit:
        await security(visit)
        await visit.press(*["down"] * 4, "d")
        assert visit.on(SecurityScreen)
        assert "Open the list, and remove the key that is meant." in visit.screen_text()


def test_account_of_another_key_is_not_filled_in() -> None:
    house: House = with_keys().by_key(OTHER_KEY)
    seen = house.portal.ssh_keys.seen()
    assert seen is not None
    assert seen.name == "YubiKey"
