"""A new repository for `llmstack init`: what it holds, written where none of it is yet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from llmstack import schemas
from llmstack.commands.init.forge import FORGES, WORKFLOW, template
from llmstack.commands.init.installation import Pin
from llmstack.commands.init.sync import EXAMPLE, Sync, tell_sync
from llmstack.disk.apply import apply
from llmstack.disk.folders import make_root
from llmstack.disk.listing import list_tree
from llmstack.disk.plan import Change, WritePlan
from llmstack.errors import RefusedError, UsageError
from llmstack.git.process import Repository, find_repository
from llmstack.repository.schema_file import SCHEMA

TEMPLATES: Mapping[str, str] = {
    ".gitattributes": "gitattributes",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "tools/go.mod": "go.mod",
    "tools/go.sum": "go.sum",
    "tools/requirements.txt": "requirements.txt",
}
"""The file in `files/` that each path of the new repository is a copy of. Names there have no leading dot: Git and the
build of the package would take them as meant for themselves."""

EXAMPLES: Mapping[str, str] = {f"values/{name}": name for name in ("base.yaml", "dev.yaml", "prod.yaml")}
"""The values of a repository that is made of none."""

KEPT = frozenset((".gitattributes", ".gitignore", "README.md"))
"""Files that stay as they are where they are there already: a repository made on a forge has them from the start."""

REQUIREMENTS = "requirements.txt"


class Wanted(Struct, frozen=True):
    """What a new repository is to be."""

    pin: Pin
    """The llmstack that it is generated with."""
    ci: str = "github"
    within: str | None = None
    """The folder of an existing repository that it is made in; None for a repository of its own."""
    values: Mapping[str, str] | None = None
    """Its values files by path; None for the examples."""
    sync: Sync | None = None


def repository_files(wanted: Wanted) -> dict[str, str]:
    """The text of every file of a new repository, by path; raises UsageError where values cannot be told of the sync
    tool."""
    values = wanted.values or {path: template(name) for path, name in EXAMPLES.items()}
    return {
        **{path: template(name) for path, name in TEMPLATES.items()},
        **FORGES[wanted.ci](wanted.pin.action, wanted.within),
        **(values if wanted.sync is None else tell_sync(values, wanted.sync)),
        SCHEMA: schemas.values_schema(),
        REQUIREMENTS: wanted.pin.text,
    }


class Made(Struct, frozen=True):
    """The paths of what was written, and of what was there and stays."""

    written: list[str]
    kept: list[str]


def make_repository(root: Path, wanted: Wanted) -> Made:
    """Write a new repository into `root`, which is made if it is not there; files of `KEPT` that are there stay.

    Raises RefusedError that names everything in the way, before anything is written: a file of the same name, or one
    where a folder is needed. Raises DiskError.
    """
    texts = repository_files(wanted)
    there = list_tree(root, [], texts)
    kept = sorted(there.files & KEPT)
    blocking = (there.files - KEPT) | there.links | there.others | (there.folders & texts.keys())
    if blocking:
        head = "nothing was written: these files exist, and init overwrites nothing"
        advice = "move them away, or make the repository in another folder: `llmstack init DIR`"
        raise RefusedError([head, *(f"  {path}" for path in sorted(blocking)), advice])
    new = {path: text for path, text in texts.items() if path not in kept}
    make_root(root)
    apply(WritePlan(tuple(Change(path, None, text.encode(), "create") for path, text in new.items()), ()), root)
    return Made(sorted(new), kept)


def find_place(root: Path) -> tuple[Repository | None, str | None]:
    """The repository that a folder is to be in, and its path from the top; None where it is the top itself.

    Raises UsageError where it is no folder.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder")
    repository = find_repository(root)
    if repository is None or repository.top == repository.root:
        return repository, None
    return repository, repository.root.relative_to(repository.top).as_posix()


def warnings(root: Path, kept: Sequence[str], wanted: Wanted) -> Iterator[str]:
    """Yield what the new repository does not do by itself: lines that kept files lack, workflows that are not found,
    addresses that nobody knew."""
    for path in kept:
        held = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        lines = template(TEMPLATES[path]).splitlines() if path != "README.md" else []
        missing = [line for line in lines if line not in held]
        add = "; add to it:\n" + "\n".join(f"  {line}" for line in missing) if missing else ""
        yield f"{path} was there and is kept{add}"
    if wanted.within is not None:
        yield from _below(wanted.within, wanted)
    if wanted.sync is not None and wanted.sync.url == EXAMPLE:
        yield "gitops.sync.repoURL in values/base.yaml is an example: write there where clusters read this repository"
    if wanted.pin.advice:
        yield wanted.pin.advice


def _below(within: str, wanted: Wanted) -> Iterator[str]:
    """What is to be done in a folder of somebody's repository, with the commands for its top."""
    yield f"{within}/ is a folder of a repository, and a forge reads workflows at its top alone; there:"
    if wanted.ci == "github":
        moved = WORKFLOW.replace("overlays.yml", f"{within.replace('/', '-')}.yml")
        command = shlex.join(["git", "mv", f"{within}/{WORKFLOW}", moved])
        yield f"  git add {shlex.quote(within)} && mkdir -p .github/workflows && {command}"
    else:
        yield f"  include {within}/.gitlab-ci.yml, its scripts to begin with `cd {shlex.quote(within)}`"
    if wanted.sync is None:
        yield f"where Flux or Argo CD follows it, set gitops.sync.path: {within}"


def next_commands(root: Path) -> list[str]:
    """The commands that come after."""
    commands = [f"cd {shlex.quote(str(root))}"] if root != Path() else []
    commands += ["git init --initial-branch main"] if find_repository(root) is None else []
    return [*commands, "llmstack gen", "git add --all && git commit"]
