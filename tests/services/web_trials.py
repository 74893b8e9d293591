"""What every web server is tried with that signs people in before an application."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, trial
from tests.services.web import Door, basic
from tests.support import first_quick

BOOKS = "ada@xn--bcher-kva.example"
LARGE = 300_000  # bytes; more than apppw-tui would take
# What a client sends of itself; the recipes must not let it count.
_CLAIMS = {
    "X-Apppw-Service": "imap",
    "X-Real-IP": "198.51.100.1",
    "Remote-User": ENFORCED,
    "Remote_User": ENFORCED,  # to CGI and WSGI the same
}
_NO_CREDENTIALS = {
    "none": None,
    "nothing": "Basic",
    "no Base64": "Basic !",
    "other": "Bearer 7kfm2xqd9h3vtw5nc8rw",
    "empty": basic("", ""),
    "no colon": "Basic " + "YWRh" * 300,
    "no UTF-8": "Basic /zr/",
    "newline": basic("ada\n", "x"),
    "zero": basic("ada\0", "x"),
    "long": basic("ada", "x" * 9000),
}


class SignsIn:
    """The tests; a class with this base, beside a fixture `door`, runs them."""

    down = 503  # the status while there is no apppw-tui
    retry_after = "1"  # seconds, upon "not now"

    @pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
    @pytest.mark.parametrize("name", TRIALS)
    def test_only_the_right_one_gets_in(self, door: Door, name: str, account: str) -> None:
        tried = trial(name, door.daemon.house, account, "web", "mail")
        reply = door.site.ask(tried.account, tried.password)
        assert reply.status == (200 if tried.gets_in else 401)
        if tried.gets_in:
            assert reply.user == account

    @pytest.mark.parametrize("account", ALL_SIGNS)
    def test_every_name_that_an_account_can_have_gets_in(self, door: Door, account: str) -> None:
        door.daemon.house.add(account)
        assert door.site.ask(account, door.issue(account)).user == account

    @pytest.mark.parametrize(
        "sent", ["Ada@Example.org", "ada%40example.org", "ada@b\u00fccher.example"]
    )
    def test_a_name_is_read_as_programs_send_it(self, door: Door, sent: str) -> None:
        door.daemon.house.add(BOOKS)
        account = BOOKS if "cher" in sent else OPEN
        assert door.site.ask(sent, door.issue(account)).user == account

    @pytest.mark.parametrize("kind", _NO_CREDENTIALS)
    def test_who_brings_no_password_is_asked_for_one(self, door: Door, kind: str) -> None:
        with door.site.client() as client:
            reply = client.ask(_NO_CREDENTIALS[kind])
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith('Basic realm="App passwords"')

    def test_a_client_announces_nobody_and_chooses_no_service(self, door: Door) -> None:
        web, mail = door.issue(OPEN), door.issue(OPEN, "mail")
        with door.site.client() as client:
            assert client.ask(basic(OPEN, web), headers=_CLAIMS).user == OPEN
            assert client.ask(basic(OPEN, mail), headers=_CLAIMS).status == 401
            assert client.ask(headers=_CLAIMS).status == 401
        assert door.daemon.book.asked == [("http", "127.0.0.1")] * 2

    @pytest.mark.parametrize("path", ["/metrics", "/verify", "/apppw-verify", "//metrics"])
    def test_the_daemons_figures_are_not_passed_on(self, door: Door, path: str) -> None:
        secret = door.issue(OPEN)
        with door.site.client() as client:
            for credentials in (None, basic(OPEN, secret)):
                assert b"apppw_tui_" not in client.ask(credentials, path=path).body

    def test_the_application_is_told_once_and_sees_no_password(self, door: Door) -> None:
        secret = door.issue(OPEN)
        with door.site.client() as client:
            told = client.ask(basic(OPEN, secret), headers=_CLAIMS).told
        assert told == {
            "remote-user": [OPEN],
            "remote_user": [],
            "authorization": [],
            "size": ["0"],
        }

    def test_a_location_can_be_another_service(self, door: Door) -> None:
        web, files = door.issue(OPEN), door.issue(OPEN, "files")
        with door.site.client() as client:
            assert client.ask(basic(OPEN, files), path="/files/").user == OPEN
            assert client.ask(basic(OPEN, web), path="/files/").status == 401
            assert client.ask(basic(OPEN, files)).status == 401

    def test_the_application_is_told_the_accounts_own_name(self, door: Door) -> None:
        secret = door.issue(OPEN)
        assert door.site.ask("ada", secret).status == 401
        door.daemon.stop()
        door.daemon.house.default_domain = "example.org"
        door.daemon.start()
        assert door.site.ask("ada", secret).user == OPEN

    def test_while_apppw_tui_is_down_nobody_gets_in_and_nobody_is_refused(self, door: Door) -> None:
        secrets = [door.issue(ENFORCED), "wrong"]
        for first, second in ((200, 401), (self.down, self.down), (200, 401)):
            if first == self.down:
                door.daemon.stop()
            asked = [door.site.ask(ENFORCED, secret).status for secret in secrets]
            assert asked == [first, second]
            if first == self.down:
                door.daemon.start()

    def test_not_now_is_not_a_refusal(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        secret = door.issue(OPEN)

        def broken(_: str) -> Account:
            raise StoreError("The store cannot be read.")

        with monkeypatch.context() as patch:
            patch.setattr(door.daemon.house.store, "get", broken)
            reply = door.site.ask(OPEN, secret)
        assert (reply.status, reply.headers["Retry-After"]) == (503, self.retry_after)
        assert door.site.ask(OPEN, secret).user == OPEN

    def test_a_restart_of_apppw_tui_is_not_noticed(self, door: Door) -> None:
        secret = door.issue(OPEN)
        with door.site.client() as client:
            for _ in range(3):
                assert client.ask(basic(OPEN, secret)).user == OPEN
                door.daemon.stop()
                door.daemon.start()

    def test_every_request_of_a_connection_is_judged_by_itself(self, door: Door) -> None:
        ada, grace = basic(OPEN, door.issue(OPEN)), basic(ENFORCED, door.issue(ENFORCED))
        with door.site.client() as client:
            for _ in range(3):
                assert client.ask(ada).user == OPEN
                assert client.ask().status == 401
                assert client.ask(grace).user == ENFORCED
                assert client.ask(basic(OPEN, "wrong")).status == 401
                assert client.kept
            door.daemon.house.operator.delete_app_password(OPEN, "web")
            assert client.ask(ada).status == 401
            assert client.ask(grace).user == ENFORCED

    @pytest.mark.parametrize("method", ["PUT", "GET"])
    def test_what_is_sent_arrives_whole_and_unasked_is_thrown_away(
        self, door: Door, method: str
    ) -> None:
        body = b"x" * LARGE
        with door.site.client() as client:
            reply = client.ask(basic(OPEN, door.issue(OPEN)), method, body=body)
            assert reply.told["size"] == [str(LARGE)]
            assert client.ask(basic(OPEN, "wrong"), method, body=body).status == 401

    def test_a_cookie_may_be_longer_than_apppw_tui_takes(self, door: Door) -> None:
        secret = door.issue(OPEN)
        with door.site.client() as client:
            reply = client.ask(basic(OPEN, secret), headers={"Cookie": "a" * 40_000})
        assert reply.user == OPEN

    def test_several_at_once_are_each_themselves(self, door: Door) -> None:
        people = [(name, door.issue(name)) for name in (OPEN, ENFORCED)]
        people += [(OPEN, people[1][1]), (ENFORCED, people[0][1])]

        def somebody(number: int) -> None:
            name, secret = people[number % len(people)]
            with door.site.client() as client:
                for _ in range(5):
                    reply = client.ask(basic(name, secret))
                    assert (reply.status == 200) == (number % len(people) < 2)
                    assert reply.status == 401 or reply.user == name

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(somebody, range(16)))

    def test_what_goes_wrong_in_the_application_stays_its_own(self, door: Door) -> None:
        with door.site.client() as client:
            reply = client.ask(basic(OPEN, door.issue(OPEN)), path="/broken")
        assert (reply.status, reply.headers["Retry-After"]) == (500, None)

    def test_no_password_is_in_the_log(self, door: Door) -> None:
        secret = door.issue(OPEN)
        door.site.ask(OPEN, secret)
        door.site.ask(ENFORCED, secret)
        door.daemon.stop()
        door.site.ask(OPEN, secret)
        log = door.site.log.read_text()
        assert log
        assert secret not in log
        assert basic(OPEN, secret).split()[1] not in log
