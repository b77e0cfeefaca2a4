"""The trees that a review compares: the repository at a commit, or as it is on disk, read a folder at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmstack.errors import UsageError
from llmstack.git.objects import (
    GitError,
    Repository,
    find_merge_base,
    find_repository,
    read_differences,
    read_files,
    resolve_revision,
)

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
        """A file's content, None when it is not there."""
        if path in self.known:
            return self.known[path]
        if self.commit is None:
            return _read_file(self.repository.root / path)
        folder = path.rpartition("/")[0]
        if folder not in self._folders and folder.split("/", 1)[0] not in self._folders:
            self.load([folder])
        return self._read.get(path)

    def read(self, path: str) -> str | None:
        """A file's text, None when it is not there."""
        content = self.read_bytes(path)
        return None if content is None else content.decode("utf-8", "replace")

    def load(self, folders: Collection[str]) -> None:
        """Read whole folders in one go; nothing to do for the working tree."""
        missing = [folder for folder in folders if folder not in self._folders]
        if self.commit is not None and missing:
            self._read |= read_files(self.repository, self.commit, missing)
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
        root = self.repository.root
        paths = [path for path in (root / folder).rglob("*") if path.is_file()]
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
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
    repository = find_repository(root)
    if repository is None:
        raise GitError(f"{root} is not in a Git repository: a review compares two of its revisions")
    old = resolve_revision(repository, before) if before else find_merge_base(repository)
    new = resolve_revision(repository, after) if after and after != WORKTREE else None
    differing = read_differences(repository, old, new, FOLDERS)
    if not differing and not any((root / folder).is_dir() for folder in FOLDERS):
        raise UsageError(
            f"{root} holds none of {', '.join(FOLDERS)}: run it in the root of the tree, or name that with -C"
        )
    return Comparison(
        Revision(repository, old, {path: pair.before for path, pair in differing.items()}),
        Revision(repository, new, {path: pair.after for path, pair in differing.items()}),
        frozenset(differing),
    )
