"""One `git` process, run through GitPython for what it prints, in an environment of its own.

No GIT_DIR or GIT_INDEX_FILE of a surrounding hook reaches it, and it asks nobody, runs no hooks, no file
system monitor and no pager, and takes no locks.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPTIONS = (
    "--no-pager", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true",
)  # fmt: skip
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GIT_OPTIONAL_LOCKS": "0"}
_KEPT = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
         "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSH", "GIT_SSL_", "GIT_PROXY", "GIT_HTTP_")  # fmt: skip
"""Variables that say how Git is set up; all other GIT_* say which repository is meant, and are dropped."""


class GitError(Exception):
    """Git could not answer; the text says what was asked and what to do."""


@dataclass(frozen=True, slots=True)
class Repository:
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
        text = entry.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError as error:
        raise GitError(f"cannot read {entry}: {error.strerror}") from error
    target = (entry.parent / text.removeprefix("gitdir:").strip()).resolve()
    if not text.startswith("gitdir:") or not (target / "HEAD").exists():
        raise GitError(f"{entry} leads to no Git folder ({text}): try `git worktree repair`")
    return target


def run_git(
    repository: Repository, arguments: Sequence[str], *, stdin: bytes = b"", accept: Collection[int] = (0,)
) -> bytes:
    """Run one reading `git` command in the root and return its output; GitError when it fails."""
    try:
        from subprocess import PIPE

        import git  # costs a process at import, so only where Git is needed at all
    except ImportError as error:
        raise GitError("`git` is not on PATH: install Git 2.30 or newer") from error
    unset = [part for name in _foreign_variables(os.environ) for part in ("-u", name)]
    command = [*(("env", *unset) if unset else ()), "git", *_OPTIONS, *arguments]
    try:
        process: Any = git.Git(repository.root).execute(command, as_process=True, istream=PIPE, env=_ENVIRONMENT)
    except git.GitCommandNotFound as error:
        raise GitError("`git` is not on PATH: install Git 2.30 or newer") from error
    output, errors = process.proc.communicate(stdin)
    if process.proc.returncode not in accept:
        said = errors.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise GitError(f"`git {arguments[0]}` failed in {repository.root}: {said or process.proc.returncode}")
    return bytes(output)


def _foreign_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that would lead Git to another repository, index or object store."""
    for name in environment:
        if name.startswith("GIT_") and not name.startswith(_KEPT) and name not in _ENVIRONMENT:
            yield name
