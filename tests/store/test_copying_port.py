"""SAFETY 9: what every engine promises of a copy into it that is not finished."""

from apppw_tui.store.engine import Engine
from tests.store.making import add


def test_what_is_dropped_was_never_there_and_is_not_listed_as_deleted(
    engine: Engine,
) -> None:
    ada, grace = (add(engine.accounts, name, seed) for seed, name in enumerate(("ada", "grace")))
    for account in (ada, grace):
        engine.activity.record(account.uid, "signed in", account.name)
    engine.drop("ada", ada.uid)
    assert engine.accounts.list_names() == ["grace"]
    assert engine.activity.read(ada.uid) == []
    assert len(engine.activity.read(grace.uid)) == 1
    assert engine.deleted_ids.read().ids == {}
    engine.drop("ada", ada.uid)
    engine.drop("nobody", None)
    add(engine.accounts, "ada", seed=2)  # the name is free


def test_a_copy_is_unfinished_until_it_is_said(engine: Engine) -> None:
    assert not engine.has_unfinished_copy()
    engine.mark_copy(finished=False)
    assert engine.has_unfinished_copy()
    engine.mark_copy(finished=True)
    assert not engine.has_unfinished_copy()
