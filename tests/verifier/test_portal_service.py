"""To the portal's own sign-in the verifier says "not mine", whatever it knows."""

from datetime import timedelta
from typing import Any

import pytest

from apppw_tui.domain import scopes
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer
from tests.argon import count_argon2
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, ask, wrong
from tests.verifier.harness import Desk

PORTAL = scopes.PORTAL


@pytest.mark.parametrize("fields", [{}, {"enforced_from": NOW}, {"enabled": False}])
@pytest.mark.parametrize("service", [PORTAL, PORTAL.upper()])
def test_neither_password_nor_account_makes_a_difference(
    house: House, service: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = house.issue("Laptop").secret
    house.alter(**fields)
    spent = count_argon2(monkeypatch)
    verdicts = [
        ask(house, password, account, service)
        for password in (right, wrong(right), PASSWORD, "")
        for account in (ADA, "nobody@example.org")
    ]
    assert {decision.answer for decision in verdicts} == {Answer.NOT_MINE}
    assert len(set(map(repr, verdicts))) == 1
    assert spent.verified == []


async def test_what_is_remembered_opens_it_as_little(house: House) -> None:
    issued = house.issue("Laptop")
    house.alter(enforced_from=NOW)
    desk = Desk(house)
    for service, answer in (("imap", Answer.YES), ("imap", Answer.YES), (PORTAL, Answer.NOT_MINE)):
        decision = await desk.ask(ADA, issued.secret, service, None)
        assert decision.answer is answer
    desk.close()


@pytest.mark.parametrize("scope", [(scopes.ANY_APP,), (PORTAL,), ("mail", PORTAL)])
def test_no_scope_opens_it(scope: tuple[str, ...]) -> None:
    assert not scopes.scope_allows(scope, scopes.PORTAL)


async def test_a_socket_for_other_services_says_the_same(house: House) -> None:
    house.alter(enforced_from=NOW - timedelta(days=1))
    desk = Desk(house, allowed=frozenset({IMAP}))
    decision = await desk.ask(ADA, Secret(PASSWORD), PORTAL, None)
    desk.close()
    assert decision.answer is Answer.NOT_MINE
    assert desk.book.asked == [(PORTAL, None)]
    assert desk.book.uses == []  # nobody used the old password for a service
