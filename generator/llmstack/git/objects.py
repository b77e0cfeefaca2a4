"""Questions to Git, each answered for any number of paths at once; nothing here changes a repository.

Paths go in and come out relative to the folder that `find_repository` was asked about, with forward slashes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from llmstack.git.process import GitError, Repository, find_repository, run_git, run_git_on_files

__all__ = [
    "DEEPEN",
    "HEADS",
    "Difference",
    "GitError",
    "NoMergeBaseError",
    "Repository",
    "find_blobs",
    "find_merge_base",
    "find_repository",
    "hash_files",
    "is_shallow",
    "read_auto_merge",
    "read_blob",
    "read_differences",
    "read_files",
    "read_heads",
    "read_stages",
    "resolve_revision",
]

HEADS = ("HEAD", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD")
"""Where the two sides of a merge, rebase or cherry-pick in progress are found; see gitrevisions(7)."""

DEEPEN = "this clone is shallow: fetch all history (`git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`)"

_REGULAR = ("100644", "100755")
_DIFF_OPTIONS = (
    "--raw", "-z", "--no-abbrev", "--no-renames", "--relative", "--ignore-submodules",
    "--no-ext-diff", "--no-textconv",
)  # fmt: skip


class NoMergeBaseError(GitError):
    """HEAD and the default branch have no common commit in this clone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file on both sides of a comparison; None where it is not there (or no regular file)."""

    before: bytes | None
    after: bytes | None


def read_heads(repository: Repository) -> dict[str, tuple[str, ...]]:
    """Return the commits of HEAD and of a merge, rebase or cherry-pick in progress, those that there are.

    MERGE_HEAD has several when an octopus merge is in progress.
    """
    answers = _check_objects(repository, [f"{name}^{{commit}}" for name in HEADS])
    heads: dict[str, tuple[str, ...]] = {
        name: (answer[0],) for name, answer in zip(HEADS, answers, strict=True) if answer
    }
    if "MERGE_HEAD" in heads:
        lines = (repository.git_dir / "MERGE_HEAD").read_text(encoding="ascii").split()
        heads["MERGE_HEAD"] = tuple(lines)
    return heads


def read_auto_merge(repository: Repository) -> str | None:
    """Return the tree that Git left in the working tree when a merge, rebase or cherry-pick met a conflict.

    It holds what Git merged by itself, and conflict markers elsewhere: git-diff(1) on AUTO_MERGE, which the
    merge strategy `ort` writes, the default since Git 2.34.
    """
    answer = _check_objects(repository, ["AUTO_MERGE^{tree}"])[0]
    return answer[0] if answer else None


def resolve_revision(repository: Repository, revision: str) -> str:
    """Return the id of the commit that `revision` names; raises GitError when there is none."""
    bad = not revision or revision.startswith("-") or "\n" in revision
    answer = None if bad else _check_objects(repository, [f"{revision}^{{commit}}"])[0]
    if answer is None:
        hint = f"; {DEEPEN}" if is_shallow(repository) else ""
        raise GitError(f"`{revision}` is no commit, branch or tag of {repository.top}{hint}")
    return answer[0]


def is_shallow(repository: Repository) -> bool:
    """Whether history was cut off when this repository was cloned."""
    return run_git(repository, ["rev-parse", "--is-shallow-repository"]).strip() == b"true"


def find_merge_base(repository: Repository) -> str:
    """Return the newest commit that HEAD shares with the default branch: origin/HEAD, else main, else master.

    A branch main or master of this clone comes before origin's. Raises NoMergeBaseError where there is none,
    with `fetch-depth: 0` in its text when the clone is shallow.
    """
    head = resolve_revision(repository, "HEAD")
    branch, commit = _default_branch(repository)
    bases = run_git(repository, ["merge-base", head, commit], accept=(0, 1)).split()
    if bases:
        return bases[0].decode()
    hint = DEEPEN if is_shallow(repository) else "name the revision to compare with"
    raise NoMergeBaseError(f"HEAD and {branch} have no common commit in {repository.top}; {hint}")


def _default_branch(repository: Repository) -> tuple[str, str]:
    names = ["refs/remotes/origin/HEAD"]
    names += [f"{where}/{name}" for name in ("main", "master") for where in ("refs/heads", "refs/remotes/origin")]
    for name, answer in zip(names, _check_objects(repository, [f"{name}^{{commit}}" for name in names]), strict=True):
        if answer:
            return name.removeprefix("refs/heads/").removeprefix("refs/remotes/"), answer[0]
    hint = DEEPEN if is_shallow(repository) else "name the revision to compare with"
    raise NoMergeBaseError(f"{repository.top} has no default branch (origin/HEAD, main or master); {hint}")


def read_stages(repository: Repository) -> dict[str, dict[int, str]]:
    """Return the unmerged paths of the index, each with its blobs by stage: 1 base, 2 ours, 3 theirs."""
    stages: dict[str, dict[int, str]] = {}
    for line in _split(run_git(repository, ["ls-files", "--unmerged", "-z"])):
        meta, path = line.split("\t", 1)
        _, blob, stage = meta.split(" ")
        stages.setdefault(path, {})[int(stage)] = blob
    return stages


def find_blobs(repository: Repository, revisions: Sequence[str], paths: Sequence[str]) -> dict[str, set[str]]:
    """Return for each path the ids of the blobs it has at `revisions`: commits or trees, by id."""
    found: dict[str, set[str]] = {path: set() for path in paths}
    for revision in revisions:
        listed = _list_blobs(repository, revision, {path.split("/", 1)[0] for path in paths})
        for path in found.keys() & listed.keys():
            found[path].add(listed[path])
    return found


def _list_blobs(repository: Repository, commit: str, folders: Collection[str]) -> dict[str, str]:
    """The regular files below `folders` in a commit: path to blob."""
    blobs: dict[str, str] = {}
    for line in _split(run_git(repository, ["ls-tree", "-r", "-z", commit, "--", *sorted(folders)])):
        meta, path = line.split("\t", 1)
        mode, _, blob = meta.split(" ")
        if mode in _REGULAR:
            blobs[path] = blob
    return blobs


def hash_files(repository: Repository, paths: Sequence[str], *, filters: bool = True) -> dict[str, str]:
    """Return the blob id that each file of the working tree would be committed as.

    So `core.autocrlf` and .gitattributes are Git's own business (git-hash-object(1), `--stdin-paths`). Clean filters
    are programs: with `filters` they are applied, without them a file counts as it stands.
    """
    names = [path for path in paths if "\n" not in path]
    prefix = repository.root.relative_to(repository.top).as_posix()
    lines = "".join(f"./{prefix}/{path}\n" for path in names)  # "./": a leading quote would mean C quoting
    top = replace(repository, root=repository.top)  # it takes paths from there, wherever it is run
    ask = run_git if filters else run_git_on_files
    output = ask(top, ["hash-object", "--stdin-paths"], stdin=_encode(lines))
    return dict(zip(names, output.decode().split(), strict=True))


def read_blob(repository: Repository, revision: str, path: str) -> bytes | None:
    """Return the file's content at a revision, None when it is not there (or is no regular file)."""
    return read_files(repository, revision, [path]).get(path)


def read_files(repository: Repository, revision: str, folders: Collection[str]) -> dict[str, bytes]:
    """Return all regular files below `folders` (or the files so named) at a revision: path to content."""
    if not folders:
        return {}
    commit = resolve_revision(repository, revision)
    blobs = _list_blobs(repository, commit, folders)
    contents = _read_blobs(repository, blobs.values())
    return {path: contents[blob] for path, blob in blobs.items()}


def read_differences(
    repository: Repository,
    before: str,
    after: str | None,
    folders: Collection[str],
    read: Callable[[str], bytes | None],
) -> dict[str, Difference]:
    """Return the files below `folders` that differ between two revisions: path to both contents.

    `after` None is the working tree as `read` finds it on disk, untracked and ignored files included; a file that Git
    would commit unchanged (line endings) is no difference.
    """
    if not folders:
        return {}
    revisions = [resolve_revision(repository, revision) for revision in (before, after) if revision is not None]
    fields = _split(run_git_on_files(repository, ["diff", *_DIFF_OPTIONS, *revisions, "--", *folders]))
    pairs: dict[str, tuple[str, str]] = {}
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, _ = meta.removeprefix(":").split(" ")
        pairs[path] = (old_blob if old_mode in _REGULAR else "", new_blob if new_mode in _REGULAR else "")
    contents = _read_blobs(repository, [blob for pair in pairs.values() for blob in pair if blob])
    if after is not None:
        found = {path: Difference(contents.get(old), contents.get(new)) for path, (old, new) in pairs.items()}
    else:
        for path in _split(run_git(repository, ["ls-files", "--others", "-z", "--", *folders])):
            pairs.setdefault(path, ("", ""))
        found = {path: Difference(contents.get(old), read(path)) for path, (old, _) in pairs.items()}
    return {path: pair for path, pair in sorted(found.items()) if pair.before != pair.after}


def _read_blobs(repository: Repository, blobs: Iterable[str]) -> dict[str, bytes]:
    """Contents by id, each read once, all in one process."""
    wanted = [blob for blob in dict.fromkeys(blobs) if blob.strip("0")]  # zeros: not in the object store
    if not wanted:
        return {}
    output = run_git(repository, ["cat-file", "--batch", "--buffer"], stdin="".join(f"{b}\n" for b in wanted).encode())
    contents: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = output.index(b"\n", at)
        answer = output[at:end].split(b" ")
        if len(answer) != 3:
            hint = "check it with `git fsck`, and fetch a partial clone whole (`git fetch --refetch --no-filter`)"
            raise GitError(f"object {blob} is missing from {repository.top}: {hint}")
        size = int(answer[2])
        contents[blob] = output[end + 1 : end + 1 + size]
        at = end + size + 2
    return contents


def _check_objects(repository: Repository, names: Sequence[str]) -> list[tuple[str, str] | None]:
    """(id, type) of each object named, None where there is no such object."""
    if not names:
        return []
    stdin = _encode("".join(f"{name}\n" for name in names))
    output = run_git(repository, ["cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer"], stdin=stdin)
    return [_answer(line) for line in output.decode("utf-8", "surrogateescape").split("\n")[: len(names)]]


def _answer(line: str) -> tuple[str, str] | None:
    """An answer of cat-file is `<id> <type>`, or `<name as asked> missing` (or `ambiguous`)."""
    name, _, kind = line.rpartition(" ")
    return (name, kind) if kind in ("commit", "tree", "blob", "tag") else None


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _split(output: bytes) -> list[str]:
    """The NUL-terminated fields of an output."""
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]
