"""Two snapshots of a repository, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.finding import Finding, sort_findings
from llmstack.git.contents import read_differences
from llmstack.git.objects import GitError, find_merge_base, find_repository, resolve_revision
from llmstack.kustomize.affected import Side, affected_units
from llmstack.kustomize.trust import TOPS, Reached
from llmstack.observed.observation import Observation
from llmstack.repository.snapshot import FOLDERS, WORKTREE, Commit, Disk, Snapshot, WithFacts
from llmstack.repository.units import generated_environments
from llmstack.tree.secrets import UNIT as SECRETS
from llmstack.tree.units import unit_folders


@dataclass(frozen=True)
class Comparison:
    """Two sides, and the paths that differ between them."""

    before: Snapshot
    after: Snapshot
    changed: frozenset[str]
    prefix: str = ""
    """The folder of the tree in its Git repository, with `/` at its end; empty for the root."""
    rules: Snapshot | None = None
    """Whose capacity, acknowledgements and facts count, where it is not what is after the change."""
    is_generated: bool = False
    """Whether the later side is as `gen` would write it."""
    seen: Mapping[str, Observation] = field(default_factory=dict)
    """By cluster, as facts/ names it: what is there now, where somebody looked."""


FROM = "FROM"
"""What stands for the review's own first side where a revision is asked for."""


def open_comparison(root: Path, before: str | None, after: str | None, rules: str | None = None) -> Comparison:
    """Compare two revisions of the repository at `root`: from the merge base with the default branch, to the working
    tree, unless said otherwise; by the rules of a third one, where that is said. Raises GitError outside Git and for
    what Git does not know, UsageError in a folder that is not the root of such a tree."""
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
    read = {path: pair for path, pair in differing.items() if not pair.opaque}
    known = {path: pair.after for path, pair in read.items() if pair.after is not None}
    first = Commit(repository, old, {path: pair.before for path, pair in read.items() if pair.before is not None})
    second = Commit(repository, new, known) if new is not None else Disk(root, known)
    ruling = None
    if rules is not None:
        ruling = first if rules == FROM else Commit(repository, resolve_revision(repository, rules))
    return Comparison(
        first,
        second if ruling is None else WithFacts(second, ruling),
        frozenset(differing),
        prefix=f"{repository.root.relative_to(repository.top).as_posix()}/".removeprefix("./"),
        rules=ruling,
    )


def working_files(root: Path) -> Callable[[str], bytes | None]:
    """What reads a regular file of the working tree, and raises IrregularFileError for a link, as it does for all that
    is none."""
    disk = Disk(root)

    def read(path: str) -> bytes | None:
        if disk.resolve(path) != path:
            raise IrregularFileError("a link")
        return disk.read_regular(path)

    return read


def find_affected(comparison: Comparison) -> dict[str, list[str]]:
    """The units whose build may differ, by environment. Raises FoundError where one of them is not safe to build."""
    environments = _environments(comparison)
    before, after = (
        Side(partial(unit_folders, side.read), refuse_unsafe(side, environments))
        for side in (comparison.before, comparison.after)
    )
    return affected_units(comparison.changed, environments, before, after)


def refuse_unsafe(side: Snapshot, environments: Iterable[str]) -> Reached:
    """What builds of these environments read; raises FoundError where that is something that a build must not read.

    Nothing is built before. What the aggregates list is followed, and secrets/, which may be in none.
    """
    folders = [f"overlays/{name}{unit}" for name in environments for unit in ("", f"/{SECRETS}")]
    reached = side.look_through(folders)
    if reached.findings:
        raise FoundError([_at(finding, side) for finding in sort_findings(reached.findings)])
    return reached


def _at(finding: Finding, side: Snapshot) -> Finding:
    """A finding on a revision that is not on disk says which."""
    return finding if side.name == WORKTREE else replace(finding, message=f"{finding.message} (at {side.name[:10]})")


def _environments(comparison: Comparison) -> list[str]:
    """Environments that may be affected: all of them, once a file differs that a build may read. What lies in the
    folder of one may be read by another."""
    if not any(path.split("/")[0] in TOPS for path in comparison.changed):
        return []
    return sorted({name for side in (comparison.before, comparison.after) for name in generated_environments(side)})
