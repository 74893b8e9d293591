"""Opening a store: whose it is, who may open it, and on what kind of disk (SAFETY 10)."""

import os
import pwd
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.lines import lines
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import files

if TYPE_CHECKING:
    from apppw_tui.store.folder.accounts import FolderStore

# Where flock or rename do not keep their word between machines.
_NETWORK = {"9p", "afs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs"} | {
    *("nfs4", "ocfs2", "smb2", "smb3", "smbfs"),
    *("fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
}
ACCOUNTS, SUFFIX = "accounts", ".json"
_INNER = (ACCOUNTS, "locks")
ENFORCED = "enforced"  # the folder in it that FolderEnforcements keeps
_MOUNTS = Path("/proc/self/mountinfo")


def open_store(folder: Path, *, create: bool = False) -> "FolderStore":
    """The store in `folder`, once `check_store` has let it pass. Raises StoreUnusable."""
    from apppw_tui.store.folder.accounts import FolderStore  # what only looks needs none of it

    return FolderStore(check_store(folder, create=create))


def check_store(folder: Path, *, create: bool = False) -> Path:
    """Returns the whole path of a store that may be used; with `create`, made if it is missing.

    A process of uid 0 becomes the store's owner first, so that no file in it ends up root's. What
    root makes where somebody is at home, as the portal's user is, becomes theirs.

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
        fresh = not os.path.lexists(folder / "accounts")
        for name in (*([ENFORCED] if fresh else []), "accounts", "locks"):
            files.make_folder(folder / name)
    return folder


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


def is_owned_by_me(folder: Path) -> bool:
    """True if the store in `folder` is, or would be, the present user's own."""
    try:
        return folder.lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _make(folder: Path) -> None:
    there = os.path.lexists(folder)
    files.make_folder(folder)
    if there or os.geteuid() != 0:
        return
    for somebody in pwd.getpwall():
        if Path(somebody.pw_dir) == folder:
            os.chown(folder, somebody.pw_uid, somebody.pw_gid)
            return


def _drop_privileges(folder: Path, uid: int, gid: int) -> None:
    if uid == os.geteuid():
        return
    try:
        owner = pwd.getpwuid(uid).pw_name
    except KeyError:
        owner = f"#{uid}"
    if os.geteuid() != 0:
        command = shlex.join(["sudo", "-u", owner, "apppw-tui", "--store", str(folder)])
        raise StoreUnusable(f"{folder} belongs to {owner}.", f"Open it with: {command}")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


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
