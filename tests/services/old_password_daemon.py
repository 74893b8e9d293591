"""The daemon's side of apppw-old-password.lua: what it is told that an old password was right."""

import asyncio
import json
from dataclasses import dataclass, field

from tests.services.sign_in import HOST
from tests.services.trials import ENFORCED

APP_PASSWORD = "7kfm 2xqd 9h3v tw58"


@dataclass
class Daemon:
    """Answers as `apppw-tui serve` does, and keeps what it was told."""

    told: list[dict[str, str]] = field(default_factory=list)
    silent: bool = False  # about what it is told

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.answer(json.loads(line), writer)
        finally:
            writer.close()

    def answer(self, read: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if "event" in read:
            self.told.append(read)
            if self.silent:
                return
            said = {"answer": "noted"}
        elif read["password"] == APP_PASSWORD:
            said = {"answer": "yes", "user": read["user"]}
        else:
            said = {"answer": "no" if read["user"] == ENFORCED else "not mine"}
        writer.write(json.dumps(said).encode() + b"\n")


def told(account: str, service: str) -> dict[str, str]:
    return {"event": "old-password", "user": account, "service": service, "rip": HOST}
