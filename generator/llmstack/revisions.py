"""The trees that a review compares: the repository at a commit, or as it is on disk, read a folder at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from llmstack import gitio
from llmstack.disk.regular import RegularFiles
from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.gitio import GitError, Repository
from llmstack.kustomize.trust import Reached, follow, irregular_file

WORKTREE = "worktree"
GENERATED = ("base", "overlays", "custom")
FOLDERS = (*GENERATED, "values")


@dataclass(eq=False)
class Revision:
    """One side of a comparison. Files are read a folder at a time, or many at once after `load`."""

    repository: Repository
    commit: str | None
    """None for the working tree."""
    known: Mapping[str, bytes | None] = field(default_factory=dict)
    """Contents by path that are known already: of the files that differ."""
    _read: dict[str, bytes] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.commit or WORKTREE

    def read_bytes(self, path: str) -> bytes | None:
        """A file's content, None when it is not there. Raises FoundError for what is no regular file of the tree."""
        try:
            return self.read_regular(path)
        except IrregularFileError as error:
            raise FoundError([irregular_file(path, error)]) from error

    def read_regular(self, path: str) -> bytes | None:
        """The same; raises IrregularFileError."""
        if path in self.known:
            return self.known[path]
        if self.commit is None:
            return _read_file(self._disk, path)
        folder = path.rpartition("/")[0]
        if not self._is_loaded(folder):
            self.load([folder])
        return self._read.get(path)

    def _is_loaded(self, folder: str) -> bool:
        """Whether a folder was read, or one above it."""
        while folder and folder not in self._folders:
            folder = folder.rpartition("/")[0]
        return bool(folder)

    def read(self, path: str) -> str | None:
        """A file's text, None when it is not there."""
        content = self.read_bytes(path)
        return None if content is None else content.decode("utf-8", "replace")

    def look_through(self, folders: Collection[str]) -> Reached:
        """What kustomize would read to build these folders at this revision, and what it must not."""
        self.load({"base", "custom"} | {"/".join(path.split("/")[:2]) for path in folders})
        if self.commit is not None:
            return follow(self.read_regular, folders)
        return follow(self.read_regular, folders, self._disk.resolve)

    def load(self, folders: Collection[str]) -> None:
        """Read whole folders in one go; nothing to do for the working tree."""
        missing = [folder for folder in folders if not self._is_loaded(folder)]
        if self.commit is not None and missing:
            self._read |= gitio.read_files(self.repository, self.commit, missing)
            self._folders |= set(missing)

    def custom_units(self, environment: str) -> list[str]:
        """Units that people build on at this revision: folders of custom/<env>/ with a kustomization."""
        top = f"custom/{environment}/"
        names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
        return sorted(
            path.removeprefix(top).rpartition("/")[0]
            for path in self.files(top.rstrip("/"))
            if path.rpartition("/")[2] in names and path.count("/") > 2
        )

    def files(self, folder: str) -> dict[str, bytes]:
        """Every file below a folder, by path."""
        if self.commit is not None:
            self.load([folder])
            return {path: content for path, content in self._read.items() if path.startswith(f"{folder}/")}
        return dict(self._read_folder(folder))

    @cached_property
    def _disk(self) -> RegularFiles:
        return RegularFiles(self.repository.root)

    def _read_folder(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Every file below a folder of the working tree; what is no regular file of the tree is left out."""
        root = self.repository.root
        for path in (root / folder).rglob("*") if self._disk.holds(folder) else ():
            name = path.relative_to(root).as_posix()
            with contextlib.suppress(IrregularFileError):
                content = _read_file(self._disk, name)
                if content is not None:
                    yield name, content


def _read_file(files: RegularFiles, path: str) -> bytes | None:
    try:
        return files.read_unless_folder(path)
    except OSError as error:
        raise GitError(f"{path} cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class Comparison:
    """Two sides, and the paths that differ between them."""

    before: Revision
    after: Revision
    changed: frozenset[str]


def open_comparison(root: Path, before: str | None, after: str | None) -> Comparison:
    """Compare two revisions of the repository at `root`: from the merge base with the default branch, to the working
    tree, unless said otherwise. Raises GitError outside Git and for what Git does not know, UsageError in a folder that
    is not the root of such a tree."""
    repository = gitio.find_repository(root)
    if repository is None:
        raise GitError(f"{root} is not in a Git repository: a review compares two of its revisions")
    old = gitio.resolve_revision(repository, before) if before else gitio.find_merge_base(repository)
    new = gitio.resolve_revision(repository, after) if after and after != WORKTREE else None
    differing = gitio.read_differences(repository, old, new, FOLDERS)
    if not differing and not any((root / folder).is_dir() for folder in FOLDERS):
        raise UsageError(
            f"{root} holds none of {', '.join(FOLDERS)}: run it in the root of the tree, or name that with -C"
        )
    return Comparison(
        Revision(repository, old, {path: pair.before for path, pair in differing.items()}),
        Revision(
            repository, new, {path: pair.after for path, pair in differing.items() if new or pair.after is not None}
        ),
        frozenset(differing),
    )
