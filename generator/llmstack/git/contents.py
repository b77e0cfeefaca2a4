"""What commits and the working tree hold: files, symbolic links, and the files that differ between two revisions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from llmstack.errors import MAX_BYTES, IrregularFileError
from llmstack.git.objects import REGULAR, hash_files, list_entries, split
from llmstack.git.process import GitError, Repository, run_git, run_git_on_files

_LINK = "120000"
_SKIPPED = "S"
"""What git-ls-files(1), `-v`, says of a file with the bit skip-worktree; small letters are of assume-unchanged."""
_DIFF_OPTIONS = (
    "--raw", "-z", "--no-abbrev", "--no-renames", "--relative", "--ignore-submodules",
    "--no-ext-diff", "--no-textconv",
)  # fmt: skip


class Difference(Struct, frozen=True):
    """A file on both sides of a comparison; None where it is not there (or no regular file)."""

    before: bytes | None
    after: bytes | None
    opaque: bool = False
    """Whether a side is a symbolic link, or too large to be read: what stands there is not said here."""


class Tree(Struct, frozen=True):
    """The regular files that a commit holds below some folders, by path."""

    files: dict[str, bytes]
    large: dict[str, int]
    """Files of more than MAX_BYTES, with their sizes."""


class Blobs:
    """The contents of a repository's blobs, each read once, however many commits and paths hold it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.contents: dict[str, bytes] = {}
        self.large: dict[str, int] = {}
        """Those of more than MAX_BYTES, with their sizes: they are not read."""

    def read(self, ids: Iterable[str]) -> None:
        """Read all of these that were not read yet, in one process; GitError where one is not in this clone."""
        known = self.contents.keys() | self.large.keys()
        wanted = [blob for blob in dict.fromkeys(ids) if blob not in known and blob.strip("0")]  # zeros: none
        sizes = _read_sizes(self._repository, wanted)
        self.large |= {blob: size for blob, size in sizes.items() if size > MAX_BYTES}
        read = [blob for blob in wanted if blob not in self.large]
        if not read:
            return
        stdin = "".join(f"{blob}\n" for blob in read).encode()
        output = run_git(self._repository, ["cat-file", "--batch", "--buffer"], stdin=stdin)
        at = 0
        for blob in read:
            start = output.index(b"\n", at) + 1
            self.contents[blob] = output[start : start + sizes[blob]]
            at = start + sizes[blob] + 1


def read_tree(entries: Mapping[str, tuple[str, str]], blobs: Blobs) -> Tree:
    """Return the regular files among the entries of a commit (`list_entries`)."""
    files = {path: blob for path, (mode, blob) in entries.items() if mode in REGULAR}
    blobs.read(files.values())
    return Tree(
        {path: blobs.contents[blob] for path, blob in files.items() if blob in blobs.contents},
        {path: blobs.large[blob] for path, blob in files.items() if blob in blobs.large},
    )


def read_links(entries: Mapping[str, tuple[str, str]], blobs: Blobs) -> dict[str, str]:
    """Return the symbolic links among the entries of a commit: path to target, as it is written."""
    links = {path: blob for path, (mode, blob) in entries.items() if mode == _LINK}
    blobs.read(links.values())
    return {path: blobs.contents.get(blob, b"").decode("utf-8", "surrogateescape") for path, blob in links.items()}


def read_differences(
    repository: Repository,
    before: str,
    after: str | None,
    folders: Collection[str],
    read: Callable[[str], bytes | None],
    blobs: Blobs,
) -> dict[str, Difference]:
    """Return the files below `folders` that differ between two commits: path to both contents.

    `after` None is the working tree as `read` finds it on disk, untracked and ignored files included, and those that
    Git was told not to look at (git-update-index(1): `--assume-unchanged`, `--skip-worktree`); a file that Git would
    commit unchanged (line endings) is no difference. `read` raises IrregularFileError for what is no file.
    """
    if not folders:
        return {}
    revisions = [before] if after is None else [before, after]
    with _copied_index(repository) as index:
        fields = split(run_git_on_files(repository, ["diff", *_DIFF_OPTIONS, *revisions, "--", *folders], index=index))
    pairs: dict[str, tuple[str, str]] = {}
    links: set[str] = set()
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, _ = meta.removeprefix(":").split(" ")
        pairs[path] = (old_blob if old_mode in REGULAR else "", new_blob if new_mode in REGULAR else "")
        if _LINK in (old_mode, new_mode):
            links.add(path)
    if after is None:
        pairs = _overlooked(repository, before, folders) | pairs
    blobs.read(blob for pair in pairs.values() for blob in pair if blob)
    found = {}
    for path, (old, new) in sorted(pairs.items()):
        is_opaque = path in links or old in blobs.large or new in blobs.large
        content, is_irregular = (blobs.contents.get(new), False) if after is not None else _read_from(read, path)
        found[path] = Difference(blobs.contents.get(old), content, is_opaque or is_irregular)
    return {path: pair for path, pair in found.items() if pair.opaque or pair.before != pair.after}


@contextmanager
def _copied_index(repository: Repository) -> Iterator[str | None]:
    """A copy of the index, its time with it; None where there is none.

    `git diff` writes what it learns of files whose times alone are others, whatever GIT_OPTIONAL_LOCKS says
    (git-config(1), diff.autoRefreshIndex); without that it would name them all.
    """
    with TemporaryDirectory(prefix="llmstack-") as folder:
        copy = f"{folder}/index"
        try:
            shutil.copy2(repository.git_dir / "index", copy)
        except OSError:
            copy = ""
        yield copy or None


def _overlooked(repository: Repository, before: str, folders: Collection[str]) -> dict[str, tuple[str, str]]:
    """Files of the working tree that `git diff` does not look at: path to the blob in a commit, and to none.

    Those that are not tracked, and regular ones that Git was told not to look at, unless it would commit them as they
    are there. What a sparse checkout leaves out is not there, and no difference.
    """
    listed = split(run_git(repository, ["ls-files", "--others", "--cached", "-v", "-z", "--", *folders]))
    tags = {entry[2:]: entry[0] for entry in listed}
    untracked = {path: ("", "") for path, tag in tags.items() if tag == "?"}
    unseen = [path for path, tag in tags.items() if tag.islower() or tag == _SKIPPED]
    if not unseen:
        return untracked
    files = [path for path in unseen if _is_file(repository.root / path)]
    now = dict.fromkeys(unseen, "") | hash_files(repository, files, filters=False)
    then = {path: blob for path, (mode, blob) in list_entries(repository, before, unseen).items() if mode in REGULAR}
    gone = {path for path in then if not os.path.lexists(repository.root / path) and tags[path].upper() == _SKIPPED}
    return untracked | {path: (blob, "") for path, blob in then.items() if now[path] != blob and path not in gone}


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _read_from(read: Callable[[str], bytes | None], path: str) -> tuple[bytes | None, bool]:
    """What stands at a path of the working tree, and whether it is something else than a file that is read."""
    try:
        return read(path), False
    except IrregularFileError:
        return None, True


def _read_sizes(repository: Repository, blobs: Sequence[str]) -> dict[str, int]:
    """The size of each blob, by its id; GitError where one is not in this clone."""
    if not blobs:
        return {}
    stdin = "".join(f"{blob}\n" for blob in blobs).encode()
    output = run_git(repository, ["cat-file", "--batch-check=%(objectsize)", "--buffer"], stdin=stdin)
    answers = output.decode().split("\n")
    for blob, answer in zip(blobs, answers, strict=False):
        if not answer.isdigit():
            hint = "check it with `git fsck`, and fetch a partial clone whole (`git fetch --refetch --no-filter`)"
            raise GitError(f"object {blob} is missing from {repository.top}: {hint}")
    return {blob: int(answer) for blob, answer in zip(blobs, answers, strict=False)}
