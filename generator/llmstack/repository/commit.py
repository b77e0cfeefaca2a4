"""A repository as it is at a commit, read a folder at a time."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Collection
from functools import cached_property

from llmstack.errors import IrregularFileError, too_large
from llmstack.git.contents import Blobs, read_links, read_tree
from llmstack.git.objects import Repository, list_entries, split
from llmstack.git.process import run_git
from llmstack.repository.links import follow_links
from llmstack.repository.snapshot import FOLDERS, Snapshot


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
            there = [folder for folder in folders if folder.split("/")[0] in self._tops]
            return list_entries(self._repository, self.name, there) if there else {}
        found = [path for folder in folders for path in (folder, *self._below(folder)) if path in self._listed]
        return {path: self._listed[path] for path in found}

    @cached_property
    def _tops(self) -> set[str]:
        """The names in the root: of a path that begins with another one Git need not be asked. `.` and `..` are left to
        Git."""
        listed = split(run_git(self._repository, ["ls-tree", "-z", "--name-only", self.name]))
        return {".", "..", "", *listed}

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
