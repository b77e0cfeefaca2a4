"""Two snapshots of a repository, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.finding import Finding, sort_findings
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
from llmstack.tree.secrets import UNIT as SECRETS
from llmstack.tree.units import unit_folders

FOLDERS = ("base", "overlays", "custom", "clusters", "facts", "values")


@dataclass(frozen=True)
class Comparison:
    """Two sides, and the paths that differ between them."""

    before: Snapshot
    after: Snapshot
    changed: frozenset[str]
    prefix: str = ""
    """The folder of the tree in its Git repository, with `/` at its end; empty for the root."""
    is_generated: bool = False
    """Whether the later side is as `gen` would write it."""


def open_comparison(root: Path, before: str | None, after: str | None) -> Comparison:
    """Compare two revisions of the repository at `root`: from the merge base with the default branch, to the working
    tree, unless said otherwise. Raises GitError outside Git and for what Git does not know, UsageError in a folder that
    is not the root of such a tree."""
    repository = find_repository(root)
    if repository is None:
        raise GitError(f"{root} is not in a Git repository: a review compares two of its revisions")
    old = resolve_revision(repository, before) if before else find_merge_base(repository)
    new = resolve_revision(repository, after) if after and after != WORKTREE else None
    differing = read_differences(repository, old, new, FOLDERS, working_files(root))
    if not differing and not any((root / folder).is_dir() for folder in FOLDERS):
        raise UsageError(
            f"{root} holds none of {', '.join(FOLDERS)}: run it in the root of the tree, or name that with -C"
        )
    known = {path: pair.after for path, pair in differing.items() if new or pair.after is not None}
    return Comparison(
        Commit(repository, old, {path: pair.before for path, pair in differing.items()}),
        Commit(repository, new, known) if new is not None else Disk(root, known),
        frozenset(differing),
        prefix=f"{repository.root.relative_to(repository.top).as_posix()}/".removeprefix("./"),
    )


def working_files(root: Path) -> Callable[[str], bytes | None]:
    """What reads a regular file of the working tree; what is none is not there, as it is for Git."""
    disk = Disk(root)

    def read(path: str) -> bytes | None:
        try:
            return disk.read_regular(path) if disk.resolve(path) == path else None
        except IrregularFileError:
            return None

    return read


def find_affected(comparison: Comparison) -> dict[str, list[str]]:
    """The units whose build may differ, by environment. Raises FoundError where one of them is not safe to build."""
    environments = _environments(comparison)
    for side in (comparison.before, comparison.after):
        refuse_unsafe(side, environments)
    folders = {path.rpartition("/")[0] for path in comparison.changed if path.startswith(("overlays/", "custom/"))}
    for side in (comparison.before, comparison.after):
        side.load(folders)
    return affected_units(
        comparison.changed,
        environments,
        Side(comparison.before.read, partial(unit_folders, comparison.before.read)),
        Side(comparison.after.read, partial(unit_folders, comparison.after.read)),
    )


def refuse_unsafe(side: Snapshot, environments: Iterable[str]) -> None:
    """Raise FoundError where the units of these environments refer to what a build must not read.

    Nothing is built before. What the aggregates list is followed, and secrets/, which may be in none.
    """
    folders = [f"overlays/{name}{unit}" for name in environments for unit in ("", f"/{SECRETS}")]
    findings = side.look_through(folders).findings
    if findings:
        raise FoundError([_at(finding, side) for finding in sort_findings(findings)])


def _at(finding: Finding, side: Snapshot) -> Finding:
    """A finding on a revision that is not on disk says which."""
    return finding if side.name == WORKTREE else replace(finding, message=f"{finding.message} (at {side.name[:10]})")


def _environments(comparison: Comparison) -> list[str]:
    """Environments that may be affected: those with a changed file; all of them when a file that several may share has
    changed."""
    paths = [path for path in comparison.changed if path.startswith(("overlays/", "custom/")) and path.count("/") > 1]
    named = {path.split("/")[1] for path in paths}
    generated = {name for side in (comparison.before, comparison.after) for name in generated_environments(side)}
    shared = any(path.startswith("base/") for path in comparison.changed) or named - generated
    return sorted(generated if shared else named)
