"""What a new repository says of its sync tool: `gitops.sync` in values/base.yaml, the cluster in each environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from llmstack.commands.init.installation import without_secrets
from llmstack.errors import UsageError
from llmstack.git.process import Repository, run_git
from llmstack.migrate.release import edit_gitops
from llmstack.repository.environments import BASE
from llmstack.repository.root import VALUES
from llmstack.values.edit import CannotEdit, apply_edits
from llmstack.values.source import read_source
from llmstack.values.syntax import read_document

EXAMPLE = "https://git.example.com/OWNER/REPOSITORY.git"
"""What stands where nobody knows the address."""

_SHORT = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<path>(?!/).+)")
"""Git's short form of an address over SSH (git-clone(1), "GIT URLS"), which Flux does not take."""


class Sync(Struct, frozen=True):
    """A tool of `gitops.sync.tool`, and the repository that it reads."""

    tool: str
    url: str
    path: str | None = None
    """The folder of the tree in the repository; None for its top."""
    branch: str = "main"

    @property
    def keys(self) -> dict[str, str]:
        """What `gitops.sync` says of it, for all environments."""
        within = {"path": self.path} if self.path else {}
        return {"tool": self.tool, "repoURL": self.url, "branch": self.branch, **within}


def find_address(repository: Repository | None) -> str:
    """The address that a cluster may read a repository at: its remote `origin`, without a password, else an example."""
    if repository is None:
        return EXAMPLE
    told = run_git(repository, ["config", "--get", "remote.origin.url"], accept=(0, 1)).decode().strip()
    short = _SHORT.fullmatch(told)
    if short is not None:
        return f"ssh://{short['user']}@{short['host']}/{short['path']}"
    return without_secrets(told) if re.match(r"(?:https?|ssh)://\S+\Z", told) else EXAMPLE


def find_branch(repository: Repository | None) -> str:
    """The branch that a cluster follows: where origin/HEAD points, else main or master where there is one, else the
    branch of a repository that has no commit yet; main where there is no repository."""
    if repository is None:
        return "main"
    for asked in (
        ["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"],
        ["for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/heads/master"],
        ["symbolic-ref", "--quiet", "HEAD"],
    ):
        told = run_git(repository, asked, accept=(0, 1)).decode().split()
        if told:
            return told[0].removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
    return "main"


def tell_sync(values: Mapping[str, str], sync: Sync) -> dict[str, str]:
    """Values files by path, with the sync tool told; what a file says of its own stays.

    Raises UsageError where a file is written so that no small edit can say it.
    """
    told = {path: _tell(path, text, {"cluster": PurePosixPath(path).stem}) for path, text in values.items()}
    shared = f"{VALUES}/{BASE}.yaml"
    return told | {shared: _tell(shared, values[shared], sync.keys)}


def _tell(path: str, text: str, keys: Mapping[str, str]) -> str:
    data = read_source(path, text.encode()).data
    gitops = data.get("gitops")
    held = gitops if isinstance(gitops, dict) else {}
    if "sync" in held:
        return text
    shown = "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in keys.items()) + "}"
    try:
        edits = edit_gitops(read_document(text), {"sync": shown}, list(held) if isinstance(gitops, dict) else None)
        after = apply_edits(text, edits)
    except CannotEdit:
        after = text
    meant, made = data | {"gitops": {**held, "sync": dict(keys)}}, read_source(path, after.encode())
    if made.data != meant or made.findings:
        raise UsageError(
            f"`gitops` is written in a form that init does not edit: leave --sync out, and write `sync: {shown}` there"
        )
    return after


def _scalar(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][\w./-]*", text, re.ASCII) else json.dumps(text, ensure_ascii=False)
