"""The portal before its rooms are loaded: what it answers then, and what can go wrong later."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.commands.late_portal import LatePortal
from apppw_tui.config import AccountsConfig, Config
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.engine import StoreLocation, open_engine
from apppw_tui.store.folder.location import open_store
from tests.support import FixedClock, House


@pytest.fixture
def late(tmp_path: Path) -> LatePortal:
    place, clock = StoreLocation(tmp_path / "store", tmp_path / "store" / "key"), FixedClock()
    engine, _ = open_engine(place, clock, create=True)
    return LatePortal(*(place, engine, Config(), clock), address="local", socket=tmp_path.joinpath)


def test_accounts_are_seen_as_the_portal_sees_them(late: LatePortal) -> None:
    (late.place.folder / "accounts" / "README").touch()
    (late.place.folder / "accounts" / "No Account.json").touch()
    assert not late.has_accounts()
    assert not late.load().has_accounts()
    House(store=open_store(late.place.folder)).add("ada")
    assert late.has_accounts()
    assert late.load().has_accounts()


@pytest.mark.parametrize("require_add", [True, False])
def test_accounts_kept_elsewhere_are_seen_as_the_portal_sees_them(
    late: LatePortal, *, require_add: bool
) -> None:
    late.config = replace(
        late.config, accounts=AccountsConfig(source="dovecot", require_add=require_add)
    )
    portal = late.load()
    assert late.has_accounts() is portal.has_accounts() is not require_add
    assert late.creates_accounts is portal.creates_accounts is False


def test_it_is_loaded_once_and_is_the_portal_from_then_on(late: LatePortal) -> None:
    assert late.load() is late.load()
    assert late.enrollment is late.load().enrollment
    assert late.policy is late.load().policy


def test_a_store_that_has_gone_since_is_not_made_again(late: LatePortal) -> None:
    shutil.rmtree(late.place.folder)
    with pytest.raises(StoreUnusable):
        late.has_accounts()
    with pytest.raises(StoreUnusable):
        late.sign_in("ada", "x")
    assert not late.place.folder.exists()
