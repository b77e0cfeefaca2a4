"""Questions to Git, each answered for any number of paths at once; nothing here changes a repository.

Paths go in and come out relative to the folder that `find_repository` was asked about, with forward slashes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from llmstack.git.process import GitError, Repository, find_repository, run_git, run_git_on_files

__all__ = [
    "DEEPEN",
    "HEADS",
    "GitError",
    "NoMergeBaseError",
    "Repository",
    "find_blobs",
    "find_merge_base",
    "find_repository",
    "hash_files",
    "is_shallow",
    "read_auto_merge",
    "read_heads",
    "read_stages",
    "resolve_revision",
]

HEADS = ("HEAD", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD")
"""Where the two sides of a merge, rebase or cherry-pick in progress are found; see gitrevisions(7)."""

DEEPEN = "this clone is shallow: fetch all history (`git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`)"

REGULAR = ("100644", "100755")


class NoMergeBaseError(GitError):
    """HEAD and the default branch have no common commit in this clone."""


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
        raise GitError(f"`{revision}` is no commit, branch or tag of {repository.top}{_advise(repository, revision)}")
    return answer[0]


def _advise(repository: Repository, revision: str) -> str:
    """Why a revision may be missing: HEAD is before the first commit, another one in history that was cut off."""
    if revision == "HEAD":
        return "; nothing is committed yet: `git add --all && git commit` makes a first commit to compare with"
    return f"; {DEEPEN}" if is_shallow(repository) else ""


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
    for line in split(run_git(repository, ["ls-files", "--unmerged", "-z"])):
        meta, path = line.split("\t", 1)
        _, blob, stage = meta.split(" ")
        stages.setdefault(path, {})[int(stage)] = blob
    return stages


def find_blobs(repository: Repository, revisions: Sequence[str], paths: Sequence[str]) -> dict[str, set[str]]:
    """Return for each path the ids of the blobs it has at `revisions`: commits or trees, by id."""
    found: dict[str, set[str]] = {path: set() for path in paths}
    for revision in revisions:
        listed = list_entries(repository, revision, {path.split("/", 1)[0] for path in paths})
        for path in found.keys() & listed.keys():
            mode, blob = listed[path]
            if mode in REGULAR:
                found[path].add(blob)
    return found


def list_entries(
    repository: Repository, commit: str, folders: Collection[str] = (), *, recursive: bool = True
) -> dict[str, tuple[str, str]]:
    """What is below `folders` in a commit, or in all of it: path to mode and blob; not `recursive`, to mode and object
    of what the root itself holds."""
    entries: dict[str, tuple[str, str]] = {}
    options = ["-r", "-z"] if recursive else ["-z"]
    for line in split(run_git(repository, ["ls-tree", *options, commit, "--", *sorted(folders)])):
        meta, path = line.split("\t", 1)
        mode, _, blob = meta.split(" ")
        entries[path] = mode, blob
    return entries


def hash_files(repository: Repository, paths: Sequence[str], *, filters: bool = True) -> dict[str, str]:
    """Return the blob id that each file of the working tree would be committed as.

    So `core.autocrlf` and .gitattributes are Git's own business (git-hash-object(1), `--stdin-paths`). Clean filters
    are programs: with `filters` they are applied, without them a file counts as it stands. GitError when one of them
    is gone, as while another run writes.
    """
    names = [path for path in paths if "\n" not in path]
    prefix = repository.root.relative_to(repository.top).as_posix()
    lines = "".join(f"./{prefix}/{path}\n" for path in names)  # "./": a leading quote would mean C quoting
    top = replace(repository, root=repository.top)  # it takes paths from there, wherever it is run
    ask = run_git if filters else run_git_on_files
    try:
        output = ask(top, ["hash-object", "--stdin-paths"], stdin=encode(lines))
    except GitError as error:
        gone = next((path for path in names if not (repository.root / path).exists()), None)
        if gone is None:
            raise
        raise GitError(f"{gone} was removed during the run; run again") from error
    return dict(zip(names, output.decode().split(), strict=True))


def _check_objects(repository: Repository, names: Sequence[str]) -> list[tuple[str, str] | None]:
    """(id, type) of each object named, None where there is no such object."""
    if not names:
        return []
    stdin = encode("".join(f"{name}\n" for name in names))
    output = run_git(repository, ["cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer"], stdin=stdin)
    return [_answer(line) for line in output.decode("utf-8", "surrogateescape").split("\n")[: len(names)]]


def _answer(line: str) -> tuple[str, str] | None:
    """An answer of cat-file is `<id> <type>`, or `<name as asked> missing` (or `ambiguous`)."""
    name, _, kind = line.rpartition(" ")
    return (name, kind) if kind in ("commit", "tree", "blob", "tag") else None


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def split(output: bytes) -> list[str]:
    """The NUL-terminated fields of an output."""
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]
