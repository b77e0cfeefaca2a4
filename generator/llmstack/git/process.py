"""One `git` process, run through GitPython for what it prints, in an environment of its own.

It is told which repository is meant, so that it looks for none: a folder of the tree that looks like a bare repository
is a folder. No GIT_DIR or GIT_INDEX_FILE of a surrounding hook reaches it, and it asks nobody, fetches nothing, runs no
hooks, no filters, no file system monitor and no pager, and takes no locks. It ends with us.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

_OPTIONS = (
    "--no-pager", "--literal-pathspecs",
    "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",  # since Git 2.39.4; an older one starts `git fetch`, which may use no protocol:
    "GIT_ALLOW_PROTOCOL": "none",  # goes before protocol.*.allow of any configuration
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a commit holds, whatever refs/replace/ says
}
_KEPT = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
         "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSH", "GIT_SSL_", "GIT_PROXY", "GIT_HTTP_")  # fmt: skip
"""Variables that say how Git is set up; all other GIT_* say which repository is meant, and are dropped."""


_LONGEST_LINK = 8192
"""Bytes of a `.git` that is a file: a word and a path."""


class GitError(Exception):
    """Git could not answer; the text says what was asked and what to do."""


class Repository(Struct, frozen=True):
    """A working tree as seen from `root`, a folder in it."""

    root: Path
    top: Path
    """The top folder of the working tree."""
    git_dir: Path
    """What belongs to this working tree alone: `git rev-parse --git-path x` is `git_dir/x`."""


def find_repository(root: Path) -> Repository | None:
    """Return the repository whose working tree holds `root`, or None outside Git. Runs no program.

    Follows gitrepository-layout(5): `.git` is the folder itself, or a file `gitdir: <path>` in linked working
    trees and submodules. Raises GitError when such a file leads nowhere.
    """
    root = root.resolve()
    for folder in (root, *root.parents):
        entry = folder / ".git"
        if entry.is_dir() and (entry / "HEAD").exists():
            return Repository(root, folder, entry.resolve())
        if entry.is_file():
            return Repository(root, folder, _linked_git_dir(entry))
    return None


def _linked_git_dir(entry: Path) -> Path:
    try:
        with entry.open("rb") as file:
            text = os.fsdecode(file.read(_LONGEST_LINK)).strip()
        target = (entry.parent / text.removeprefix("gitdir:").strip()).resolve()
        leads = text.startswith("gitdir:") and (target / "HEAD").exists()
    except OSError as error:
        raise GitError(f"cannot read {entry}, or what it leads to: {error.strerror}") from error
    except ValueError:  # a path with NUL in it
        leads = False
    if not leads:
        raise GitError(f"{entry} leads to no Git folder ({text[:200]!r}): try `git worktree repair`")
    return target


def run_git(
    repository: Repository, arguments: Sequence[str], *, stdin: bytes = b"", accept: Collection[int] = (0,)
) -> bytes:
    """Run one reading `git` command in the root and return its output; GitError when it fails."""
    return _run(repository, arguments, stdin, accept)


def run_git_on_files(
    repository: Repository, arguments: Sequence[str], *, stdin: bytes = b"", index: str | None = None
) -> bytes:
    """The same for a command that reads the working tree as it would be committed.

    Line endings and encodings are converted as attributes say, by Git itself. Filters that they name are not run:
    the programs are the configuration's, but which files go through them is the branch's to say. `index` is the file
    to take as the index.
    """
    return _run(repository, [*_without_filters(repository), *arguments], stdin, (0,), index)


def _without_filters(repository: Repository) -> Iterator[str]:
    """Options that leave every filter driver without a program (gitattributes(5): it then does nothing)."""
    listed = _run(repository, ["config", "--null", "--name-only", "--get-regexp", r"^filter\."], b"", (0, 1))
    keys = listed.decode("utf-8", "surrogateescape").split("\0")[:-1]
    for name in dict.fromkeys(key.removeprefix("filter.").rpartition(".")[0] for key in keys):
        if "=" in name:
            raise GitError(f"the configuration of {repository.top} has a filter `{name}`: give it a name without `=`")
        for setting in ("clean=", "smudge=", "process=", "required=false"):
            yield from ("-c", f"filter.{name}.{setting}")


def _run(
    repository: Repository,
    arguments: Sequence[str],
    stdin: bytes,
    accept: Collection[int],
    index: str | None = None,
) -> bytes:
    from llmstack.programs.confine import confinement

    try:
        from subprocess import PIPE

        import git  # costs a process at import, so only where Git is needed at all
    except ImportError as error:
        raise GitError("`git` is not on PATH: install Git 2.30 or newer") from error
    unset = [part for name in _foreign_variables(os.environ) for part in ("-u", name)]
    place = (f"--git-dir={repository.git_dir}", f"--work-tree={repository.top}")
    command = [*(("env", *unset) if unset else ()), "git", *place, *_OPTIONS, *arguments]
    environment = _ENVIRONMENT if index is None else {**_ENVIRONMENT, "GIT_INDEX_FILE": index}
    try:
        process: Any = git.Git(repository.root).execute(
            command, as_process=True, istream=PIPE, env=environment, preexec_fn=confinement(programs=True)
        )
    except git.GitCommandNotFound as error:
        raise GitError("`git` is not on PATH: install Git 2.30 or newer") from error
    output, errors = process.proc.communicate(stdin)
    if process.proc.returncode not in accept:
        said = errors.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        name = next(each for each in arguments if each != "-c" and not each.startswith("filter."))
        raise GitError(f"`git {name}` failed in {repository.root}: {said or process.proc.returncode}")
    return bytes(output)


def _foreign_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that would lead Git to another repository, index or object store."""
    for name in environment:
        if name.startswith("GIT_") and not name.startswith(_KEPT) and name not in _ENVIRONMENT:
            yield name
