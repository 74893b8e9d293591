"""What a backup holds, and what is believed of a file that says that it is one."""

import io
import json
import tarfile
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.account import RawAccount
from apppw_tui.domain.errors import ApppwError, KeyMissing, Refused, StoreBusy, StoreDamaged
from apppw_tui.domain.scopes import IMAP, SMTP
from apppw_tui.domain.usage import LastUse, ServiceUse, UsageRecord
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.restore import RestoredAccount
from apppw_tui.store.backup.writer import MANIFEST, back_up
from apppw_tui.store.folder import key_file as keyrings
from apppw_tui.store.folder import usage_file
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.store.backing import SCHEMA, Place, Told, manifest, members, packed
from tests.store.making import account_file
from tests.support import NOW


@pytest.fixture
def place(folder: Path) -> Place:
    """With ada and ben, who have an app password each."""
    place = Place(folder)
    for name in ("ada", "ben"):
        place.house.add(name)
        place.house.issue("Phone", name)
    return place


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    return Place(tmp_path / "other")


def resummed(contents: dict[str, bytes]) -> dict[str, bytes]:
    """The members, with a manifest that has their sums."""
    others = {name: content for name, content in contents.items() if name != MANIFEST}
    facts = json.loads(contents[MANIFEST])
    facts["members"] = {name: sha256(content).hexdigest() for name, content in others.items()}
    return {**others, MANIFEST: json.dumps(facts).encode()}


class FullDisk(io.BytesIO):
    """A file for which there is no room."""

    def write(self, _content: object, /) -> int:
        raise OSError(28, "No space left on device")


def test_a_backup_that_cannot_be_written_frees_the_key_at_once(place: Place) -> None:
    place.house.give_phone(name="ada")
    with pytest.raises(OSError, match="No space") as error:
        back_up(FullDisk(), place.engine, with_key=True, now=NOW, host="mail.example.org")
    with place.keyring.locked():
        assert place.keyring.read() is not None
    del error  # which held every frame of the attempt until here


# --- what it holds ---------------------------------------------------------------------------


def test_it_is_a_tar_archive_of_the_files_as_they_are(place: Place) -> None:
    place.house.give_phone(name="ada")
    place.house.operator.delete_app_password("ada", "Phone")
    uid = place.now().uid
    FolderActivityLog(place.folder, place.clock).record(uid, "x", "ada", name="Phone")
    FolderActivityLog(place.folder, place.clock).record("0" * 32, "of nobody", "ada")
    (place.folder / "usage").mkdir()
    record = UsageRecord({("abc", IMAP): LastUse(NOW, IMAP)}, LastUse(NOW))
    (place.folder / "usage" / f"{uid}.json").write_bytes(usage_file.dumps(record))
    contents = members(place.backup())
    expected = {"accounts/ada.json", "accounts/ben.json", "deleted"} | {
        f"usage/{uid}.json",
        f"activity/{uid}.jsonl",
    }
    assert set(contents) == expected | {MANIFEST}
    (gone,) = place.now().deleted_ids
    there = place.files() | {
        "deleted": b'{"uid": "%s", "ids": ["%s"]}\n' % (uid.encode(), gone.encode()),
        f"activity/{uid}.jsonl": (
            b'{"name": "Phone", "time": "2026-11-22T12:00:00Z", "what": "x", "by": "ada"}\n'
        ),
    }
    assert {name: there[name] for name in expected} == {
        name: content for name, content in contents.items() if name != MANIFEST
    }


def test_uses_are_in_it_as_an_earlier_version_reads_them(place: Place) -> None:
    uid, later = place.now().uid, NOW + timedelta(seconds=1)
    uses: dict[ServiceUse, LastUse] = {
        ("abc", SMTP): LastUse(later, SMTP),
        ("abc", IMAP): LastUse(NOW, IMAP, "::1"),
    }
    record = UsageRecord(uses, LastUse(NOW), {"192.0.2.0/24": NOW})
    with UsageLedger(place.folder).transaction() as usage:
        usage.save(uid, UsageRecord(), record)
        usage.save("0" * 32, UsageRecord(), record)
    contents = members(place.backup())
    assert [name for name in contents if name.startswith("usage/")] == [f"usage/{uid}.json"]
    tables = json.loads(contents[f"usage/{uid}.json"])
    imap, smtp = tables["used"].values()  # the newest last: there was one for each id
    assert imap == {
        "id": "abc",
        "time": "2026-11-22T12:00:00Z",
        "service": "imap",
        "address": "::1",
    }
    assert smtp["service"] == "smtp"
    assert usage_file.loads(contents[f"usage/{uid}.json"]) == record


def test_its_manifest_says_what_when_and_where(place: Place) -> None:
    backup = place.backup()
    facts, contents = manifest(backup), members(backup)
    assert facts["apppw_tui_backup"] == 1
    assert facts["schema"] == SCHEMA
    assert facts["time"] == "2026-11-22T12:00:00Z"
    assert facts["host"] == "mail.example.org"
    assert facts["left_out"] == {}
    assert facts["members"] == {
        name: sha256(content).hexdigest() for name, content in contents.items() if name != MANIFEST
    }


def test_nobody_but_its_owner_may_read_what_tar_unpacks(place: Place) -> None:
    with tarfile.open(fileobj=io.BytesIO(place.backup())) as tar:
        assert {member.mode for member in tar.getmembers()} == {0o600}
        assert [member.name for member in tar.getmembers()][-1] == MANIFEST


def test_the_key_is_in_it_only_if_it_was_asked_for(place: Place) -> None:
    place.house.give_phone(name="ada")
    assert "key" not in members(place.backup())
    key = (place.folder / "key").read_bytes()
    assert members(place.backup(with_key=True))["key"] == key


def test_where_nothing_is_sealed_there_is_no_key_to_keep(place: Place) -> None:
    assert "key" not in members(place.backup(with_key=True))


def test_a_missing_key_is_not_left_out_silently(place: Place) -> None:
    place.house.give_phone(name="ada")
    (place.folder / "key").unlink()
    with pytest.raises(KeyMissing):
        place.backup(with_key=True)


def test_no_key_is_dropped_while_a_backup_with_the_key_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.house.give_phone(name="ada")
    read, said = FolderKeyring.read, []
    monkeypatch.setattr(keyrings, "LOCK_TIMEOUT", 0.0)
    other = FolderKeyring(place.folder, place.folder / "key", lambda: True, lock_timeout=0.0)

    def reading(self: FolderKeyring) -> object:
        with pytest.raises(StoreBusy) as error, other.locked():
            pass
        said.append(error)
        return read(self)

    monkeypatch.setattr(FolderKeyring, "read", reading)
    place.backup(with_key=True)
    assert said


def test_a_damaged_account_is_left_out_and_named(place: Place, empty: Place) -> None:
    account_file(place.folder).write_text("{")
    backup, done = place.backed_up()
    assert done.accounts == 1
    assert [*done.failures] == ["ada"]
    assert isinstance(done.failures["ada"], StoreDamaged)
    assert "it is not JSON" in manifest(backup)["left_out"]["ada"]
    assert [*empty.restore(backup)] == ["ben"]


@pytest.mark.parametrize(("moved", "kept"), [("ada", "zoe"), ("ben", "ben")])
def test_who_is_renamed_meanwhile_is_in_the_backup_once(
    place: Place, empty: Place, monkeypatch: pytest.MonkeyPatch, moved: str, kept: str
) -> None:
    look, renames = FolderStore.read_raw, iter([moved])

    def looking(store: FolderStore, name: str) -> RawAccount:
        contents = look(store, name) if name == "ben" else None
        if name == moved and (old := next(renames, None)):
            place.house.operator.rename(old, "zoe")
        return contents or look(store, name)

    monkeypatch.setattr(FolderStore, "read_raw", looking)
    backup, done = place.backed_up()
    monkeypatch.undo()
    assert done.accounts == 2
    assert came(empty.restore(backup)) == sorted({"ada", "ben"} - {moved} | {kept})


def test_a_list_that_cannot_be_read_is_no_backup(place: Place) -> None:
    (place.folder / "ledger" / "deleted.sqlite").unlink()
    (place.folder / "ledger" / "deleted.sqlite").mkdir()
    with pytest.raises(StoreDamaged):
        place.backup()


def test_an_account_with_the_longest_name_comes_back(place: Place, empty: Place) -> None:
    label = "b" * 61
    name = f"{'a' * 64}@{label}.{label}.example"
    place.house.add(name)
    assert name in empty.restore(place.backup())
    assert name in empty.store.list_names()


# --- what is not believed --------------------------------------------------------------------


def came(facts: dict[str, Told]) -> list[str]:
    return sorted(name for name, one in facts.items() if isinstance(one, RestoredAccount))


def test_a_member_that_was_changed_is_refused_by_name_and_the_rest_comes_back(
    place: Place, empty: Place
) -> None:
    contents = members(place.backup())
    contents["accounts/ada.json"] = contents["accounts/ada.json"].replace(b"Phone", b"Other")
    facts = empty.restore(packed(contents))
    assert str(facts["ada"]) == "accounts/ada.json in the backup is damaged."
    assert came(facts) == ["ben"]


def test_a_member_that_is_missing_is_named(place: Place, empty: Place) -> None:
    contents = members(place.backup())
    del contents["accounts/ada.json"]
    facts = empty.restore(packed(contents))
    assert str(facts["ada"]) == "accounts/ada.json is missing in the backup."
    assert came(facts) == ["ben"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"[" * 100_000, "it is not JSON"),
        (b"{}", "it does not hold exactly one account"),
        (
            "ben",
            "it belongs to an account of another name, ben: if that was being renamed, do it again",
        ),
        ("newer", "its schema is 3, this program reads 1 and 2"),
    ],
)
def test_an_account_that_is_none_is_refused_by_name(
    place: Place, empty: Place, content: bytes | str, why: str
) -> None:
    contents = members(place.backup())
    if content == "ben":
        content = contents["accounts/ben.json"]
    elif content == "newer":
        content = contents["accounts/ada.json"].replace(b'"schema": "1.', b'"schema": "3.')
    assert isinstance(content, bytes)
    facts = empty.restore(packed(resummed({**contents, "accounts/ada.json": content})))
    assert str(facts["ada"]) == f"ada in the backup cannot be read: {why}."
    assert came(facts) == ["ben"]


STRANGE = [
    "../../etc/passwd",
    "/etc/passwd",
    "accounts/../../x.json",
    "accounts/UPPER.json",
    "accounts/.json",
    "usage/../x.json",
    "activity/xyz.jsonl",
    "log",
    "locks/ada.lock",
    "accounts/a\n\x1b[2Jb.json",
]


@pytest.mark.parametrize("known", [False, True])
def test_what_does_not_belong_there_is_named_and_left(
    place: Place, empty: Place, tmp_path: Path, known: bool
) -> None:
    contents = members(place.backup()) | dict.fromkeys(STRANGE, b"x")
    backup = packed(resummed(contents) if known else contents)
    archive = Archive(io.BytesIO(backup))
    assert len(archive.unknown_members) == len(STRANGE)
    assert all(name.isprintable() for name in archive.unknown_members)
    before = {*tmp_path.rglob("*")} - {*empty.folder.rglob("*")}
    assert came(empty.restore(backup)) == ["ada", "ben"]
    assert {*tmp_path.rglob("*")} - {*empty.folder.rglob("*")} == before
    expected = {
        *("accounts/ada.json", "accounts/ben.json", "locks/ada.lock", "locks/ben.lock", "deleted"),
        "locks/.nothing-sealed",
    }
    there = {name for name in empty.files() if not name.startswith("ledger/")}
    assert there - {"reserve"} == expected


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_member_that_is_no_ordinary_file_is_refused(
    place: Place, empty: Place, kind: bytes
) -> None:
    def change(member: tarfile.TarInfo) -> None:
        if member.name == "accounts/ada.json":
            member.type, member.linkname, member.size = kind, "accounts/ben.json", 0

    facts = empty.restore(packed(members(place.backup()), change))
    assert isinstance(facts["ada"], Refused)
    assert came(facts) == ["ben"]


def same_name(member: tarfile.TarInfo) -> None:
    member.name = member.name.replace("xyz", "ada")


def test_a_member_that_is_there_twice_is_refused(place: Place, empty: Place) -> None:
    contents = members(place.backup())
    twice = packed(contents | {"accounts/xyz.json": contents["accounts/ada.json"]}, same_name)
    facts = empty.restore(twice)
    assert isinstance(facts["ada"], Refused)
    assert came(facts) == ["ben"]


def test_a_damaged_list_is_told_and_the_stores_own_counts(place: Place) -> None:
    place.house.operator.delete_app_password("ada", "Phone")
    contents = members(place.backup())
    restore = place.restoring(packed(contents | {"deleted": b"x"}))
    with pytest.raises(Refused, match="deleted in the backup is damaged"):
        restore.merge_deleted_ids()
    assert restore._deleted.of(place.now().uid) == place.now().deleted_ids


def other_manifest(**values: object) -> Callable[[dict[str, bytes]], bytes]:
    def edit(contents: dict[str, bytes]) -> bytes:
        facts = {**json.loads(contents[MANIFEST]), **values}
        return packed({**contents, MANIFEST: json.dumps(facts).encode()})

    return edit


def raw_manifest(content: bytes) -> Callable[[dict[str, bytes]], bytes]:
    return lambda contents: packed({**contents, MANIFEST: content})


NEWER = "The backup was made by a newer apppw-tui; restore it with that one."
DAMAGED = "The manifest of the backup is damaged."


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (other_manifest(apppw_tui_backup=2), NEWER),
        (other_manifest(schema="2.0"), NEWER),
        (other_manifest(schema="0.9"), "The backup was made by an older apppw-tui: "),
        (other_manifest(schema="x"), DAMAGED),
        (other_manifest(apppw_tui_backup=True), DAMAGED),
        (other_manifest(time="yesterday"), DAMAGED),
        (other_manifest(host=7), DAMAGED),
        (other_manifest(members=[]), DAMAGED),
        (other_manifest(members={"accounts/ada.json": 1}), DAMAGED),
        (other_manifest(left_out=None), DAMAGED),
        (raw_manifest(b"[]"), DAMAGED),
        (raw_manifest(b"\xff"), DAMAGED),
        (raw_manifest(b"[" * 100_000), DAMAGED),
        (lambda _: packed({"accounts/ada.json": b"x"}), "The file is no backup, or it was"),
        (lambda _: b"", "The file is no backup."),
        (lambda _: b"no archive at all" * 100, "The file is no backup."),
    ],
)
def test_what_is_no_backup_or_a_newer_one_is_refused_as_a_whole(
    place: Place, empty: Place, edit: Callable[[dict[str, bytes]], bytes], said: str
) -> None:
    before = empty.files()
    with pytest.raises(Refused) as error:
        empty.restore(edit(members(place.backup())))
    assert str(error.value).startswith(said)
    assert empty.files() == before


class Counted(io.BytesIO):
    """Counts what is read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.read_bytes += len(content)
        return content


@pytest.mark.parametrize("begins", [True, False])
def test_what_is_large_and_no_part_of_a_backup_is_not_read(place: Place, begins: bool) -> None:
    backup = place.backup() if begins else b""
    file = Counted(backup + bytes(4 * 1024 * 1024))
    if begins:
        assert Archive(file).accounts == ["ada", "ben"]
    else:
        with pytest.raises(Refused):
            Archive(file)
    assert file.read_bytes <= len(backup) + 1024


@pytest.mark.parametrize("member", ["accounts/ada.json", "accounts/ben.json"])
def test_behind_a_damaged_header_the_rest_comes_back(
    place: Place, empty: Place, member: str
) -> None:
    backup = bytearray(place.backup())
    at = backup.index(member.encode())
    backup[at] ^= 1
    facts = empty.restore(bytes(backup))
    assert str(facts[member[9:12]]) == f"{member} is missing in the backup."
    assert came(facts) == sorted({"ada", "ben"} - {member[9:12]})


def test_a_backup_that_was_cut_short_is_refused(place: Place, empty: Place) -> None:
    backup = place.backup()
    for length in range(0, backup.rindex(MANIFEST.encode()) + 600, 512):
        with pytest.raises(Refused, match=r"cut short|damaged|no backup"):
            empty.restore(backup[:length])
    assert empty.store.list_names() == []


@pytest.mark.parametrize("turns", [150, pytest.param(5000, marks=pytest.mark.slow)])
def test_however_a_backup_is_damaged_nothing_wrong_comes_back(
    place: Place, tmp_path: Path, turns: int
) -> None:
    backup = place.backup()
    random = Random(turns)
    refused = whole = 0
    right = {name: place.house.now(name).password_hash for name in ("ada", "ben")}
    target = Place(tmp_path / "target")
    for _ in range(turns):
        damaged = bytearray(backup)
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(damaged))
            damaged[at : at + random.randrange(1, 3)] = random.randbytes(random.randrange(3))
        try:
            facts = target.restore(bytes(damaged))
        except ApppwError:
            refused += 1
            continue
        whole += len(came(facts)) == 2
        for name in target.store.list_names():
            assert target.house.now(name).password_hash == right[name]
            account_file(target.folder, name).unlink()
    assert 0 < refused < turns
    assert whole


def test_neither_side_holds_more_than_names_and_sums() -> None:
    count = 3000
    accounts = {f"accounts/user{number}.json": b"{}" for number in range(count)}
    facts = {"apppw_tui_backup": 1, "schema": SCHEMA, "time": "2026-11-22T12:00:00Z", "host": "x"}
    facts |= {"left_out": {}, "members": dict.fromkeys(accounts, "0" * 64)}
    backup = io.BytesIO(packed({**accounts, MANIFEST: json.dumps(facts).encode()}))
    tracemalloc.start()
    try:
        archive = Archive(backup)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(archive.accounts) == count
    assert most / count < 730, "bytes for each member"
