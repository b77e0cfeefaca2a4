"""A repository as it is at one moment: on disk, or at a commit. Everything else reads it through this."""

from __future__ import annotations

import contextlib
import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.regular import RegularFiles, read_any_regular
from llmstack.errors import FoundError, IrregularFileError
from llmstack.kustomize.reached import Reached
from llmstack.kustomize.texts import irregular_file
from llmstack.kustomize.trust import TOPS, follow

WORKTREE = "worktree"
FOLDERS = ("base", "overlays", "custom", "clusters", "facts", "values")
"""What belongs to llmstack in a repository."""


class Snapshot(ABC):
    """Files by path from the root, with `/`."""

    name: str
    """The commit's id, `worktree` for the disk."""

    tops: Collection[str] | None = TOPS
    """The folders that a build may read; None for all of a repository that llmstack did not make."""

    @abstractmethod
    def read_regular(self, path: str) -> bytes | None:
        """A file's content; None when nothing is there, or a folder.

        Raises IrregularFileError for what is no regular file of the tree, DiskError or GitError.
        """

    @abstractmethod
    def resolve(self, path: str) -> str:
        """The path that is left when links are followed; raises IrregularFileError where they lead out."""

    @abstractmethod
    def paths(self, folder: str) -> list[str]:
        """The path of every file below a folder, sorted; none where there is no such folder. Whether one is a regular
        file is known when it is read."""

    @abstractmethod
    def entries(self, folder: str) -> dict[str, str]:
        """What a folder holds, by name, sorted: "" for a file, else what it is (`a folder`). Nothing where there is
        no such folder. Whether a file is a regular one is known when it is read."""

    @abstractmethod
    def load(self, folders: Collection[str]) -> None:
        """Read whole folders in one go, where that is cheaper than file by file."""

    def read_bytes(self, path: str) -> bytes | None:
        """The same; raises FoundError, with the finding, for what is no regular file of the tree."""
        try:
            return self.read_regular(path)
        except IrregularFileError as error:
            raise FoundError([irregular_file(path, error)]) from error

    def look_through(self, folders: Collection[str], earlier: Reached | None = None) -> Reached:
        """What kustomize would read to build these folders, and what it must not; `earlier` is what it would read in
        another tree, without a finding."""
        self.load({"base", "custom"} | {"/".join(path.split("/")[:2]) for path in folders})
        return follow(self.read_regular, folders, self.resolve, self.tops, earlier)

    def read(self, path: str) -> str | None:
        """A file's text, None when it is not there."""
        content = self.read_bytes(path)
        return None if content is None else content.decode("utf-8", "replace")

    def files(self, folder: str) -> dict[str, bytes]:
        """The content of every regular file below a folder, by path."""
        found = {}
        for path in self.paths(folder):
            with contextlib.suppress(IrregularFileError):
                content = self.read_regular(path)
                if content is not None:
                    found[path] = content
        return found


def _nothing_known(path: str) -> None:
    """Nothing was read before."""


class Disk(Snapshot):
    """The working tree at `root`. `known` are contents that need not be read, None for those that it does not know."""

    name = WORKTREE

    def __init__(
        self,
        root: Path,
        known: Callable[[str], bytes | None] = _nothing_known,
        *,
        tops: Collection[str] | None = TOPS,
    ) -> None:
        self.root = root
        self.tops = tops
        self._files = RegularFiles(root)
        self._known = known
        self.read_paths: set[str] = set()
        """Of every file that was asked for, there or not."""

    def read_regular(self, path: str) -> bytes | None:
        known = self._known(path)
        if known is not None:
            return known
        self.read_paths.add(path)
        try:
            return read_any_regular(path) if os.path.isabs(path) else self._files.read_unless_folder(path)
        except OSError as error:
            raise DiskError(path, f"cannot be read: {reason_of(error)}") from error

    def resolve(self, path: str) -> str:
        return self._files.resolve(path)

    def paths(self, folder: str) -> list[str]:
        root = os.fspath(self.root)
        if not self._files.holds(folder):
            return []
        found = []
        for top, _, names in os.walk(os.path.join(root, folder)):
            place = os.path.relpath(top, root).replace(os.sep, "/")
            found += [f"{place}/{name}" for name in names]
        return sorted(found)

    def entries(self, folder: str) -> dict[str, str]:
        try:
            found = sorted(os.scandir(self.root / folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            if error.errno == errno.ELOOP:
                return {}  # a link that leads to itself is no folder
            raise DiskError(folder, f"cannot be listed: {reason_of(error)}") from error
        return {entry.name: _kind(entry) for entry in found}

    def load(self, folders: Collection[str]) -> None:
        """Nothing to do: the disk is read file by file."""


class WithFacts(Snapshot):
    """A snapshot with facts/ as another one has it."""

    def __init__(self, files: Snapshot, facts: Snapshot) -> None:
        self.name = files.name
        self.own = files
        self._facts = facts

    def _of(self, path: str) -> Snapshot:
        return self._facts if path.split("/")[0] == "facts" else self.own

    def read_regular(self, path: str) -> bytes | None:
        return self._of(path).read_regular(path)

    def resolve(self, path: str) -> str:
        return self._of(path).resolve(path)

    def paths(self, folder: str) -> list[str]:
        return self._of(folder).paths(folder)

    def entries(self, folder: str) -> dict[str, str]:
        return self._of(folder).entries(folder)

    def load(self, folders: Collection[str]) -> None:
        self.own.load([folder for folder in folders if self._of(folder) is self.own])


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        is_folder = entry.is_dir()
    except OSError:
        return ""  # a link to itself, or past a folder that is closed to us: what it is is said when it is read
    if is_folder:
        return "a folder"
    return "a link to nowhere" if entry.is_symlink() and not os.path.exists(entry) else ""
