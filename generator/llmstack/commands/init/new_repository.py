"""A new repository for `llmstack init`: what it holds, written where none of it is yet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from llmstack.disk.apply import apply
from llmstack.disk.folders import make_root
from llmstack.disk.listing import list_tree
from llmstack.disk.plan import Change, WritePlan
from llmstack.errors import RefusedError, UsageError
from llmstack.git.process import find_repository
from llmstack.model.json_schema import schema_text

TEMPLATES: Mapping[str, str] = {
    ".gitattributes": "gitattributes",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "tools/go.mod": "go.mod",
    "tools/go.sum": "go.sum",
    "values/base.yaml": "base.yaml",
    "values/dev.yaml": "dev.yaml",
    "values/prod.yaml": "prod.yaml",
}
"""The file in `files/` that each path of the new repository is a copy of. Names there have no leading dot: Git and the
build of the package would take them as meant for themselves."""

CI: Mapping[str, Mapping[str, str]] = {
    "github": {".github/workflows/overlays.yml": "overlays.yml"},
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
}
"""By forge: what runs there on a change, in the same way."""

KEPT = frozenset((".gitattributes", ".gitignore", "README.md"))
"""Files that stay as they are where they are there already: a repository made on a forge has them from the start."""

SCHEMA = "docs/values.schema.json"
"""Where the values' `yaml-language-server` line finds the schema."""


REQUIREMENTS = "requirements.txt"


def repository_files(requirements: str, ci: str = "github") -> dict[str, str]:
    """The text of every file of a new repository on a forge of `CI`, by path; `requirements` is that of
    requirements.txt."""
    folder = files("llmstack.commands.init") / "files"
    copies = {path: (folder / name).read_text(encoding="utf-8") for path, name in ({**TEMPLATES, **CI[ci]}).items()}
    return {**copies, SCHEMA: schema_text(), REQUIREMENTS: requirements}


@dataclass(frozen=True)
class Made:
    """The paths of what was written, and of what was there and stays."""

    written: list[str]
    kept: list[str]


def make_repository(root: Path, requirements: str, ci: str = "github") -> Made:
    """Write a new repository into `root`, which is made if it is not there; files of `KEPT` that are there stay.

    Raises RefusedError that names everything in the way, before anything is written: a file of the same name, or one
    where a folder is needed. Raises UsageError when `root` is no folder, DiskError.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder")
    wanted = repository_files(requirements, ci)
    there = list_tree(root, [], wanted)
    kept = sorted(there.files & KEPT)
    blocking = (there.files - KEPT) | there.links | there.others | (there.folders & wanted.keys())
    if blocking:
        head = "nothing was written: these files exist, and init overwrites nothing"
        advice = "move them away, or make the repository in another folder: `llmstack init DIR`"
        raise RefusedError([head, *(f"  {path}" for path in sorted(blocking)), advice])
    new = {path: text for path, text in wanted.items() if path not in kept}
    make_root(root)
    apply(WritePlan(tuple(Change(path, None, text.encode(), "create") for path, text in new.items()), ()), root)
    return Made(sorted(new), kept)


def warnings(root: Path, kept: Sequence[str]) -> Iterator[str]:
    """Yield what the new repository does not do by itself: lines that kept files lack, workflows that are not found."""
    for path in kept:
        template = (files("llmstack.commands.init") / "files" / TEMPLATES[path]).read_text(encoding="utf-8")
        held = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        missing = [line for line in template.splitlines() if line not in held] if path != "README.md" else []
        add = "; add to it:\n" + "\n".join(f"  {line}" for line in missing) if missing else ""
        yield f"{path} was there and is kept{add}"
    repository = find_repository(root)
    if repository is not None and repository.top != repository.root:
        below = repository.root.relative_to(repository.top).as_posix()
        yield f"{below}/ is a folder of the repository {repository.top}: a forge reads workflows at its top alone"
        yield f"set gitops.sync.path: {below}, and move the workflow up, its steps to run in {below}"


def next_commands(root: Path) -> list[str]:
    """The commands that come after."""
    commands = [f"cd {shlex.quote(str(root))}"] if root != Path() else []
    commands += ["git init"] if find_repository(root) is None else []
    return [*commands, "llmstack gen", "git add --all && git commit"]
