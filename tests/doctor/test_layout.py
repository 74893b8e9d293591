"""Whatever the program itself keeps in a store belongs there."""

from datetime import timedelta

from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import LastUse
from apppw_tui.portal.throttle import PortalThrottle
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.deleted_ids import DeletedIds
from apppw_tui.store.folder.engine import FolderAside
from apppw_tui.store.folder.error_log import LOG_BYTES, FolderErrorLog
from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
from apppw_tui.store.folder.slots import Slots
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.verifier.decision import Verifier
from tests.doctor.healthy import Server
from tests.support import cheap_hasher


def test_what_the_program_keeps_is_no_fault(server: Server) -> None:
    folder, clock, store = server.store, server.clock, server.house.store
    ada = store.get("ada")
    assert ada is not None
    assert server.house.counters is not None
    PortalThrottle(server.house.counters, "192.0.2.7").record_attempt("ada", "password")
    secret = server.house.issue("Laptop", "ada").secret.reveal()
    usage = FolderUsage(folder, store, clock)
    decision = Verifier(store, cheap_hasher(), clock).decide("ada", Secret(secret), IMAP)
    usage.used(decision, IMAP, "192.0.2.7")
    usage.flush()
    book = FolderUsageBook(folder, clock)
    assert isinstance(next(iter(book.read(ada.uid).by_id.values())), LastUse)
    book.restore("0" * 32, b"{}")
    book.forget("1" * 32)
    error_log = FolderErrorLog(folder, clock)
    FolderActivityLog(folder, clock).record(ada.uid, "signed in", "ada")
    error_log.error("begins the log")
    (folder / "log").write_text("x" * (LOG_BYTES + 1))
    error_log.error("moves the log aside")
    FolderSessionTerminator(folder, error_log).terminate("ada")
    DeletedIds(folder).add(ada.uid, ["7kf"])
    FolderAside(folder, "before-restore", clock.now()).keep("ada", b"{}")
    with Slots(folder).acquire():
        pass
    (folder / "before-ledgers" / "throttle-1").mkdir(0o700, parents=True)
    (folder / "before-ledgers").chmod(0o700)
    kept = {path.name for path in folder.iterdir()}
    assert {"throttle", "ledger", "usage", "log", "log.1", "ended"} <= kept
    clock.advance(timedelta(minutes=2).total_seconds())
    assert server.faults() == []
