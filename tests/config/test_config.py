"""The configuration file: what is right is taken, what is wrong is named."""

import os
import socket
from pathlib import Path

import pytest

from apppw_tui import config as configuration
from apppw_tui.config import Config, DeliveryConfig, choose, load, present, store_folder
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.policy import Policy
from tests.store.other_uid import OTHER, only_root, said_as


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_an_empty_file_means_the_defaults(file: Path) -> None:
    file.write_text("# nothing\n")
    assert load(file) == Config() == Config(socket.gethostname(), None, None, Policy(40))


def test_every_key_is_taken(file: Path) -> None:
    file.write_text(
        'host_name = "mail.example.org \u2014 B\u00fcro"\n'
        'default_domain = "example.org"\n'
        'store = "/srv/app passwords"\n'
        'phone_region = "DE"\n'
        'key_file = "/etc/apppw-tui/key"\n'
        "[policy]\n"
        "app_passwords_per_account = 7\n"
        'second_factor = "optional"\n'
        "[delivery]\n"
        'command = ["/usr/local/lib/apppw-tui/send", "{kind}", "{number}", "{}", "a{b}c"]\n'
        'kinds = ["call", "text"]\n'
        "timeout = 2.5\n",
        encoding="utf-8",
    )
    assert load(file) == Config(
        host_name="mail.example.org \u2014 B\u00fcro",
        default_domain="example.org",
        store=Path("/srv/app passwords"),
        policy=Policy(app_passwords_per_account=7, second_factor_required=False),
        phone_region="DE",
        key_file=Path("/etc/apppw-tui/key"),
        delivery=DeliveryConfig(
            ("/usr/local/lib/apppw-tui/send", "{kind}", "{number}", "{}", "a{b}c"),
            frozenset({"text", "call"}),
            2.5,
        ),
    )


DELIVERY = '[delivery]\ncommand = ["/bin/send"]\nkinds = ["text"]\n'


def test_a_delivery_takes_twenty_seconds_at_most_unless_told(file: Path) -> None:
    file.write_text(DELIVERY)
    assert load(file).delivery == DeliveryConfig(("/bin/send",), frozenset({"text"}), 20)


@pytest.mark.parametrize("content", ["[delivery]", 'phone_region = "GB"', ""])
def test_without_a_command_there_is_no_delivery(file: Path, content: str) -> None:
    file.write_text(content)
    assert load(file).delivery is None


@pytest.mark.parametrize(("word", "required"), [("required", True), ("optional", False)])
def test_a_second_factor_is_required_or_optional(file: Path, word: str, required: bool) -> None:
    file.write_text(f'[policy]\nsecond_factor = "{word}"')
    assert load(file).policy == Policy(second_factor_required=required)
    assert Config().policy.second_factor_required


COUNT = "app_passwords_per_account"
TEXT = "must be a line of text"
LIST = "must be a list of texts, and not an empty one"
ABSOLUTE = "must begin with the absolute path of a program"
DELIVERY_METHODS = 'must be some of "text", "call" and "notify", each once at most'
SECONDS = "must be from 1 to 120 seconds"
FACTOR = 'must be "required" or "optional"'
REGION = 'must be a country of ISO 3166 in two capitals, such as "DE"'
DOMAIN = 'must be a lower-case domain such as "example.org"'


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        ('host_name = ""', "host_name", TEXT),
        ("host_name = 5", "host_name", TEXT),
        ('host_name = "a\\nb"', "host_name", TEXT),
        ('host_name = "\\u001b[31m"', "host_name", TEXT),
        (f'host_name = "{"x" * 254}"', "host_name", "must be at most 253 characters long"),
        ('default_domain = ""', "default_domain", TEXT),
        (
            'default_domain = "Example.org"',
            "default_domain",
            'must be written as "example.org"',
        ),
        ('default_domain = "exa mple.org"', "default_domain", DOMAIN),
        ('default_domain = "@example.org"', "default_domain", DOMAIN),
        (
            'default_domain = "b\u00fccher.example"',
            "default_domain",
            'must be written as "xn--bcher-kva.example"',
        ),
        ("default_domain = true", "default_domain", TEXT),
        ('store = "relative"', "store", "must be an absolute path"),
        ('store = "~/store"', "store", "must be an absolute path"),
        ('store = ""', "store", TEXT),
        ('store = "/a\\u0000b"', "store", TEXT),
        ("store = ['/a']", "store", TEXT),
        ('key_file = "key"', "key_file", "must be an absolute path"),
        *(
            (f"phone_region = {value}", "phone_region", REGION)
            for value in ('"de"', '"XX"', '"49"')
        ),
        ('phone_region = ""', "phone_region", TEXT),
        ("phone_region = 49", "phone_region", TEXT),
        *(
            (f"[policy]\nsecond_factor = {value}", "policy.second_factor", FACTOR)
            for value in ("true", '"Required"', '""', "['required']")
        ),
        ("delivery = 'sms'", "delivery", "must be a table"),
        *(
            (f"[delivery]\ncommand = {value}", "delivery.command", reason)
            for value, reason in (
                ('"/bin/send {number}"', LIST),
                ("[]", LIST),
                ('["/bin/send", 5]', f"each element {TEXT}"),
                ('["/bin/send", ""]', f"each element {TEXT}"),
                ('["/bin/send", "a\\u0000"]', f"each element {TEXT}"),
                ('["send", "{number}"]', ABSOLUTE),
                ('["{number}"]', ABSOLUTE),
                (
                    '["/bin/send", "to={number}"]',
                    '"{number}" must be an element by itself, not in "to={number}"',
                ),
                (
                    '["/bin/send", "{kind}{kind}"]',
                    '"{kind}" must be an element by itself, not in "{kind}{kind}"',
                ),
                (
                    '["/bin/send", "{code}"]',
                    'there is no "{code}" here, only "{kind}", "{number}" and "{extension}"',
                ),
            )
        ),
        *(
            (f"[delivery]\nkinds = {value}", "delivery.kinds", reason)
            for value, reason in (
                ('"text"', LIST),
                ("[]", LIST),
                ("[1]", f"each element {TEXT}"),
                ('["sms"]', DELIVERY_METHODS),
                ('["text", "call", "text"]', DELIVERY_METHODS),
            )
        ),
        *(
            (f"[delivery]\ntimeout = {value}", "delivery.timeout", reason)
            for value, reason in (
                ("0", SECONDS),
                ("0.9", SECONDS),
                ("120.5", SECONDS),
                ("inf", SECONDS),
                ("nan", SECONDS),
                ("true", "must be a number of seconds"),
                ('"20"', "must be a number of seconds"),
            )
        ),
        ('[delivery]\ncommand = ["/x"]', "delivery.kinds", 'is missing beside "command"'),
        ('[delivery]\nkinds = ["text"]', "delivery.command", 'is missing beside "kinds"'),
        ("[delivery]\ntimeout = 5", "delivery.command", 'is missing beside "timeout"'),
        ("policy = 5", "policy", "must be a table"),
        ("policy = [1]", "policy", "must be a table"),
        *(
            (f"[policy]\n{COUNT} = {value}", f"policy.{COUNT}", reason)
            for value, reason in (
                ("0", "must be from 1 to 1000"),
                ("-1", "must be from 1 to 1000"),
                ("1001", "must be from 1 to 1000"),
                ("true", "must be a whole number"),
                ("40.0", "must be a whole number"),
                ('"40"', "must be a whole number"),
            )
        ),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_reason(
    file: Path, content: str, key: str, reason: str
) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value) == f"{file}: {key}: {reason}."


@pytest.mark.parametrize("value", [1, 1000])
def test_the_bounds_themselves_are_allowed(file: Path, value: int) -> None:
    file.write_text(f"[policy]\napp_passwords_per_account = {value}")
    assert load(file).policy.app_passwords_per_account == value


@pytest.mark.parametrize("seconds", [1, 120])
def test_the_bounds_of_a_time_out_are_allowed(file: Path, seconds: int) -> None:
    file.write_text(f"{DELIVERY}timeout = {seconds}")
    delivery = load(file).delivery
    assert delivery is not None
    assert delivery.timeout == seconds


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hostname = 'x'", "hostname: there is no such key. Did you mean host_name?"),
        ("HOST_NAME = 'x'", "HOST_NAME: there is no such key."),
        ("zzz = 1", "zzz: there is no such key."),
        ("[policies]", "policies: there is no such key. Did you mean policy?"),
        (
            "[policy]\napp_passwords_per_acount = 1",
            "policy.app_passwords_per_acount: there is no such key. "
            "Did you mean policy.app_passwords_per_account?",
        ),
        ("[policy]\nstore = '/x'", "policy.store: there is no such key."),
        (
            "[delivery]\ncomand = ['/x']",
            "delivery.comand: there is no such key. Did you mean delivery.command?",
        ),
        (
            "[serve]\nremeber = 1",
            "serve.remeber: there is no such key. Did you mean serve.remember?",
        ),
        (
            "[[serve.socket]]\nservice = 1",
            "serve.socket[1].service: there is no such key. Did you mean serve.socket[1].services?",
        ),
        ("phone_regoin = 'DE'", "phone_regoin: there is no such key. Did you mean phone_region?"),
        ('"\\u001b[31m" = 1', "(hidden): there is no such key."),
        ('"engine no. 1!" = 1', "(hidden): there is no such key."),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_that_there_is(
    file: Path, content: str, said: str
) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value) == f"{file}: {said}"


@pytest.mark.parametrize(
    "content", [b"host_name", b"= 1", b"a = 1\na = 2", b"\xff", b"\0", b"store = '/a\nb'"]
)
def test_what_is_not_toml_is_named_with_the_place(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="not TOML: ") as error:
        load(file)
    assert str(error.value).startswith(f"{file}: ")


def test_a_file_nested_without_end_is_refused(file: Path) -> None:
    file.write_text("a = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(file)


def test_a_missing_file_and_a_folder_are_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: no such file or directory\."):
        load(file)
    with pytest.raises(ConfigError, match=r": is a directory\."):
        load(tmp_path)


@only_root
def test_a_file_that_may_not_be_read_is_named() -> None:
    # /proc/1 is root's own, and everybody may name what is in it.
    said = said_as(OTHER, lambda: load(Path("/proc/1/mem")))
    assert said == "ConfigError: /proc/1/mem: permission denied."


@only_root
def test_a_file_that_cannot_be_reached_counts_as_present(tmp_path: Path) -> None:
    # It may hold the rule that nobody is to have a store of their own.
    tmp_path.chmod(0o700)
    assert said_as(OTHER, lambda: present(tmp_path / "config.toml")) == "True"
    assert said_as(0, lambda: present(tmp_path / "config.toml")) == "False"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Where a configuration may be, with nothing there yet."""
    for name in ("APPPW_STORE", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    found = {
        "named": tmp_path / "named.toml",
        "system": tmp_path / "etc" / "config.toml",
        "own": tmp_path / "xdg" / "apppw-tui" / "config.toml",
        "home": tmp_path / ".config" / "apppw-tui" / "config.toml",
    }
    monkeypatch.setattr(configuration, "SYSTEM_FILE", found["system"])
    return found


def write(places: dict[str, Path], *names: str) -> None:
    for name in names:
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_text(f'host_name = "{name}"')


def test_the_named_file_beats_the_systems_and_that_the_users_own(places: dict[str, Path]) -> None:
    assert choose(None) == Config()
    write(places, "home", "own")
    assert choose(None).host_name == "own"
    write(places, "system")
    assert choose(None).host_name == "system"
    write(places, "named")
    assert choose(places["named"]).host_name == "named"


def test_without_xdg_the_users_own_is_in_dot_config(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(places, "home")
    for elsewhere in ("", "relative"):
        monkeypatch.setenv("XDG_CONFIG_HOME", elsewhere)
        assert choose(None).host_name == "home"


def test_a_named_file_that_is_missing_is_an_error_and_no_default(places: dict[str, Path]) -> None:
    write(places, "own")
    with pytest.raises(ConfigError, match=r"named\.toml"):
        choose(places["named"])


def test_where_the_systems_file_is_its_store_is_the_default(places: dict[str, Path]) -> None:
    assert store_folder(None, Config()) == Path(os.environ["HOME"]) / ".local/share/apppw-tui"
    write(places, "system")
    assert store_folder(None, Config()) == Path("/var/lib/apppw-tui")
    assert store_folder(None, Config(store=Path("/srv/x"))) == Path("/srv/x")
    assert store_folder(Path("/o"), Config(store=Path("/srv"))) == Path("/o")
