"""The ssh key that was verified for a session: what it counts for, and what it does not."""

from dataclasses import replace

import pytest

from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import (
    MethodUnavailable,
    NameTaken,
    RateLimited,
    Refused,
    ReverificationRequired,
    SessionEnded,
    SignInRefused,
    StoreUnusable,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.throttle import UNKNOWN_LOCKOUT
from apppw_tui.domain.verification_options import SSH_KEY
from apppw_tui.portal import ssh_keys
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from tests.portal.throttling import fail as fail_to_sign_in
from tests.support import KEY, OTHER_KEY, PASSWORD, House

ADA, BEN = "ada@example.org", "ben@example.org"
REQUIRED = Policy()


def session_of(house: House, name: str = ADA) -> Session:
    session = house.portal.sign_in(name, PASSWORD)
    assert isinstance(session, Session)
    return session


def acts(house: House) -> list[str]:
    return [what for _, what, _, _ in house.notebook.acts]


def test_known_key_and_password_sign_in(house: House) -> None:
    house.give_authenticator()
    house.give_ssh_key()
    session = session_of(house.by_key())
    assert session.verified_at == house.clock.monotonic()
    key = house.now().ssh_keys[0]
    assert (key.last_used, key.last_address) == (house.clock.now(), house.address)
    assert house.notebook.acts[-1][1] == EventType.SIGNED_IN
    assert house.notebook.acts[-1][3]["key"] == "Laptop"


def test_password_alone_is_asked_for_a_code(house: House) -> None:
    house.give_ssh_key()
    assert isinstance(house.portal.sign_in(ADA, PASSWORD), Challenge)


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_other_key_counts_for_nothing(house: House, whose: str) -> None:
    house.give_ssh_key()
    house.add(BEN)
    if whose == "another's":
        house.give_ssh_key(OTHER_KEY, BEN)
    challenge = house.by_key(OTHER_KEY).portal.sign_in(ADA, PASSWORD)
    assert isinstance(challenge, Challenge)
    assert challenge.key is None
    with pytest.raises(MethodUnavailable, match="Connect by ssh with that key"):
        challenge.answer_with_key()


def test_key_does_not_stand_in_for_the_password(house: House) -> None:
    house.give_ssh_key()
    with pytest.raises(SignInRefused):
        house.by_key().portal.sign_in(ADA, "wrong")
    house.alter(enabled=False)
    with pytest.raises(SignInRefused):
        house.by_key().portal.sign_in(ADA, PASSWORD)


def test_key_that_was_proved_long_ago_counts_for_nothing(house: House) -> None:
    house.give_ssh_key()
    kept_open = house.by_key()
    house.clock.advance(600)
    challenge = kept_open.portal.sign_in(ADA, PASSWORD)
    assert isinstance(challenge, Challenge)
    (choice,) = [choice for choice in challenge.choices() if choice.option == SSH_KEY]
    assert choice.unavailable_reason == ssh_keys.TOO_OLD
    with pytest.raises(MethodUnavailable, match="too long ago"):
        challenge.answer_with_key()


def test_where_keys_count_for_nothing_none_is_asked_for(house: House) -> None:
    house.give_ssh_key()
    off = replace(house.by_key(), policy=Policy(ssh_keys_count=False))
    challenge = off.portal.sign_in(ADA, PASSWORD)
    assert isinstance(challenge, Challenge)  # and never the password alone
    assert challenge.preferred is None
    assert off.portal.ssh_keys.seen() is None
    (choice,) = [choice for choice in challenge.choices() if choice.option == SSH_KEY]
    assert choice.unavailable_reason == ssh_keys.SWITCHED_OFF


def test_key_is_recognized_before_a_name_is_typed(house: House) -> None:
    assert house.portal.ssh_keys.seen() is None
    unknown = house.by_key().portal.ssh_keys.seen()
    assert str(unknown) == f"No account knows your key {KEY.fingerprint}."
    house.give_ssh_key()
    seen = house.by_key().portal.ssh_keys.seen()
    assert seen is not None
    assert seen.account_name == ADA
    assert str(seen) == 'Your key "Laptop" was recognized.'


def test_removed_key_is_recognized_no_more_whatever_the_index_says(house: House) -> None:
    house.give_ssh_key()
    house.alter(ssh_keys=())
    seen = house.by_key().portal.ssh_keys.seen()
    assert seen is not None
    assert seen.account_name is None


# --- adding and removing -----------------------------------------------------------------------


def test_key_of_this_session_is_added(house: House) -> None:
    by_key = house.by_key()
    session = by_key.portal.ssh_keys.add(house.session(), " Laptop ")
    key = house.now().ssh_key(KEY.fingerprint)
    assert key is not None
    assert (key.name, key.type, key.last_used) == ("Laptop", KEY.type, None)
    assert by_key.portal.is_fresh(session)
    assert acts(house)[-1] == EventType.KEY_ADDED
    with pytest.raises(MethodUnavailable, match="there already"):
        by_key.portal.ssh_keys.add(session, "Twice")
    assert isinstance(house.portal.sign_in(ADA, PASSWORD), Challenge)
    session_of(house.by_key())


def test_adding_needs_a_fresh_verification(house: House) -> None:
    house.give_authenticator()
    session = house.session()
    house.clock.advance(600)
    with pytest.raises(ReverificationRequired):
        house.by_key().portal.ssh_keys.add(session, "Laptop")


def test_without_a_key_there_is_none_to_add(house: House) -> None:
    with pytest.raises(MethodUnavailable, match="Connect by ssh"):
        house.portal.ssh_keys.add(house.session(), "Laptop")


def test_key_belongs_to_one_account(house: House) -> None:
    house.add(BEN)
    house.give_ssh_key()
    with pytest.raises(MethodUnavailable, match="belongs to another account"):
        house.by_key().portal.ssh_keys.add(house.session(BEN), "Mine")


def test_name_is_taken_once(house: House) -> None:
    house.give_ssh_key()
    with pytest.raises(NameTaken):
        house.by_key(OTHER_KEY).portal.ssh_keys.add(house.session(), "laptop")


def test_removing_ends_the_session_that_the_key_has_opened(house: House) -> None:
    house.give_authenticator()
    house.give_ssh_key()
    by_key = house.by_key()
    opened = session_of(by_key)
    mine = house.portal.ssh_keys.remove(house.session(), KEY.fingerprint)
    with pytest.raises(SessionEnded):
        by_key.portal.account(opened)
    assert house.portal.account(mine).ssh_keys == ()
    assert acts(house)[-1] == EventType.KEY_REMOVED
    assert isinstance(house.by_key().portal.sign_in(ADA, PASSWORD), Challenge)
    house.add(BEN)
    house.by_key().portal.ssh_keys.add(house.session(BEN), "Mine now")


def test_last_method_stays_where_one_is_needed(house: House) -> None:
    house.give_ssh_key()
    strict = replace(house, policy=REQUIRED)
    with pytest.raises(Refused, match="Your account needs one method"):
        strict.portal.ssh_keys.remove(house.session(), KEY.fingerprint)
    house.give_authenticator()
    strict.portal.ssh_keys.remove(house.session(), KEY.fingerprint)


def test_removing_needs_a_fresh_verification(house: House) -> None:
    house.give_ssh_key()
    session = house.session()
    house.clock.advance(600)
    with pytest.raises(ReverificationRequired):
        house.portal.ssh_keys.remove(session, KEY.fingerprint)


def test_key_that_is_removed_during_a_sign_in_opens_nothing(house: House) -> None:
    house.give_ssh_key()
    house.give_authenticator()
    by_key = house.by_key()
    challenge = Challenge(by_key.means, house.now())
    assert challenge.key is not None
    house.alter(ssh_keys=())
    with pytest.raises(MethodUnavailable):
        challenge.answer_with_key()


# --- verifying again, the first time, an administrator's acts ----------------------------------


def test_verify_again_takes_a_key_that_was_proved_lately(house: House) -> None:
    quick = replace(house, policy=Policy(second_factor_required=False, verify_again_after=60.0))
    quick.give_ssh_key()
    by_key = quick.by_key()
    session = session_of(by_key)
    house.clock.advance(120)
    challenge = by_key.portal.verify_again(session)
    assert challenge.preferred == SSH_KEY
    again = challenge.answer_with_key()
    assert by_key.portal.is_fresh(again)
    house.clock.advance(480)
    challenge = by_key.portal.verify_again(again)
    assert challenge.preferred is None
    with pytest.raises(MethodUnavailable, match="too long ago"):
        challenge.answer_with_key()


def test_first_set_up_by_key(house: House) -> None:
    strict = replace(house, policy=REQUIRED).by_key()
    session = session_of(strict)
    assert session.restriction == "none yet"
    session = strict.portal.ssh_keys.add(session, "Laptop")
    assert len(strict.portal.enrollment.new_recovery_codes(session)) == 10
    session = strict.portal.enrollment.finish(session)
    assert session.restriction is None
    strict.portal.create_app_password(session, "Phone")


def test_set_up_does_not_outrun_a_method_that_is_there_by_now(house: House) -> None:
    strict = replace(house, policy=REQUIRED).by_key()
    session = session_of(strict)
    house.give_authenticator()
    with pytest.raises(SessionEnded, match="set up elsewhere"):
        strict.portal.ssh_keys.add(session, "Laptop")


def test_bypass_may_add_the_key_of_this_session(house: House) -> None:
    house.give_authenticator()
    house.operator.bypass(ADA, 5)
    by_key = house.by_key()
    challenge = by_key.portal.sign_in(ADA, PASSWORD)
    assert isinstance(challenge, Challenge)
    session = by_key.portal.ssh_keys.add(challenge.use_bypass(), "Laptop")
    assert by_key.portal.enrollment.finish(session).restriction is None


def test_required_verification_is_met_by_a_key(house: House) -> None:
    house.give_ssh_key()
    house.operator.require_verification(ADA)
    assert session_of(house.by_key()).restriction is None


def test_renamed_account_keeps_its_keys(house: House) -> None:
    house.give_ssh_key()
    house.operator.rename(ADA, BEN)
    seen = house.by_key().portal.ssh_keys.seen()
    assert seen is not None
    assert seen.account_name == BEN
    session_of(house.by_key(), BEN)


def test_administrator_removes_a_key(house: House) -> None:
    house.give_ssh_key()
    by_key = house.by_key()
    session = session_of(by_key)
    account, key = house.operator.remove_key(ADA, "Laptop")
    assert (account.ssh_keys, key.fingerprint) == ((), KEY.fingerprint)
    with pytest.raises(SessionEnded):
        by_key.portal.account(session)
    assert house.notebook.acts[-1][1:3] == (EventType.KEY_REMOVED, "operator")


# --- counting ----------------------------------------------------------------------------------


def test_wrong_password_with_a_known_key_is_counted_by_itself(house: House) -> None:
    house.give_ssh_key()
    session_of(house.by_key())
    stranger = house.elsewhere("203.0.113.9")
    fail_to_sign_in(stranger, UNKNOWN_LOCKOUT)
    with pytest.raises(RateLimited):
        stranger.portal.sign_in(ADA, PASSWORD)
    travelling = replace(stranger, seed=9).by_key()
    with pytest.raises(SignInRefused):
        travelling.portal.sign_in(ADA, "wrong")
    session_of(travelling)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            travelling.portal.sign_in(ADA, "wrong")
    with pytest.raises(RateLimited, match="Wait 5 s"):
        travelling.portal.sign_in(ADA, PASSWORD)


def test_key_of_another_account_is_a_stranger_there(house: House) -> None:
    house.add(BEN)
    house.give_ssh_key()
    session_of(house.by_key())
    stranger = house.elsewhere("203.0.113.9")
    fail_to_sign_in(stranger, UNKNOWN_LOCKOUT, BEN)
    with pytest.raises(RateLimited):
        replace(stranger, seed=9).by_key().portal.sign_in(BEN, PASSWORD)


def test_key_is_not_counted_among_the_trusted_addresses(house: House) -> None:
    house.give_ssh_key()
    session = session_of(house.by_key())
    assert house.portal.trusted_addresses(session).count == 1


def test_store_that_cannot_be_written_keeps_nobody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give_ssh_key()
    by_key = house.by_key()

    def fail(*_: object) -> None:
        raise StoreUnusable("The disk is full.")

    monkeypatch.setattr("apppw_tui.store.documents.save", fail)
    session_of(by_key)
    assert "use of a key not kept" in [event for event, _ in house.notebook.errors]
