"""A real nginx with the very files of recipes/nginx/, run by an ordinary user."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.services.web import HOST, Site, free_port, listening, own_folder, wanted

SOCKET = wanted("nginx/apppw-http.conf")
_PARTS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_CONFIGURATION = """\
daemon off;
worker_processes 2;
error_log {folder}/log;
pid {folder}/pid;
events {{
}}
http {{
    access_log off;
    large_client_header_buffers 4 64k;
    {temporary}
    include {folder}/apppw-http.conf;
    server {{
        listen {host}:{port};
        include {folder}/apppw-server.conf;
        location / {{
            include {folder}/apppw-location.conf;
            proxy_pass http://{host}:{behind};
        }}
        location /files/ {{
            include {folder}/apppw-location.conf;
            set $apppw_service webdav;
            proxy_pass http://{host}:{behind};
        }}
    }}
}}
"""


@contextmanager
def running(folder: Path, user: OrdinaryUser, behind: int, service: str = "http") -> Iterator[Site]:
    """Before the application that listens at the port `behind`, which is that service."""
    nginx = require_program("nginx", "nginx-light")
    own, socket, port = own_folder(folder, "nginx", user), folder / "http", free_port()
    (own / "apppw-http.conf").write_text(
        adapted("nginx/apppw-http.conf", {"unix:/run/apppw-tui/http": f"unix:{socket}"})
    )
    (own / "apppw-server.conf").write_text(adapted("nginx/apppw-server.conf", {}))
    (own / "apppw-location.conf").write_text(
        adapted(
            "nginx/apppw-location.conf",
            {"set $apppw_service http;": f"set $apppw_service {service};"},
        )
    )
    configuration, log = own / "nginx.conf", own / "log"
    temporary = "\n".join(f"{part}_temp_path {own}/{part};" for part in _PARTS)
    configuration.write_text(
        _CONFIGURATION.format(folder=own, host=HOST, port=port, behind=behind, temporary=temporary)
    )
    with listening(user, [nginx, "-p", own, "-c", configuration, "-e", log], port, log):
        yield Site(port, log, socket)
