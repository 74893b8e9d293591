"""First uses of app passwords from a network: written down, and queued for the account's owner.

People are told by `apppw-tui notices`: whoever took over the daemon is to run no program.
"""

from apppw_tui.domain.activity import THE_SERVER, ActivityEntry, EventType
from apppw_tui.domain.engine_ports import NoticeQueue
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.ports import ActivityLog
from apppw_tui.domain.usage import FirstUse
from apppw_tui.verifier.answer_log import AnswerLog


class FirstUseReporter:
    """Reports each to the activity, and to the owner where the account was used elsewhere before.

    `notices` is None while nobody is to be told; it may change between two reports.
    """

    def __init__(self, activity_log: ActivityLog, log: AnswerLog) -> None:
        self.notices: NoticeQueue | None = None
        self._activity_log = activity_log
        self._log = log

    def report(self, first: FirstUse) -> None:
        """Never raises: what cannot be queued is in the log."""
        use, account = first.use, first.account
        facts = {"id": first.app_password.id, "name": first.app_password.name}
        facts |= {"address": use.address or "", "service": use.service or ""}
        facts = {key: value for key, value in facts.items() if value}
        self._activity_log.record(account.uid, EventType.USED_NEW, THE_SERVER, **facts)
        if self.notices is None or not first.moved:
            return
        try:
            entry = ActivityEntry(use.time, EventType.USED_NEW, THE_SERVER, facts)
            self.notices.put(account, entry)
        except StoreError as error:
            self._log.warned("notice left out", account=account.name, why=str(error))
