"""A repository as it is at one moment: on disk, or at a commit. Everything else reads it through this."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.regular import RegularFiles, read_any_regular
from llmstack.errors import FoundError, IrregularFileError
from llmstack.git.objects import Repository, read_files
from llmstack.kustomize.trust import Reached, follow, irregular_file

WORKTREE = "worktree"


class Snapshot(ABC):
    """Files by path from the root, with `/`."""

    name: str
    """The commit's id, `worktree` for the disk."""

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
        """The path of every file below a folder, sorted; none where there is no such folder."""

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

    def look_through(self, folders: Collection[str]) -> Reached:
        """What kustomize would read to build these folders, and what it must not."""
        self.load({"base", "custom"} | {"/".join(path.split("/")[:2]) for path in folders})
        return follow(self.read_regular, folders, self.resolve)

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


class Disk(Snapshot):
    """The working tree at `root`. `known` are contents that were read already."""

    name = WORKTREE

    def __init__(self, root: Path, known: Mapping[str, bytes | None] | None = None) -> None:
        self.root = root
        self._files = RegularFiles(root)
        self._known = known or {}
        self.read_paths: set[str] = set()
        """Of every file that was asked for, there or not."""

    def read_regular(self, path: str) -> bytes | None:
        if path in self._known:
            return self._known[path]
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
            found += [f"{place}/{name}" for name in names if os.path.isfile(os.path.join(top, name))]
        return sorted(found)

    def entries(self, folder: str) -> dict[str, str]:
        try:
            found = sorted(os.scandir(self.root / folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return {entry.name: _kind(entry) for entry in found}

    def load(self, folders: Collection[str]) -> None:
        """Nothing to do: the disk is read file by file."""


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_dir():
        return "a folder"
    return "a link to nowhere" if entry.is_symlink() and not os.path.exists(entry) else ""


class Commit(Snapshot):
    """The tree of a commit, read a folder at a time. `known` are contents that were read already."""

    def __init__(self, repository: Repository, id: str, known: Mapping[str, bytes | None] | None = None) -> None:
        self.name = id
        self._repository = repository
        self._known = known or {}
        self._read: dict[str, bytes] = {}
        self._folders: set[str] = set()

    def read_regular(self, path: str) -> bytes | None:
        if path in self._known:
            return self._known[path]
        folder = path.rpartition("/")[0]
        self.load([folder] if folder else [path])
        return self._read.get(path)

    def resolve(self, path: str) -> str:
        return path  # links at a commit are no files

    def paths(self, folder: str) -> list[str]:
        self.load([folder])
        return sorted(path for path in self._read if path.startswith(f"{folder}/"))

    def entries(self, folder: str) -> dict[str, str]:
        rest = [path.removeprefix(f"{folder}/") for path in self.paths(folder)]
        return {name: "a folder" if below else "" for name, below, _ in (path.partition("/") for path in rest)}

    def load(self, folders: Collection[str]) -> None:
        missing = [folder for folder in folders if not self._is_loaded(folder)]
        if missing:
            self._read |= read_files(self._repository, self.name, missing)
            self._folders |= set(missing)

    def _is_loaded(self, folder: str) -> bool:
        while folder and folder not in self._folders:
            folder = folder.rpartition("/")[0]
        return bool(folder)
