"""The section [store] of the configuration."""

from pathlib import Path

import pytest

from apppw_tui.config import Config, DatabaseConfig, load
from apppw_tui.config.dsn import parse_dsn
from apppw_tui.domain.errors import ConfigError

DSN = "host=/run/postgresql dbname=apppw user=apppw_portal"


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("text", "folder", "database"),
    [
        ('store = "/srv/x"', Path("/srv/x"), None),
        ('[store]\nfolder = "/srv/x"', Path("/srv/x"), None),
        ('[store]\nengine = "files"', None, None),
        (
            f'[store]\nengine = "postgresql"\ndsn = "{DSN}"\nmachine = "mail1"',
            None,
            DatabaseConfig(DSN, DSN, 3, "mail1"),
        ),
        (
            f'[store]\nengine = "postgresql"\nfolder = "/srv/x"\ndsn = "{DSN}"\n'
            'serve_dsn = "user=apppw_verifier"\ntimeout = 1.5\nmachine = "mail1"',
            Path("/srv/x"),
            DatabaseConfig(DSN, "user=apppw_verifier", 1.5, "mail1"),
        ),
    ],
)
def test_store_is_a_folder_or_a_database_besides(
    tmp_path: Path, text: str, folder: Path | None, database: DatabaseConfig | None
) -> None:
    config = loaded(tmp_path, text)
    assert (config.store, config.database) == (folder, database)
    assert DSN not in repr(config)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('engine = "postgresql"', "store.dsn: is missing"),
        ('dsn = "dbname=x"', 'store.dsn: goes with engine = "postgresql" alone'),
        ('engine = "mysql"', "store.engine: must be one of"),
        ('engine = "postgresql"\ndsn = "host=db1"', "store.dsn: needs sslmode=verify-full"),
        ('engine = "postgresql"\ndsn = "password=hunter2"', "store.dsn: password stands where"),
        ('engine = "postgresql"\ndsn = "dbname=x"\ntimeout = 31', "store.timeout: must be from 1"),
        ('folder = "x"', "store.folder: must be an absolute path"),
    ],
)
def test_a_wrong_one_is_told_without_what_may_be_a_secret(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        loaded(tmp_path, f"[store]\n{text}")
    assert "hunter2" not in str(caught.value)


def test_a_dsn_is_read_as_libpq_reads_it() -> None:
    assert parse_dsn(r"dbname = 'a \'b\\'  user=x\ y port='' ") == {
        "dbname": "a 'b\\",
        "user": "x y",
        "port": "",
    }
    assert parse_dsn("host=db1,/run/x sslmode=verify-full")["host"] == "db1,/run/x"
