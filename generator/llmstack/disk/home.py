"""Where llmstack keeps what is never committed: the record of what it wrote, which is also the lock, and
staged files.

Within Git that is `git rev-parse --git-path llmstack`, so each linked working tree has its own; outside Git
it is `.llmstack/` in the root. The record is a text file of digests, one a line, only ever appended to: a
line that a kill cut short matches nothing and is closed off by the next run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from llmstack.disk.error import BusyError, DiskError, reason_of
from llmstack.git.objects import find_repository

LOCAL = ".llmstack"
_RECORD = "written"
_STAGING = "staging"


class Home(Struct, frozen=True):
    """Two folders of a root: `folder` holds the record, `staging` (same file system) new contents."""

    folder: Path
    staging: Path

    @property
    def was_interrupted(self) -> bool:
        """Whether a run was killed and has left its staging folder behind."""
        return os.path.lexists(self.staging)

    def read_record(self) -> frozenset[str]:
        """Return the digests of all that llmstack ever wrote below the root; empty without a record."""
        try:
            return frozenset((self.folder / _RECORD).read_text(encoding="ascii", errors="replace").split("\n"))
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise DiskError(str(self.folder / _RECORD), f"cannot be read: {reason_of(error)}") from error


def find_home(root: Path) -> Home:
    """Return where `root` keeps its record; creates nothing. Raises DiskError when `root` is not
    there, GitError when its `.git` leads nowhere."""
    repository = find_repository(root)
    local = root / LOCAL
    if repository is None:
        return Home(local, local / _STAGING)
    folder = repository.git_dir / "llmstack"
    if repository.root != repository.top:
        folder /= "at-" + quote(repository.root.relative_to(repository.top).as_posix(), safe="")
    try:
        near = os.stat(repository.git_dir).st_dev == os.stat(root).st_dev
    except OSError as error:
        raise DiskError(str(root), f"cannot be read: {reason_of(error)}") from error
    return Home(folder, (folder if near else local) / _STAGING)


@contextlib.contextmanager
def lock(home: Home) -> Iterator[int]:
    """Hold the lock of a run and yield the record's descriptor for `append_record`.

    Raises BusyError at once when another run holds it, DiskError when the record cannot be opened. A record
    that stays empty is removed again, so that a run that failed leaves nothing behind.
    """
    record = _open_record(home)
    try:
        yield record
    finally:
        if os.fstat(record).st_size == 0:
            _remove(home)
        os.close(record)


def append_record(record: int, digests: Iterable[str]) -> None:
    """Add the digests that the record does not have yet. Raises OSError."""
    size = os.fstat(record).st_size
    known = os.pread(record, size, 0)
    have = set(known.decode("ascii", "replace").split("\n"))
    new = [line for line in digests if line not in have]
    if not new:
        return
    start = "" if not known or known.endswith(b"\n") else "\n"
    data = (start + "\n".join(new) + "\n").encode("ascii")
    while data:
        data = data[os.write(record, data) :]


class Stage(Struct):
    """An open staging folder; left behind, empty, as a mark when a run ends while it is `in_use`."""

    descriptor: int
    was_interrupted: bool
    """A killed run had left its own; that has been removed."""
    in_use: bool = False
    """From the first rename to the last."""


@contextlib.contextmanager
def staging_folder(home: Home) -> Iterator[Stage]:
    """Create the staging folder, without what a killed run left in it, and remove it in the end.

    Raises DiskError when it cannot be made.
    """
    interrupted = home.was_interrupted
    try:
        _clear(home)
        if home.staging.parent.name == LOCAL:
            _make_local(home.staging.parent)
        home.staging.mkdir(mode=0o700)
        descriptor = os.open(home.staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        with contextlib.suppress(OSError):
            home.staging.rmdir()
        raise DiskError(str(home.staging), f"cannot be used: {reason_of(error)}") from error
    stage = Stage(descriptor, interrupted)
    try:
        yield stage
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):  # the next run clears what stays
            _clear(home)
            if stage.in_use:
                home.staging.mkdir(mode=0o700)
            elif home.staging.parent != home.folder:
                _remove_local(home.staging.parent)


def _clear(home: Home) -> None:
    """Remove the staging folder; a symbolic link in its place is not followed. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(home.staging)


def _open_record(home: Home) -> int:
    path = home.folder / _RECORD
    try:
        if home.folder.name == LOCAL:
            _make_local(home.folder)
        else:
            home.folder.mkdir(parents=True, exist_ok=True)
        record = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        advice = "llmstack notes there what it writes, so make it writable"
        raise DiskError(str(path), f"cannot be opened: {reason_of(error)}", advice) from error
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(record), os.lstat(path)):
            raise BlockingIOError  # another run removed it as it ended
    except OSError as error:
        os.close(record)
        if isinstance(error, (BlockingIOError, FileNotFoundError)):
            raise BusyError(
                str(path), "another llmstack run is writing here", "run this one again when the other has ended"
            ) from error
        raise DiskError(str(path), f"cannot be locked: {reason_of(error)}") from error
    return record


def _make_local(folder: Path) -> None:
    """`.llmstack/`, with a .gitignore of its own so that it is never committed."""
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if folder.is_symlink():
        raise NotADirectoryError(20, "Is a symbolic link, and those are not followed")
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")


def _remove(home: Home) -> None:
    """Remove an empty record and its folder."""
    with contextlib.suppress(OSError):
        (home.folder / _RECORD).unlink()
        _remove_local(home.folder)


def _remove_local(folder: Path) -> None:
    """Remove `.llmstack/` (or our folder in Git's) when it holds nothing but its .gitignore."""
    with contextlib.suppress(OSError):
        if [entry.name for entry in os.scandir(folder)] == [".gitignore"]:
            (folder / ".gitignore").unlink()
        folder.rmdir()
