"""Two snapshots of a repository, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from llmstack.errors import UsageError
from llmstack.git.objects import (
    GitError,
    find_merge_base,
    find_repository,
    read_differences,
    resolve_revision,
)
from llmstack.kustomize.affected import Side, affected_units
from llmstack.repository.snapshot import WORKTREE, Commit, Disk, Snapshot
from llmstack.repository.units import generated_environments
from llmstack.tree.units import unit_folders

FOLDERS = ("base", "overlays", "custom", "values")


@dataclass(frozen=True)
class Comparison:
    """Two sides, and the paths that differ between them."""

    before: Snapshot
    after: Snapshot
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
    known = {path: pair.after for path, pair in differing.items()}
    return Comparison(
        Commit(repository, old, {path: pair.before for path, pair in differing.items()}),
        Commit(repository, new, known) if new is not None else Disk(root, known),
        frozenset(differing),
    )


def find_affected(comparison: Comparison) -> dict[str, list[str]]:
    """The units whose build may differ, by environment."""
    folders = {path.rpartition("/")[0] for path in comparison.changed if path.startswith(("overlays/", "custom/"))}
    for side in (comparison.before, comparison.after):
        side.load(folders)
    return affected_units(
        comparison.changed,
        _environments(comparison),
        Side(comparison.before.read, partial(unit_folders, comparison.before.read)),
        Side(comparison.after.read, partial(unit_folders, comparison.after.read)),
    )


def _environments(comparison: Comparison) -> list[str]:
    """Environments that may be affected: those with a changed file; all of them when a file that several may share has
    changed."""
    paths = [path for path in comparison.changed if path.startswith(("overlays/", "custom/")) and path.count("/") > 1]
    named = {path.split("/")[1] for path in paths}
    generated = {name for side in (comparison.before, comparison.after) for name in generated_environments(side)}
    shared = any(path.startswith("base/") for path in comparison.changed) or named - generated
    return sorted(generated if shared else named)
