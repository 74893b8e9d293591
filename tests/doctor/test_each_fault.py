"""A healthy server has no finding; each fault by itself has one, which says what it is."""

import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from apppw_tui.config import AccountsConfig, NoticesConfig, salvaged
from apppw_tui.doctor.finding import Level
from tests.doctor.healthy import Server, printed
from tests.services.recipes import adapted

SUBMISSION = (
    "{0}/inet/smtpd_sasl_auth_enable = yes\n{0}/inet/smtpd_tls_security_level = encrypt\n"
    "{0}/inet/smtpd_sasl_type = {1}\n"
)
NAME_CHARACTERS = f"{string.ascii_lowercase}.-_@+'&=~"
SENDERS = "submission/inet/smtpd_sender_restrictions = reject_sender_login_mismatch\n"
SMTPD_CONF = "pwcheck_method: saslauthd\nsaslauthd_path: {}\n"
IDENTITY = "regexp:{{/^(.+)$/ $1}}"


@dataclass(frozen=True)
class Fault:
    """What is done to a healthy server, and the one thing that is to be said of it."""

    name: str
    done: Callable[[Server], object]
    level: Level
    what: str


def without(server: Server, *words: str) -> None:
    """The lines of the Lua script with none of these words."""
    lines = server.lua.read_text().splitlines(keepends=True)
    server.lua.write_text("".join(one for one in lines if not any(word in one for word in words)))


def in_dovecot(old: str, new: str, file: str = "doveconf-2.4-lua.txt") -> Callable[[Server], None]:
    def do(server: Server) -> None:
        text = printed(file)
        assert old in text
        for service in ("apppw-pop3", "apppw-smtp"):
            server.add_pam_file(service)
        server.programs.out["doveconf"] = text.replace(old, new, 1)

    return do


def passwords_of_dovecot(server: Server) -> None:
    accounts = AccountsConfig(source="dovecot", socket=server.home / "nobody-listens")
    server.config = replace(server.config, accounts=accounts)


def no_dovecot(server: Server) -> None:
    server.dovecot_pid.unlink()


def neither_dovecot_nor_its_passwords(server: Server) -> None:
    passwords_of_dovecot(server)
    no_dovecot(server)


def one_port_by_cyrus(server: Server) -> None:
    """Whose password file is somebody else's, beside one that asks as it should."""
    ports = SUBMISSION.format("submission", "dovecot") + SUBMISSION.format("smtps", "cyrus")
    ports += SENDERS + SENDERS.replace("submission", "smtps")
    server.programs.out["postconf -P"] = ports + (
        "submission/inet/smtpd_sasl_path = inet:127.0.0.1:12345\n"
    )
    conf = server.places.root / "etc/postfix/sasl/smtpd.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("pwcheck_method: auxprop\nauxprop_plugin: sasldb\n")


def ours_by_cyrus(server: Server) -> None:
    one_port_by_cyrus(server)
    conf = server.places.root / "etc/postfix/sasl/smtpd.conf"
    conf.write_text(SMTPD_CONF.format("/private/apppw-mux"))


def senders(table: str, prints: str = "ada+apppw-tui@example.org\n") -> Callable[[Server], None]:
    def do(server: Server) -> None:
        server.house.add("ada@example.org")
        server.programs.out["postconf -n"] += (
            f"recipient_delimiter = +\nsmtpd_sender_login_maps = {table}\n"
        )
        key = "postmap -q ada+apppw-tui@example.org " + table.partition(",")[0]
        server.programs.out[key] = prints

    return do


def altered(server: Server) -> None:
    """Beside settings of its own, which are no fault."""
    shipped = server.places.recipes / "dovecot/apppw.lua"
    shipped.parent.mkdir(parents=True)
    shipped.write_text(adapted("dovecot/apppw.lua", {}))
    server.lua.write_text(server.lua.read_text().replace("SECONDS = 5 ", "SECONDS = 7 "))
    assert server.faults() == []
    server.lua.write_text(server.lua.read_text().replace("PASSWORD_MISMATCH", "NEXT", 1))


def not_asking(server: Server) -> None:
    in_dovecot("apppw.lua", "mine.lua")(server)
    text = server.programs.out["doveconf"]
    server.programs.out["doveconf"] = text.replace("passdb apppw", "passdb mine")
    assert server.faults() == []
    server.house.alter("ada", enforced_from=server.clock.now())
    server.house.alter("bob", enabled=False)


def old_program(server: Server) -> None:
    without(server, "function auth_passdb_lookup", "local ENFORCED")


def broken_configuration(text: str) -> Callable[[Server], None]:
    def do(server: Server) -> None:
        server.config_file = server.home / "config.toml"
        server.config_file.write_text(text)
        server.config_file.chmod(0o600)
        server.config, server.broken = salvaged(server.config_file)

    return do


def nobody_sends(server: Server) -> None:
    server.places.systemd.mkdir(parents=True)
    server.config = replace(server.config, notices=NoticesConfig(("/bin/true",)))
    server.programs.out["systemctl show"] = "Id=apppw-notices.path\nLoadState=not-found\n"


def all_characters(server: Server) -> None:
    server.house.add("ada+x@example.org")
    in_dovecot("ssl = no", "auth_username_chars =")(server)


def other_alphabet(server: Server) -> None:
    """Beside what is no fault: the letters of the recipe."""
    server.house.add("eva@xn--bcher-kva.example")
    text = adapted("dovecot/99-apppw-names.conf", {})
    (line,) = (one for one in text.splitlines() if not one.startswith("#") and one)
    in_dovecot("ssl = no", line)(server)
    assert server.faults() == []
    in_dovecot("ssl = no", f"auth_username_chars = {NAME_CHARACTERS}%")(server)


def stranded(server: Server) -> None:
    server.config = replace(server.config, default_domain="example.org")
    server.house.store.remove("bob")


def hangs(program: str) -> Callable[[Server], None]:
    def do(server: Server) -> None:
        out = server.programs.out
        server.programs.out = {key: text for key, text in out.items() if program not in key}
        server.programs.how[program] = "time-out after 2 s"

    return do


FAULTS = [
    Fault("look-ups", lambda one: without(one, "function auth_passdb_lookup"), Level.DANGER,
          "with a static userdb, no mail is delivered"),
    Fault("depends", lambda one: without(one, "local ENFORCED"), Level.DANGER,
          "while apppw-tui is silent, nobody's old password works"),
    Fault("old-lua", old_program, Level.DANGER, "no mail is delivered"),
    Fault("lua-gone", lambda one: one.lua.unlink(), Level.DANGER, "it is not there"),
    Fault("lua-elsewhere", lambda one: one.lua.write_text(
              one.lua.read_text().replace(str(one.store), "/srv/store")), Level.DANGER,
          "looks for who is enforced in /srv/store/enforced"),
    Fault("lua-altered", altered, Level.WARNING, "altered, or is older"),
    Fault("lua-writable", lambda one: one.lua.chmod(0o666), Level.DANGER, "told every password"),
    Fault("not-asking", not_asking, Level.DANGER, "(ada and 1 more): their old passwords open"),
    Fault("senders", lambda one: one.programs.out.update(
              {"postconf -P": one.programs.out["postconf -P"].replace(SENDERS, "") +
               "submission/inet/smtpd_sasl_type = dovecot\n"
               "submission/inet/smtpd_sasl_path = inet:127.0.0.1:1\n"}), Level.WARNING,
          "whoever signs in sends as anybody"),
    Fault("not-told", in_dovecot("userdb passwd", "passdb apppw-old-password {\n  driver = lua\n"
                                 "  lua_file = /etc/dovecot/apppw-old-password.lua\n"
                                 "  skip = unauthenticated\n}\nuserdb passwd"), Level.WARNING,
          "result_success of the passdb pam is not continue-ok"),
    Fault("worker", in_dovecot("userdb passwd", "service auth-worker {\n  user = nobody\n}\n"
                               "userdb passwd"), Level.WARNING, "runs as nobody, who cannot read"),
    Fault("old-deny", in_dovecot("  auth_username_format = %{protocol | if('eq', 'apppw-portal', "
                                 "'', mechanism) | if('eq', '', '-', user) | lower}\n", "",
                                 "doveconf-2.4-pam.txt"), Level.DANGER,
          "mail to them bounces"),
    Fault("mechanisms", in_dovecot("plain login", "plain login cram-md5"), Level.DANGER,
          "auth_mechanisms has cram-md5"),
    Fault("cache", in_dovecot("ssl = no", "auth_cache_size = 1M"), Level.DANGER,
          "auth_cache_size is 1M"),
    Fault("characters", lambda one: one.house.add("ada+x@example.org"), Level.DANGER,
          "auth_username_chars has no +: ada+x@example.org cannot sign in"),
    Fault("percent", in_dovecot("ssl = no", f"auth_username_chars = {NAME_CHARACTERS}"),
          Level.NOTICE, "auth_username_chars has no %"),
    Fault("alphabet", other_alphabet, Level.WARNING,
          "as eva@bücher.example, which is eva@xn--bcher-kva.example, is refused"),
    Fault("pam-percent", in_dovecot("ssl = no", f"auth_username_chars = {NAME_CHARACTERS}%",
                                    "doveconf-2.4-pam.txt"), Level.DANGER,
          "opens another mailbox"),
    Fault("dovecot-down", no_dovecot, Level.DANGER, "It does not run: nobody reads mail."),
    Fault("dovecot-dead", lambda one: one.dovecot_pid.write_text("99\n"), Level.DANGER,
          "It does not run"),
    Fault("portal-and-dovecot-down", neither_dovecot_nor_its_passwords,
          Level.DANGER, "nobody can sign in to the portal"),
    Fault("portal-socket", passwords_of_dovecot, Level.DANGER, "Dovecot does not answer there"),
    Fault("cyrus", one_port_by_cyrus, Level.WARNING, "smtps/inet asks Cyrus SASL"),
    Fault("plus-addresses", senders(IDENTITY), Level.WARNING, "to somebody else than"),
    Fault("plus-addresses-proxied", senders(f"{IDENTITY}, hash:/etc/x"), Level.WARNING,
          "ada+apppw-tui@example.org to somebody else than ada@example.org"),
    Fault("unknown-key", broken_configuration("stroe = 1\n"), Level.DANGER, "no such key"),
    Fault("no-toml", broken_configuration('region = "\n'), Level.DANGER, "not TOML"),
    Fault("notices", nobody_sends, Level.WARNING, "nobody is told"),
    Fault("domain", stranded, Level.NOTICE, "It goes on as ada"),
    Fault("dovecot-hangs", hangs("doveconf"), Level.WARNING, "time-out after 2 s"),
    Fault("postfix-hangs", hangs("postconf"), Level.WARNING, "time-out after 2 s"),
]  # fmt: skip


def test_a_healthy_server_has_none(server: Server) -> None:
    assert server.faults() == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_finding_alone(
    server: Server, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    fault.done(server)
    finding = server.fault()
    assert (finding.level, fault.what in finding.what) == (fault.level, True), finding
    assert finding.remedy != ""


@pytest.mark.parametrize(
    "done",
    [
        ours_by_cyrus,
        senders(IDENTITY, "ada@example.org\n"),
        senders(IDENTITY, ""),  # the address without its extension is looked for then
        all_characters,
    ],
    ids=["cyrus", "owner", "unknown", "characters"],
)
def test_what_is_no_fault_has_none(server: Server, done: Callable[[Server], object]) -> None:
    done(server)
    assert server.faults() == []


def test_of_a_broken_configuration_the_rest_holds(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'store = "/srv/apppw"\nhost_name = 7\ndefault_domain = "example.org"\n'
        "[policy]\nmost = [\n[serve]\n"
    )
    config, broken = salvaged(path)
    assert broken is not None
    assert str(config.store) == "/srv/apppw"
    assert config.default_domain == "example.org"


def test_a_port_by_itself_is_not_said_to_be_safe(server: Server) -> None:
    """All of them ask Cyrus SASL, which asks somebody else."""
    findings = server.examination().server()
    (told,) = [
        finding for finding in findings if finding.where == "Postfix" and "Cyrus" in finding.what
    ]
    assert (told.level, "not apppw-tui" in told.what) == (Level.OK, True)
    assert not [finding for finding in findings if "Nobody gets past" in finding.what]
