"""A repository as it is at one moment: on disk, or at a commit. Everything else reads it through this."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.git.objects import Repository, read_files

WORKTREE = "worktree"


class Snapshot(ABC):
    """Files by path from the root, with `/`."""

    name: str
    """The commit's id, `worktree` for the disk."""

    @abstractmethod
    def read_bytes(self, path: str) -> bytes | None:
        """A file's content; None when it is not there, or is no file. Raises DiskError or GitError."""

    @abstractmethod
    def paths(self, folder: str) -> list[str]:
        """The path of every file below a folder, sorted; none where there is no such folder."""

    @abstractmethod
    def entries(self, folder: str) -> dict[str, str]:
        """What a folder holds, by name, sorted: "" for a file, else what it is (`a folder`). Nothing where there is
        no such folder."""

    @abstractmethod
    def load(self, folders: Collection[str]) -> None:
        """Read whole folders in one go, where that is cheaper than file by file."""

    def read(self, path: str) -> str | None:
        """A file's text, None when it is not there."""
        content = self.read_bytes(path)
        return None if content is None else content.decode("utf-8", "replace")

    def files(self, folder: str) -> dict[str, bytes]:
        """The content of every file below a folder, by path."""
        contents = {path: self.read_bytes(path) for path in self.paths(folder)}
        return {path: content for path, content in contents.items() if content is not None}


class Disk(Snapshot):
    """The working tree at `root`. `known` are contents that were read already."""

    name = WORKTREE

    def __init__(self, root: Path, known: Mapping[str, bytes | None] | None = None) -> None:
        self.root = root
        self._known = known or {}

    def read_bytes(self, path: str) -> bytes | None:
        if path in self._known:
            return self._known[path]
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise DiskError(path, f"cannot be read: {reason_of(error)}") from error

    def paths(self, folder: str) -> list[str]:
        root = os.fspath(self.root)
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
    if entry.is_file():
        return ""
    return "a folder" if entry.is_dir() else "a link to nowhere" if entry.is_symlink() else "no regular file"


class Commit(Snapshot):
    """The tree of a commit, read a folder at a time. `known` are contents that were read already."""

    def __init__(self, repository: Repository, id: str, known: Mapping[str, bytes | None] | None = None) -> None:
        self.name = id
        self._repository = repository
        self._known = known or {}
        self._read: dict[str, bytes] = {}
        self._folders: set[str] = set()

    def read_bytes(self, path: str) -> bytes | None:
        if path in self._known:
            return self._known[path]
        folder = path.rpartition("/")[0]
        self.load([folder] if folder else [path])
        return self._read.get(path)

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
