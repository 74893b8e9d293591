"""Security codes by the very files of recipes/delivery/, with the real programs behind them."""

import http.server
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.ports import DELIVERY_METHODS, DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import process
from apppw_tui.integrations.code_delivery import CommandCodeSender
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.support import Notebook

CODE = "482913"
MESSAGE = f"{CODE} is your code for mail.example.org. It is good for five minutes."
NUMBER = "+4915112345678"
TIMEOUT = 120.0  # seconds; a machine under load, not a measure
RECIPES = ("send-gammu", "send-modemmanager", "send-apprise", "send-webhook")


@dataclass(frozen=True)
class Recipe:
    """One of the scripts, with the program that it runs recorded."""

    path: Path
    arguments: Path

    @classmethod
    def put(
        cls, folder: Path, name: str, call: str, program: str, replacements: dict[str, str]
    ) -> "Recipe":
        """The recipe in `folder`; where it says `call`, it runs `program` by way of a recorder."""
        recorder = folder / "recorder"
        arguments = folder / "arguments"
        words = shlex.quote(program)
        recorder.write_text(
            f'#!/bin/sh\n{{ printf "%s\\n" "$0" "$@"; env; }} >>{arguments}\nexec {words} "$@"\n'
        )
        recorder.chmod(0o755)
        path = folder / name
        path.write_text(
            adapted(
                f"delivery/{name}", {call: re.sub("[a-z-]+$", str(recorder), call)} | replacements
            )
        )
        path.chmod(0o755)
        return cls(path, arguments)

    def deliver(
        self, kind: DeliveryMethod = "text", number: str = NUMBER, message: str = MESSAGE
    ) -> None:
        command = (str(self.path), "{kind}", "{number}")
        delivery = CommandCodeSender(command, frozenset(DELIVERY_METHODS), TIMEOUT, Notebook())
        try:
            delivery.send(kind, number, Secret(message))
        finally:
            # What a process is called with, anybody on the machine can read.
            if self.arguments.exists():
                assert CODE not in self.arguments.read_text()


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kind", ["", "Text", "--help", "text call"])
def test_a_kind_that_it_does_not_know_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    outcome = straight(tmp_path, name, kind, NUMBER)
    assert (outcome.reason, kind in outcome.output) == ("exit code 64", True)


@pytest.mark.parametrize("name", ["send-gammu", "send-modemmanager"])
@pytest.mark.parametrize("kind", ["call", "notify"])
def test_a_modem_neither_calls_nor_notifies(tmp_path: Path, name: str, kind: str) -> None:
    assert straight(tmp_path, name, kind, NUMBER).reason == "exit code 64"


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    "number", ["", "+", "4915112345678", "++49151", "+49/../151", "--help", "+49 151", "+49,text=x"]
)
def test_what_is_no_number_is_refused(tmp_path: Path, name: str, number: str) -> None:
    assert straight(tmp_path, name, "text", number).reason == "exit code 64"


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("arguments", [(), ("text",)])
def test_one_that_is_called_with_too_little_fails(
    tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    assert not straight(tmp_path, name, *arguments).ok


def straight(folder: Path, name: str, *arguments: str) -> process.ProcessResult:
    """How the recipe itself ends, whatever a delivery would have checked before."""
    path = folder / name
    path.write_text(adapted(f"delivery/{name}", {}))
    path.chmod(0o755)
    return process.run((str(path), *arguments), {}, Secret(MESSAGE), TIMEOUT)


@dataclass(frozen=True)
class Spool:
    """The recipe for gammu-smsd, and the folder where its daemon would find the message."""

    recipe: Recipe
    outbox: Path

    def text(self) -> str:
        """The one message that is queued there."""
        (file,) = self.outbox.iterdir()
        parts = (line for line in file.read_text().splitlines() if line.startswith("Text0"))
        return "".join(
            bytes.fromhex(part.partition(" = ")[2]).decode("utf-16-be") for part in parts
        )


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    program = require_program("gammu-smsd-inject", "gammu-smsd")
    lines = ["[gammu]", "device = /dev/null", "connection = at", "[smsd]", "service = files"]
    for name in ("inbox", "outbox", "sentsms", "errorsms"):
        (tmp_path / name).mkdir(0o700)
        lines.append(f"{name}path = {tmp_path / name}/")
    configuration = tmp_path / "smsdrc"
    configuration.write_text("\n".join(lines) + "\n")
    replacements = {"-c /etc/gammu-smsdrc ": f"-c {configuration} "}
    call = "exec gammu-smsd-inject"
    return Spool(
        Recipe.put(tmp_path, "send-gammu", call, program, replacements), tmp_path / "outbox"
    )


def test_gammu_queues_the_code_for_that_number_and_nobody_else_can_read_it(spool: Spool) -> None:
    spool.recipe.deliver()
    (file,) = spool.outbox.iterdir()
    assert NUMBER in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    assert f'Number = "{NUMBER}"' in file.read_text()
    assert spool.text() == MESSAGE
    assert NUMBER in spool.recipe.arguments.read_text()  # the recorder was asked


def test_gammu_queues_for_one_pair_of_eyes_whatever_umask_sudo_sets(spool: Spool) -> None:
    command = [str(spool.recipe.path), "text", NUMBER]
    subprocess.run(command, input=MESSAGE.encode(), check=True, umask=0, timeout=TIMEOUT)
    (file,) = spool.outbox.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_gammu_queues_the_whole_of_a_long_message(spool: Spool) -> None:
    message = f"{MESSAGE} {'mail.example.org ' * 12}end"
    spool.recipe.deliver(message=message)
    assert spool.text() == message


def test_gammu_without_its_spool_is_a_failure(spool: Spool) -> None:
    spool.outbox.rmdir()
    with pytest.raises(DeliveryFailed):
        spool.recipe.deliver()


@dataclass
class Web:
    """What was posted to a web server of this machine alone, and how it is to answer."""

    port: int = 0
    status: int = 200
    posted: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            web.posted.append((self.path, dict(self.headers), body))
            self.send_response(web.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def webhook(tmp_path: Path, web: Web) -> Recipe:
    program = require_program("curl", "curl")
    configuration = tmp_path / "webhook.curl"
    configuration.write_text(
        f'url = "http://{web.authority}/send"\nheader = "Authorization: Bearer s3cret-token"\n'
    )
    replacements = {"/etc/apppw-tui/webhook.curl --": f"{configuration} --", "'=https'": "'=http'"}
    return Recipe.put(tmp_path, "send-webhook", "status=$(curl", program, replacements)


@pytest.mark.parametrize("kind", DELIVERY_METHODS)
def test_the_webhook_gets_message_number_kind_and_token(
    webhook: Recipe, web: Web, kind: DeliveryMethod
) -> None:
    webhook.deliver(kind)
    ((path, headers, body),) = web.posted
    assert (path, body) == ("/send", MESSAGE)
    assert (headers["X-Kind"], headers["X-Number"]) == (kind, NUMBER)
    assert headers["Authorization"] == "Bearer s3cret-token"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "s3cret-token" not in webhook.arguments.read_text()


def test_the_webhook_gets_the_message_byte_by_byte(webhook: Recipe, web: Web) -> None:
    webhook.deliver(message="@/etc/passwd\n \N{SNOWMAN}&x=1\n")
    assert web.posted[0][2] == "@/etc/passwd\n \N{SNOWMAN}&x=1\n"


@pytest.mark.parametrize("status", [302, 304, 401, 404, 500, 503])
def test_any_other_answer_of_the_webhook_is_a_failure(
    webhook: Recipe, web: Web, status: int
) -> None:
    web.status = status
    with pytest.raises(DeliveryFailed):
        webhook.deliver()
    assert len(web.posted) == 1


def test_a_webhook_without_its_file_is_a_failure(webhook: Recipe, tmp_path: Path) -> None:
    (tmp_path / "webhook.curl").unlink()
    with pytest.raises(DeliveryFailed):
        webhook.deliver()


def test_the_webhook_as_it_is_takes_no_address_without_tls(tmp_path: Path, web: Web) -> None:
    require_program("curl", "curl")
    configuration = tmp_path / "webhook.curl"
    configuration.write_text(f'url = "http://{web.authority}/send"\n')
    path = tmp_path / "send-webhook"
    path.write_text(
        adapted("delivery/send-webhook", {"/etc/apppw-tui/webhook.curl --": f"{configuration} --"})
    )
    path.chmod(0o755)
    with pytest.raises(DeliveryFailed):
        Recipe(path, tmp_path / "none").deliver()
    assert web.posted == []


@pytest.fixture
def apprise(tmp_path: Path, web: Web) -> Recipe:
    # Not a Debian package: that one does not know --template-var.
    program = shutil.which("apprise", path=str(Path(sys.executable).parent))
    program = program or shutil.which("apprise")
    if program is None:
        unavailable("apprise is not installed (from PyPI: apprise 2.2 or newer)")
    configuration = tmp_path / "apprise.yml"
    configuration.write_text(
        "template: [NUMBER]\n"
        "urls:\n"
        f'  - "json://user:s3cret-token@{web.authority}/${{NUMBER}}":\n'
        "      tag: text\n"
    )
    replacements = {"--config=/etc/apppw-tui/apprise.yml": f"--config={configuration}"}
    return Recipe.put(tmp_path, "send-apprise", "exec apprise", program, replacements)


def test_apprise_asks_the_service_of_that_kind_with_number_and_message(
    apprise: Recipe, web: Web
) -> None:
    apprise.deliver()
    ((path, _, body),) = web.posted
    assert path.rstrip("/").endswith("4915112345678")
    assert f'"message": "{MESSAGE}"' in body
    assert "s3cret-token" not in apprise.arguments.read_text()


@pytest.mark.slow
def test_a_kind_without_a_service_and_a_service_that_refuses_are_failures(
    apprise: Recipe, web: Web
) -> None:
    with pytest.raises(DeliveryFailed):
        apprise.deliver("call")
    assert web.posted == []
    web.status = 500
    with pytest.raises(DeliveryFailed):
        apprise.deliver()


def test_without_a_modem_modemmanager_is_a_failure(tmp_path: Path) -> None:
    program = require_program("mmcli", "modemmanager")
    recipe = Recipe.put(tmp_path, "send-modemmanager", "created=$(mmcli", program, {})
    with pytest.raises(DeliveryFailed):
        recipe.deliver()
    assert f"number={NUMBER}" in recipe.arguments.read_text()  # it was asked
