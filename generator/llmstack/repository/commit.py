"""A repository as it is at a commit, read a folder at a time."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Collection, Mapping
from functools import cached_property

from llmstack.errors import IrregularFileError, too_large
from llmstack.git.contents import Blobs, read_links, read_tree
from llmstack.git.objects import REGULAR, Repository, list_entries
from llmstack.repository.links import follow_links
from llmstack.repository.snapshot import FOLDERS, Snapshot

_FOLDER = "040000"


class _Listing:
    """What Git lists of a commit: mode and blob by path."""

    def __init__(self, entries: Mapping[str, tuple[str, str]]) -> None:
        self.entries = entries
        self._order = sorted(entries)

    def below(self, folder: str) -> list[str]:
        """The paths below a folder, "" for all: in order they stand together, before what follows `/` in ASCII, `0`."""
        if not folder:
            return self._order
        return self._order[bisect_left(self._order, f"{folder}/") : bisect_left(self._order, f"{folder}0")]


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
        return read_links(self._ours.entries, self._blobs)

    def paths(self, folder: str) -> list[str]:
        top = self._resolve_inside(folder)
        if top is None:
            return []
        if top:
            self.load([top])  # what lists all of a folder reads it next; all of the root may be large
        links = [path for path in self._links if path.startswith(f"{top}/") and self._leads_to_file(path)]
        return sorted(folder + path[len(top) :] for path in [*self._regular(top), *links])

    def entries(self, folder: str) -> dict[str, str]:
        if folder not in self._entries_of:
            self._entries_of[folder] = self._find_entries(folder)
        return self._entries_of[folder]

    def _find_entries(self, folder: str) -> dict[str, str]:
        top = self._resolve_inside(folder)
        if top is None:
            return {}
        below = [path[len(top) + 1 :].partition("/") for path in self._regular(top)]
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
        found: dict[str, tuple[str, str]] = {}
        for folder in folders:
            entries = self._listing(folder).entries
            found |= {path: entries[path] for path in (folder, *self._below(folder)) if path in entries}
        return found

    def _below(self, folder: str) -> list[str]:
        return self._listing(folder).below(folder)

    def _listing(self, path: str) -> _Listing:
        """One that has all there is at and below a path: Git is asked three times at most, whatever is read."""
        top = path.split("/")[0]
        if top in FOLDERS:
            return self._ours
        mode, _ = self._root.entries.get(top, ("", ""))
        return self._all if mode == _FOLDER or not path else self._root

    @cached_property
    def _ours(self) -> _Listing:
        """What is in the folders that belong to llmstack."""
        return _Listing(list_entries(self._repository, self.name, FOLDERS))

    @cached_property
    def _root(self) -> _Listing:
        """What is in the root itself."""
        return _Listing(list_entries(self._repository, self.name, recursive=False))

    @cached_property
    def _all(self) -> _Listing:
        return _Listing(list_entries(self._repository, self.name))

    def _regular(self, folder: str) -> list[str]:
        """The regular files below a folder."""
        entries = self._listing(folder).entries
        return [path for path in self._below(folder) if entries[path][0] in REGULAR]

    def _resolve_inside(self, path: str) -> str | None:
        try:
            return self.resolve(path)
        except IrregularFileError:
            return None

    def _leads_to_file(self, link: str) -> bool:
        target = self._resolve_inside(link)
        if target is None:
            return False
        self.load([posixpath.dirname(target) or target])
        return target in self._read or target in self._large

    def _kind_of_link(self, link: str) -> str:
        if self._resolve_inside(link) is None or self._leads_to_file(link):
            return ""  # what leads out is said when it is read
        return "a folder" if self.paths(link) else "a link to nowhere"

    def _is_loaded(self, folder: str) -> bool:
        while folder and folder not in self._folders:
            folder = folder.rpartition("/")[0]
        return bool(folder)
