"""Apache asks by mod_lua, with the very files of recipes/apache/."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.web import (
    HOST,
    Door,
    Site,
    application,
    free_port,
    listening,
    opened,
    own_folder,
    wanted,
)
from tests.services.web_trials import SignsIn
from tests.verifier.harness import served_in_thread

_MODULES = Path("/usr/lib/apache2/modules")
_LUA_SOCKET = Path("/usr/share/lua/5.3/socket.lua")
_NEEDED = (
    *("mpm_event", "authz_core", "authz_user", "lua", "headers", "setenvif"),
    *("proxy", "proxy_http"),
)
_CONFIGURATION = """\
ServerName {host}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/log
LogLevel info
Listen {host}:{port}
{modules}
StartServers 1
LimitRequestFieldSize 65536
Include {folder}/apppw.conf
ProxyPass / http://{host}:{application}/
"""


@pytest.fixture(scope="module")
def site(folder: Path, user: OrdinaryUser) -> Iterator[Site]:
    apache = require_program("apache2", "apache2")
    if not (_MODULES / "mod_lua.so").exists():
        unavailable("Apache has no mod_lua here (Debian package apache2-bin)")
    if not _LUA_SOCKET.exists():
        unavailable("Lua has no sockets here (Debian package lua-socket)")
    own = own_folder(folder, "apache", user)
    socket, port, log = folder / "json", free_port(), own / "log"
    script, configuration = own / "apppw.lua", own / "apache2.conf"
    script.write_text(adapted("apache/apppw.lua", {"/run/apppw-tui/apache": str(socket)}))
    (own / "apppw.conf").write_text(
        adapted("apache/apppw.conf", {"/etc/apache2/apppw.lua": str(script)})
    )
    modules = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _NEEDED)
    with application() as behind:
        configuration.write_text(
            _CONFIGURATION.format(
                folder=own, host=HOST, port=port, application=behind, modules=modules
            )
        )
        command: list[str | Path] = [apache, "-d", own, "-f", configuration, "-D", "FOREGROUND"]
        with listening(user, command, port, log):
            yield Site(port, log, socket)


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    with opened(site, wanted("apache/apppw.conf")) as door:
        yield door


class TestApache(SignsIn):
    """All of it."""

    retry_after = "5"  # the json socket does not say


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"yes\n",
        b'{"answer": "yes"}\n',
        b'{"answer": "yes", "user": ""}\n',
        b'{"answer": "yes", "user": "ada\tx"}\n',
        b'{"answer": "yes", "user": "ada"}',
        b'{"answer": "yes", "user": "ada"}x\n',
        b'x{"answer": "yes", "user": "ada"}\n',
    ],
)
def test_any_other_line_is_no_yes(site: Site, answer: bytes) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    with served_in_thread(converse, site.socket):
        assert site.ask("ada", "7kfm2xqd9h3vtw5nc8rw").status == 503
