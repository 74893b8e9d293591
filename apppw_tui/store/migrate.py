"""To a new major schema: an explicit step, for accounts that this program no longer reads."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from apppw_tui.domain.errors import NotFound, StoreDamaged
from apppw_tui.store import documents
from apppw_tui.store.backup.restore import Aside
from apppw_tui.store.fields import DocumentError, Tables, loads
from apppw_tui.store.folder.accounts import FolderStore

Step = Callable[[Tables], Tables]
# From the major schema that is its key to the next. Schema 1 is the first, so there is none yet.
STEPS: Mapping[int, Step] = {}


@dataclass(frozen=True)
class SchemaOf:
    """An account's schema; `older` if a step has to be taken before the program can read it."""

    name: str
    major: int
    minor: int

    @property
    def older(self) -> bool:
        return self.major < documents.SCHEMA_MAJOR

    @property
    def older_minor(self) -> bool:
        """True if it is read as it is, and written in the newer minor when it next changes."""
        return self.major == documents.SCHEMA_MAJOR and self.minor < documents.SCHEMA_MINOR


def found(store: FolderStore, name: str) -> SchemaOf:
    """Raises NotFound if it was removed meanwhile, StoreError if nobody can tell."""
    content = store.read_raw(name).content
    if content is None:
        raise NotFound(f"There is no account {name}.")
    return SchemaOf(name, *_schema(store, name, content))


def migrate(store: FolderStore, name: str, aside: Aside, steps: Mapping[int, Step] = STEPS) -> bool:
    """Takes an account to the present major, under its lock; False if it is there already.

    What it was is kept `aside`.

    Raises:
        StoreDamaged: a step failed, or is missing, or what came out is no account.
        StoreError: nothing was changed.
    """
    with store.raw_transaction(name) as whole:
        if whole.content is None:
            return False
        major, _ = _schema(store, name, whole.content)
        if major == documents.SCHEMA_MAJOR:
            return False
        try:
            tables = stepped(loads(whole.content), range(major, documents.SCHEMA_MAJOR), steps)
        except Exception as error:  # noqa: BLE001 - whatever a step stumbles over is in the file
            raise StoreDamaged(
                f"{store.path(name)} cannot be migrated ({type(error).__name__}); "
                "it was left alone."
            ) from None
        aside.keep(name, whole.content)
        whole.tables = tables
    return True


def stepped(tables: Tables, majors: Iterable[int], steps: Mapping[int, Step]) -> Tables:
    for major in majors:
        tables = steps[major](tables)
    return tables


def _schema(store: FolderStore, name: str, content: bytes) -> tuple[int, int]:
    try:
        major, minor = documents.schema(loads(content))
        if major > documents.SCHEMA_MAJOR:
            raise DocumentError(f"its schema is {major}, of a newer apppw-tui")
    except DocumentError as error:
        path = store.path(name)
        raise StoreDamaged(f"{path} cannot be read: {error}; it was left alone.") from None
    return major, minor
