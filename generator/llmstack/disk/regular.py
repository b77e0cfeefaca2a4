"""A file of the repository, read only when it is one: a regular file below the root, of bounded size.

A link is followed where it leads to such a file. A pipe or a device is never opened for reading, so that nothing waits
for it; a folder, a socket, a link out of the repository and a file that is too large are refused as fast.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from msgspec import Struct

from llmstack.disk.listing import read_rest
from llmstack.errors import MAX_BYTES, IrregularFileError, too_large

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_LONGEST = 4096
"""PATH_MAX of Linux (limits.h): how many bytes a path has at most; no other system takes longer ones."""
_IN_A_CIRCLE = "a link that leads to itself"


class RegularFiles:
    """The regular files below a root, as they stand for the time of one run: where paths lead is looked up once."""

    def __init__(self, root: Path) -> None:
        self._top = os.path.realpath(root)
        self._folders: dict[str, _Folder] = {}
        self._resolved: dict[str, str] = {}

    def resolve(self, path: str) -> str:
        """Return the path from the root that is left of `path` when links are followed.

        Raises IrregularFileError where that is outside of the root or in its `.git`, or nowhere: a link to itself.
        """
        if path not in self._resolved:
            self._resolved[path] = self._resolve(path)
        return self._resolved[path]

    def _resolve(self, path: str) -> str:
        target = self._locate(path)
        relative = target[len(self._top) + 1 :] if target.startswith(f"{self._top}{os.sep}") else ""
        if not relative and target != self._top:
            inside = not os.path.isabs(path) and not os.path.normpath(path).startswith(os.pardir)
            raise IrregularFileError(
                "a link that leads out of the repository" if inside else "outside of the repository"
            )
        if ".git" in relative.split(os.sep):
            raise IrregularFileError("a part of Git's own folder")
        return relative

    def holds(self, folder: str) -> bool:
        """Whether a folder is below the root, links followed: no other is to be walked through."""
        try:
            return os.path.isdir(os.path.join(self._top, self.resolve(folder)))
        except IrregularFileError:
            return False

    def read(self, path: str) -> bytes | None:
        """Return the content of the file at `path`; None when nothing is there, a link to nowhere included.

        Raises IrregularFileError for what is no regular file, lies outside of the root or in its `.git`, or has more
        than MAX_BYTES, and OSError for what cannot be read.
        """
        return read_any_regular(os.path.join(self._top, self.resolve(path)))

    def read_unless_folder(self, path: str) -> bytes | None:
        """The same, None for a folder too: what a reference of kustomize leads to may be either."""
        return read_any_regular(os.path.join(self._top, self.resolve(path)), folder_is_none=True)

    def _locate(self, path: str) -> str:
        """Where a path leads on the machine. Each folder is listed once for its links, not each file looked at."""
        path = os.path.normpath(path)
        if len(path) > _LONGEST:
            return os.path.normpath(os.path.join(self._top, path))  # where nothing can be
        folder, name = os.path.split(path)
        found = self._folder(folder)
        target = os.path.join(found.place, name)
        return _follow(target) if name == os.pardir or found.may_link(name) else target

    def _folder(self, path: str) -> _Folder:
        """A folder, whose parents are looked up before it, in a loop: a path may be deeper than calls may be."""
        unknown, above = [], path
        while above not in self._folders and above and not os.path.isabs(above):
            unknown.append(above)
            above = os.path.dirname(above)
        if above not in self._folders:
            self._hold(above, _follow(os.path.join(self._top, above)))
        for each in reversed(unknown):
            self._hold(each, self._locate(each))
        return self._folders[path]

    def _hold(self, path: str, place: str) -> None:
        self._folders[path] = _Folder(place, _links_in(place))


class _Folder(Struct, frozen=True):
    """Where a folder is on the machine, and the names of the symbolic links in it; None where it cannot be listed."""

    place: str
    links: frozenset[str] | None

    def may_link(self, name: str) -> bool:
        return self.links is None or name in self.links


def _follow(path: str) -> str:
    """Where a path leads when links are followed; IrregularFileError where they lead in a circle."""
    found = os.path.realpath(path)
    if os.path.islink(found):  # realpath(3) fails there; Python's gives the link
        raise IrregularFileError(_IN_A_CIRCLE)
    return found


def _links_in(folder: str) -> frozenset[str] | None:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError:
        return None


def read_any_regular(file: str | Path, *, folder_is_none: bool = False) -> bytes | None:
    """Return the content of a file anywhere on the machine, which the user named; raises as `RegularFiles.read`."""
    try:
        found = os.stat(file)
        if folder_is_none and stat.S_ISDIR(found.st_mode):
            return None
        _check(found)
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None  # no file system holds such a name
        if error.errno == errno.ELOOP:
            raise IrregularFileError(_IN_A_CIRCLE) from error
        raise
    try:
        _check(os.fstat(descriptor))
        return read_rest(descriptor, MAX_BYTES)
    finally:
        os.close(descriptor)


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise IrregularFileError(next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "no regular file"))
    if found.st_size > MAX_BYTES:
        raise too_large(found.st_size)
