"""Opening a store: whose it is, who may open it, and on what kind of disk (SAFETY 10)."""

import os
import pwd
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import CopyUnfinished, StoreUnusable
from apppw_tui.domain.lines import lines
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import files

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from apppw_tui.store.folder.accounts import FolderStore

# Where flock or rename do not keep their word between machines.
_NETWORK = {"9p", "afs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs"} | {
    *("nfs4", "ocfs2", "smb2", "smb3", "smbfs"),
    *("fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
}
ACCOUNTS, LOCKS, SUFFIX = "accounts", "locks", ".json"
_INNER = (ACCOUNTS, LOCKS)
ENFORCED = "enforced"  # the folder in it that FolderEnforcements keeps
_MOUNTS = Path("/proc/self/mountinfo")
# While that file is there, no account holds a sealed value.
UNSEALED = ".nothing-sealed"


# While that file is there, a copy of all accounts into the store is not finished.
COPY_MARK = ".copy-unfinished"
CREDENTIAL = "apppw-tui-key"


def open_store(folder: Path, *, create: bool = False) -> "FolderStore":
    """The store in `folder`, once `check_store` has let it pass. Raises StoreUnusable."""
    from apppw_tui.store.folder.accounts import FolderStore  # what only looks needs none of it

    return FolderStore(check_store(folder, create=create))


def check_store(folder: Path, *, create: bool = False, holds_accounts: bool = True) -> Path:
    """Returns the whole path of a store that may be used; with `create`, made if it is missing.

    A process of uid 0 becomes the store's owner first, so that no file in it ends up root's. What
    root makes where somebody is at home, as the portal's user is, becomes theirs. False for
    `holds_accounts` says that they are elsewhere: there may be some of which nothing is told here.

    Raises:
        StoreUnusable: missing, not a folder, a link, on a network file system, writable by
            others, or another person's; the sentence says what to do.
    """
    folder = Path(os.path.abspath(folder))
    if create:
        _make(folder)
    try:
        status = folder.lstat()
    except FileNotFoundError:
        raise StoreUnusable(f"There is no store at {folder}.") from None
    except OSError as error:
        raise files.store_error(folder, error) from None
    _drop_privileges(folder, status.st_uid, status.st_gid)
    files.check_folder(folder)
    for inner in _INNER:
        if os.path.lexists(folder / inner):
            files.check_folder(folder / inner)
    marker = folder / ENFORCED
    if marker.is_dir() and not marker.is_symlink():
        files.check_folder(marker)  # what is no folder hinders those alone who need it
    kind = _file_system(status.st_dev)
    if kind in _NETWORK:
        raise StoreUnusable(
            f"{folder} is on a network file system ({kind}); keep it on a local disk."
        )
    if create:
        # Where there are accounts already, it has to be made of what they say.
        fresh = holds_accounts and not os.path.lexists(folder / ACCOUNTS)
        for name in (*([ENFORCED] if fresh else []), ACCOUNTS, LOCKS):
            files.make_folder(folder / name)
        _mark_unsealed(folder)
    return folder


def _mark_unsealed(folder: Path) -> None:
    """Says that nothing is sealed, in a store that has no account yet.

    The first value that is sealed then needs no look at all accounts. Without the mark, as in a
    store of an earlier version, nobody knows.
    """
    if has_accounts(folder):
        return
    path = folder / LOCKS / UNSEALED
    try:
        with files.opened_to_append(path):
            pass
    except OSError:
        return  # it spares a look, and is needed by nobody
    if has_accounts(folder):  # one that was made meanwhile may hold what is sealed
        files.remove(path)


def is_unsealed(folder: Path) -> bool:
    """True if no account of the store in `folder` holds a sealed value; False: nobody knows."""
    return os.path.lexists(folder / LOCKS / UNSEALED)


def has_accounts(folder: Path) -> bool:
    """True if there is any account; costs the same however many there are. Raises StoreUnusable."""
    return next(account_names(folder), None) is not None


def account_names(folder: Path) -> Iterator[str]:
    """The names of the accounts of that store, in any order, without holding them all.

    Raises:
        StoreUnusable: what is read there may be somebody else's, or there is nothing.
    """
    accounts = folder / ACCOUNTS
    files.check_folder(folder)
    files.check_folder(accounts)
    try:
        with os.scandir(accounts) as entries:
            for entry in entries:
                name = entry.name.removesuffix(SUFFIX)
                if name != entry.name and is_account_name(name):
                    yield name
    except OSError as error:
        raise files.store_error(accounts, error) from None


def has_copy_mark(folder: Path) -> bool:
    """True if a copy into the store in `folder` is not finished."""
    return os.path.lexists(folder / COPY_MARK)


def require_no_copy(folder: Path) -> None:
    """Raises CopyUnfinished if a copy into the store in `folder` is not finished."""
    if has_copy_mark(folder):
        raise CopyUnfinished


def is_owned_by_me(folder: Path) -> bool:
    """True if the store in `folder` is, or would be, the present user's own."""
    try:
        return folder.lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _make(folder: Path) -> None:
    if os.path.lexists(folder):
        return  # root of a unit, without all its rights, cannot look into it yet
    files.make_folder(folder)
    if os.geteuid() != 0:
        return
    somebody = resident(folder)
    if somebody is not None:
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)


def resident(folder: Path) -> pwd.struct_passwd | None:
    """The user who is at home in `folder`, as the portal's is in the server's store."""
    at_home = (somebody for somebody in pwd.getpwall() if Path(somebody.pw_dir) == folder)
    return next(at_home, None)


def _drop_privileges(folder: Path, uid: int, gid: int) -> None:
    if uid == os.geteuid():
        return
    try:
        owner = pwd.getpwuid(uid).pw_name
    except KeyError:
        owner = f"#{uid}"
    if os.geteuid() != 0:
        somebody = resident(folder)
        if somebody is not None and somebody.pw_uid != uid:  # copied back by root, say
            raise StoreUnusable(
                f"{folder} belongs to {owner}, and {somebody.pw_name} is at home there.",
                f"Give it back, as root: {give_back(folder, somebody)}",
            )
        command = shlex.join(["sudo", "-u", owner, "apppw-tui", "--store", str(folder)])
        raise StoreUnusable(f"{folder} belongs to {owner}.", f"Open it with: {command}")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def give_back(folder: Path, to: pwd.struct_passwd) -> str:
    """The command by which root makes the store in `folder`, with all in it, that user's."""
    return shlex.join(["chown", "-hR", f"{to.pw_name}:", str(folder)])


def _file_system(device: int) -> str:
    """The type of the mounted file system with that st_dev; empty where the system does not tell.

    proc(5), /proc/pid/mountinfo: fields are separated by blanks, the type follows a lone dash.
    """
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = lines(_MOUNTS.read_bytes().decode(errors="replace"))
    except OSError:
        return ""
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == wanted:
            return rest.split()[0]
    return ""


def key_path(
    store_folder: Path,
    named: Path | None,
    configured: Path | None,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """The path of the key: `named`, the configuration's, systemd's credential, or in the store.

    systemd.exec(5), LoadCredential=: a file in the folder that $CREDENTIALS_DIRECTORY names.
    """
    chosen = named or configured
    if chosen is not None:
        return chosen
    folder = Path(environment.get("CREDENTIALS_DIRECTORY", ""))
    credential = folder / CREDENTIAL
    if folder.is_absolute() and _may_be_there(credential):
        return credential
    return store_folder / "key"


def _may_be_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # to make another key because this one cannot be reached would split the store
    return True
