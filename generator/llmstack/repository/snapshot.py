"""A repository as it is at one moment: on disk, or at a commit. Everything else reads it through this."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.regular import RegularFiles, read_any_regular
from llmstack.errors import FoundError, IrregularFileError, too_large
from llmstack.git.contents import Blobs, read_links, read_tree
from llmstack.git.objects import Repository, list_entries
from llmstack.kustomize.reached import Reached
from llmstack.kustomize.trust import TOPS, follow, irregular_file
from llmstack.repository.links import follow_links

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
        self._files = files
        self._facts = facts

    def _of(self, path: str) -> Snapshot:
        return self._facts if path.split("/")[0] == "facts" else self._files

    def read_regular(self, path: str) -> bytes | None:
        return self._of(path).read_regular(path)

    def resolve(self, path: str) -> str:
        return self._of(path).resolve(path)

    def paths(self, folder: str) -> list[str]:
        return self._of(folder).paths(folder)

    def entries(self, folder: str) -> dict[str, str]:
        return self._of(folder).entries(folder)

    def load(self, folders: Collection[str]) -> None:
        self._files.load([folder for folder in folders if self._of(folder) is self._files])


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        is_folder = entry.is_dir()
    except OSError:
        return ""  # a link to itself, or past a folder that is closed to us: what it is is said when it is read
    if is_folder:
        return "a folder"
    return "a link to nowhere" if entry.is_symlink() and not os.path.exists(entry) else ""


class Commit(Snapshot):
    """The tree of a commit, read a folder at a time. `blobs` may be shared with others of its repository."""

    def __init__(self, repository: Repository, id: str, blobs: Blobs | None = None) -> None:
        self.name = id
        self._repository = repository
        self._blobs = blobs or Blobs(repository)
        self._read: dict[str, bytes] = {}
        self._large: dict[str, int] = {}
        self._folders: set[str] = set()
        self._entries_of: dict[str, dict[str, str]] = {}

    def read_regular(self, path: str) -> bytes | None:
        found = self.resolve(path)
        if found not in self._read:
            folder = posixpath.dirname(found)
            self.load([folder or found])
        if found in self._large:
            raise too_large(self._large[found])
        return self._read.get(found)

    def held(self, path: str) -> bytes | None:
        """The content of a regular file, no link followed, where it was read already; None otherwise."""
        return self._read.get(path)

    def resolve(self, path: str) -> str:
        return follow_links(path, self._links) if self._links else path

    @cached_property
    def _links(self) -> dict[str, str]:
        return read_links(self._listed, self._blobs)

    @cached_property
    def _listed(self) -> dict[str, tuple[str, str]]:
        """What is in the folders that belong to llmstack: mode and blob by path."""
        return list_entries(self._repository, self.name, FOLDERS)

    def paths(self, folder: str) -> list[str]:
        top = self._resolve_inside(folder)
        if top is None:
            return []
        links = [path for path in self._links if path.startswith(f"{top}/") and self._leads_to_file(path)]
        return sorted(folder + path[len(top) :] for path in [*self._held(top), *links])

    def entries(self, folder: str) -> dict[str, str]:
        if folder not in self._entries_of:
            self._entries_of[folder] = self._find_entries(folder)
        return self._entries_of[folder]

    def _find_entries(self, folder: str) -> dict[str, str]:
        top = self._resolve_inside(folder)
        if top is None:
            return {}
        below = [path[len(top) + 1 :].partition("/") for path in self._held(top)]
        found = {name: "a folder" if rest else "" for name, _, rest in below}
        for path in self._links:
            if posixpath.dirname(path) == top:
                found[posixpath.basename(path)] = self._kind_of_link(path)
        return dict(sorted(found.items()))

    def load(self, folders: Collection[str]) -> None:
        missing = [folder for folder in folders if not self._is_loaded(folder)]
        if missing:
            tree = read_tree(self._entries(missing), self._blobs)
            self._read |= tree.files
            self._large |= tree.large
            self._folders |= set(missing)

    def _entries(self, folders: Collection[str]) -> dict[str, tuple[str, str]]:
        """What is below these folders, or stands at these paths."""
        if any(folder.split("/")[0] not in FOLDERS for folder in folders):
            return list_entries(self._repository, self.name, folders)
        found = [path for folder in folders for path in (folder, *self._below(folder)) if path in self._listed]
        return {path: self._listed[path] for path in found}

    @cached_property
    def _in_order(self) -> list[str]:
        """The paths of `_listed`, sorted: those of a folder stand together, before what follows `/` in ASCII, `0`."""
        return sorted(self._listed)

    def _below(self, folder: str) -> list[str]:
        """Of the paths of `_listed`, those below a folder."""
        order = self._in_order
        return order[bisect_left(order, f"{folder}/") : bisect_left(order, f"{folder}0")]

    def _held(self, folder: str, *files: str) -> list[str]:
        """The regular files below a folder, and those named."""
        self.load([folder] if folder else files)
        if folder.split("/")[0] in FOLDERS:
            return [path for path in self._below(folder) if path in self._read or path in self._large]
        top = f"{folder}/" if folder else ""
        return [path for held in (self._read, self._large) for path in held if path.startswith(top)]

    def _resolve_inside(self, path: str) -> str | None:
        try:
            return self.resolve(path)
        except IrregularFileError:
            return None

    def _leads_to_file(self, link: str) -> bool:
        target = self._resolve_inside(link)
        return target is not None and target in self._held(posixpath.dirname(target), target)

    def _kind_of_link(self, link: str) -> str:
        if self._resolve_inside(link) is None or self._leads_to_file(link):
            return ""  # what leads out is said when it is read
        return "a folder" if self.paths(link) else "a link to nowhere"

    def _is_loaded(self, folder: str) -> bool:
        while folder and folder not in self._folders:
            folder = folder.rpartition("/")[0]
        return bool(folder)
