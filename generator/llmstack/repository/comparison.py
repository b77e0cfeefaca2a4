"""Two snapshots of a repository, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.cores import Task, beside
from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.finding import Finding, sort_findings
from llmstack.git.contents import Blobs, Difference, read_differences
from llmstack.git.objects import GitError, find_merge_base, find_repository, resolve_revision
from llmstack.kustomize.affected import Side, affected_units
from llmstack.kustomize.reached import Reached
from llmstack.kustomize.trust import TOPS
from llmstack.repository.commit import Commit
from llmstack.repository.snapshot import FOLDERS, WORKTREE, Disk, Snapshot, WithFacts
from llmstack.repository.units import former_folders, generated_environments
from llmstack.sync.local import SOURCEIGNORE
from llmstack.tree.units import SECRETS, SOPS_RULES, unit_folders

if TYPE_CHECKING:
    from llmstack.observed.observation import Observation
    from llmstack.tree.base import Base


class Comparison(Struct, frozen=True, dict=True):
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

    @property
    def proposed(self) -> Snapshot:
        """The later side with its own facts, whosever count."""
        return self.after.own if isinstance(self.after, WithFacts) else self.after

    @cached_property
    def base(self) -> Base | None:
        """What values/base.yaml generates after the change; None where it has errors."""
        from llmstack.repository.expected import expect_base  # what compares files alone reads no values

        return expect_base(self.after)[1]


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
    blobs = Blobs(repository)
    differing = read_differences(repository, old, new, (*FOLDERS, SOPS_RULES, SOURCEIGNORE), working_files(root), blobs)
    if not differing and not any((root / folder).is_dir() for folder in FOLDERS):
        raise UsageError(
            f"{root} holds none of {', '.join(FOLDERS)}: run it in the root of the tree, or name that with -C"
        )
    first = Commit(repository, old, blobs)
    second = Commit(repository, new, blobs) if new is not None else Disk(root, partial(_known, differing, first))
    ruling = None
    if rules is not None:
        ruling = first if rules == FROM else Commit(repository, resolve_revision(repository, rules), blobs)
    return Comparison(
        first,
        second if ruling is None else WithFacts(second, ruling),
        frozenset(differing),
        prefix=f"{repository.root.relative_to(repository.top).as_posix()}/".removeprefix("./"),
        rules=ruling,
    )


def _known(differing: Mapping[str, Difference], before: Commit, path: str) -> bytes | None:
    """What the working tree holds at a path, as Git found it: a file that differs was read, any other is the commit's.

    None where that is not known, or was not asked of Git.
    """
    if path.split("/")[0] not in FOLDERS:
        return None
    if path not in differing:
        return before.held(path)
    return None if differing[path].opaque else differing[path].after


def working_files(root: Path) -> Callable[[str], bytes | None]:
    """What reads a regular file of the working tree, and raises IrregularFileError for a link, as it does for all that
    is none."""
    disk = Disk(root)

    def read(path: str) -> bytes | None:
        if disk.resolve(path) != path:
            raise IrregularFileError("a link")
        return disk.read_regular(path)

    return read


def find_affected(comparison: Comparison, also: Collection[str] = ()) -> dict[str, list[str]]:
    """The units whose build may differ, by environment: all of one that was not safe to build before the change.

    Raises FoundError where an environment is not safe to build after it; those of `also` are looked at in any case.
    """
    environments = sorted({*built_environments(comparison), *also})
    before, unsafe = _reach_former(comparison.before, environments)
    after = refuse_unsafe(comparison.after, environments, before)
    sides = (
        Side(partial(former_folders, comparison.before, comparison.after), before),
        Side(partial(unit_folders, comparison.after.read), after),
    )
    found = affected_units(comparison.changed, [name for name in environments if name not in unsafe], *sides)
    return found | {name: sorted({unit for side in sides for unit in side.units(name)}) for name in unsafe}


def begin_affected(comparison: Comparison) -> Task[Mapping[str, Sequence[str]]]:
    """Begin to find the units whose build may differ, of `built_environments`, and return what waits for them."""
    before = comparison.before
    folders = (before.entries(f"overlays/{name}/models") for name in built_environments(comparison))
    return beside(partial(find_affected, comparison), sum(map(len, folders)))


def _reach_former(side: Snapshot, environments: Sequence[str]) -> tuple[Reached, list[str]]:
    """What builds of the environments read that are safe to build, and the others."""
    reached = _reach(side, environments)
    if not reached.findings:
        return reached, []
    unsafe = [name for name in environments if _reach(side, [name]).findings]
    return _reach(side, [name for name in environments if name not in unsafe]), unsafe


def _reach(side: Snapshot, environments: Iterable[str], earlier: Reached | None = None) -> Reached:
    """What builds of these environments read: what the aggregates list, and secrets/, which may be in none. `earlier`
    is what they read on another side."""
    folders = [f"overlays/{name}{unit}" for name in environments for unit in ("", f"/{SECRETS}")]
    return side.look_through(folders, earlier)


def refuse_unsafe(side: Snapshot, environments: Iterable[str], earlier: Reached | None = None) -> Reached:
    """What builds of these environments read; raises FoundError where that is something that a build must not read.

    Nothing is built before. `earlier` is what they read on another side.
    """
    reached = _reach(side, environments, earlier)
    if reached.findings:
        raise FoundError([_at(finding, side) for finding in sort_findings(reached.findings)])
    return reached


def _at(finding: Finding, side: Snapshot) -> Finding:
    """A finding on a revision that is not on disk says which."""
    return finding if side.name == WORKTREE else replace(finding, message=f"{finding.message} (at {side.name[:10]})")


def built_environments(comparison: Comparison) -> set[str]:
    """Environments that may be affected: all of them, once a file differs that a build may read. What lies in the
    folder of one may be read by another."""
    if not any(path.split("/")[0] in TOPS for path in comparison.changed):
        return set()
    return {name for side in (comparison.before, comparison.after) for name in generated_environments(side)}
