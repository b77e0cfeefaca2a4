"""A run, planned in memory: which files would be written or deleted, and which must not be touched."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from msgspec import Struct

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.listing import Listing, list_tree, read_file, read_if_other
from llmstack.disk.ownership import HEADER_BYTES, find_hand_edits, find_same_to_git, is_ours
from llmstack.secrecy.files import mask_file

Kind = Literal["write", "create", "delete"]
Reason = Literal["foreign", "hand-edited", "symlink"]


class Change(Struct, frozen=True):
    """One file that would change. `before` is None for a new one, `after` for one to delete."""

    path: str
    before: bytes | None
    after: bytes | None
    kind: Kind


class Refusal(Struct, frozen=True):
    """One place that keeps the run from being applied: why, in a sentence, and what to do about it.

    `diff` is what overwriting a hand-edited file would change, as a unified diff; empty for the other
    reasons.
    """

    path: str
    reason: Reason
    message: str
    help: str
    diff: str = ""


class WritePlan(Struct, frozen=True):
    """What a run would do, by path. With refusals it must not be applied."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    empty_folders: tuple[str, ...] = ()
    """Folders of the scopes with nothing in them: what a run that was killed may have left."""
    beside: tuple[str, ...] = ()
    """Files of the scopes that are somebody else's, and not in the way."""

    @property
    def is_empty(self) -> bool:
        """Nothing to write, nothing to delete, nothing refused."""
        return not self.changes and not self.refusals

    @property
    def paths(self) -> tuple[str, ...]:
        """What is not as it should be: every file that would change, and every place that is refused."""
        return (*(change.path for change in self.changes), *(refusal.path for refusal in self.refusals))


def plan_tree(
    root: Path, wanted: Mapping[str, str], *, scopes: Collection[str], force: bool = False, filters: bool = True
) -> WritePlan:
    """Compare `wanted` (path to content, header included) with the files below `root`; writes nothing.

    Of the folders in `scopes`, files of ours that are not wanted are deleted; files without our header stay,
    and are refused where they are in the way. A generated file that was edited by hand and not committed is
    refused too, unless `force`. Symbolic links in the scopes or above a wanted file are refused always. Git
    is asked only about files of ours that differ and that the record does not know; without `filters` it runs none of
    its clean filters, which are programs: a plan that is only looked at wants none.

    Raises DiskError for what cannot be read and for a folder where a file should be (or the reverse),
    GitError when Git must be asked and fails, ValueError for a path that leads out of the root or a text that
    lacks the header.
    """
    listing = list_tree(root, scopes, wanted)
    refusals = [_refuse_link(link) for link in listing.links if _is_in_the_way(link, wanted)]
    changes: list[Change] = []
    for path in wanted:
        _check_place(path, listing)
    for change in (*_compare(root, wanted, listing), *_find_stale(root, wanted, listing)):
        if change.before is not None and not is_ours(change.before):
            refusals.append(_refuse_foreign(change.path))
        elif listing.links and listing.link_on_the_way(change.path):
            continue
        else:
            changes.append(change)
    refusals += [_refuse_other(path) for path in listing.others if path in wanted]
    beside = listing.files - wanted.keys() - {change.path for change in changes}
    if not force:
        changes, edits = _set_hand_edits_apart(root, changes, filters=filters)
        refusals += edits
    return WritePlan(
        tuple(sorted(changes, key=lambda change: change.path)),
        tuple(sorted(refusals, key=lambda refusal: refusal.path)),
        tuple(sorted(listing.empty)),
        tuple(sorted(beside)),
    )


def unified_diff(path: str, before: bytes | None, after: bytes | None) -> str:
    """Return the change of one file as a unified diff, as `diff -u` and `git diff` print it, secrets masked.

    A line of which only what is masked changes is shown as changed.
    """
    old, new = (_lines(content) for content in (before, after))
    names = (
        f"a/{path}" if before is not None else "/dev/null",
        f"b/{path}" if after is not None else "/dev/null",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, *names)
    )


class _Line(str):
    """A line as it is shown, which is equal to another one where both were written the same."""

    __slots__ = ("written",)
    written: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Line) and self.written == other.written

    def __hash__(self) -> int:
        return hash(self.written)


def _lines(content: bytes | None) -> list[_Line]:
    """Lines end at line feeds alone: splitlines() would also break at form feeds and Unicode separators."""
    text = (content or b"").decode("utf-8", "replace")
    lines = []
    for written, shown in zip(text.split("\n"), mask_file(text).split("\n"), strict=True):
        line = _Line(f"{shown}\n")
        line.written = written
        lines.append(line)
    if not lines[-1].written:
        return lines[:-1]
    last = _Line(lines[-1][:-1])
    last.written = f"{lines[-1].written} (no line feed)"
    return [*lines[:-1], last]


def _is_in_the_way(link: str, wanted: Mapping[str, str]) -> bool:
    """Every link but a hidden one that nothing is wanted at: editors keep their locks in such (`.#name`)."""
    return not PurePosixPath(link).name.startswith(".") or any(
        path == link or path.startswith(f"{link}/") for path in wanted
    )


def _check_place(path: str, listing: Listing) -> None:
    """Raise DiskError when a folder is where a wanted file should be, or a file where its folder should."""
    if path in listing.folders:
        raise DiskError(path, "is a folder, but a file has to be written there", "move it away and run again")
    if path in listing.files:
        return
    parent = path
    while parent := parent.rpartition("/")[0]:
        if parent in listing.folders:
            return
        if parent in listing.files or parent in listing.others:
            raise DiskError(parent, f"is a file, but a folder is needed for {path}", "move it away and run again")


def _compare(root: Path, wanted: Mapping[str, str], listing: Listing) -> Iterator[Change]:
    base = f"{root}/"
    for path, text in wanted.items():
        after = text.encode()
        if not is_ours(after):
            raise ValueError(f"{path} is to be written without the header")
        if path not in listing.files:
            if path not in listing.others:
                yield Change(path, None, after, "create")
            continue
        try:
            before = read_if_other(base + path, after)
        except OSError as error:
            raise DiskError(path, f"cannot be read: {reason_of(error)}") from error
        if before is not None:
            yield Change(path, before, after, "write")


def _find_stale(root: Path, wanted: Mapping[str, str], listing: Listing) -> Iterator[Change]:
    """Files of ours that are wanted no more."""
    base = f"{root}/"
    for path in listing.files - wanted.keys():
        try:
            if is_ours(read_file(base + path, limit=HEADER_BYTES)):
                yield Change(path, read_file(base + path), None, "delete")
        except OSError as error:
            raise DiskError(path, f"cannot be read: {reason_of(error)}") from error


def _set_hand_edits_apart(root: Path, changes: list[Change], *, filters: bool) -> tuple[list[Change], list[Refusal]]:
    """The changes that may be made, and a refusal for each that would undo an edit nobody has committed."""
    before = {change.path: change.before for change in changes if change.before is not None}
    if not before:
        return changes, []
    after = {change.path: change.after for change in changes if change.after is not None}
    pairs = {path: (before[path], after[path]) for path in before.keys() & after.keys()}
    same = find_same_to_git(root, pairs, filters=filters)
    rest = {path: content for path, content in before.items() if path not in same}
    edited = find_hand_edits(root, rest, filters=filters)
    kept = [change for change in changes if change.path not in edited and change.path not in same]
    return kept, [_refuse_edit(change) for change in changes if change.path in edited]


def _refuse_link(path: str) -> Refusal:
    return Refusal(
        path,
        "symlink",
        f"{path} is a symbolic link, and generated files are never written or deleted through one",
        "remove the link, or put a real file or folder in its place",
    )


def _refuse_foreign(path: str) -> Refusal:
    return Refusal(
        path,
        "foreign",
        f"{path} does not start with llmstack's header, so it is not llmstack's and is not overwritten",
        "move it to another place (custom/ is for your own overlays) or delete it, then run again",
    )


def _refuse_other(path: str) -> Refusal:
    return Refusal(
        path,
        "foreign",
        f"{path} is a pipe, a socket or a device, but a file has to be written there",
        "remove it, then run again",
    )


def _refuse_edit(change: Change) -> Refusal:
    verb = "deleted" if change.after is None else "overwritten"
    return Refusal(
        change.path,
        "hand-edited",
        f"{change.path} was edited by hand and the edit is not committed, so it is not {verb}",
        "put the edit into the values or into custom/, then run again with --force to overwrite the file",
        unified_diff(change.path, change.before, change.after),
    )
