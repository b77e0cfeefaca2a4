"""A new repository for `llmstack init`: what it holds, written where none of it is yet."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from llmstack import __version__
from llmstack.disk.apply import apply
from llmstack.disk.folders import make_root
from llmstack.disk.listing import list_tree
from llmstack.disk.plan import Change, WritePlan
from llmstack.errors import RefusedError, UsageError
from llmstack.git.process import find_repository
from llmstack.model.json_schema import schema_text

TEMPLATES: Mapping[str, str] = {
    ".gitattributes": "gitattributes",
    ".github/workflows/overlays.yml": "overlays.yml",
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

SCHEMA = "docs/values.schema.json"
"""Where the values' `yaml-language-server` line finds the schema."""


def repository_files() -> dict[str, str]:
    """The text of every file of a new repository, by path."""
    folder = files("llmstack.commands.init") / "files"
    copies = {path: (folder / name).read_text(encoding="utf-8") for path, name in TEMPLATES.items()}
    return {**copies, SCHEMA: schema_text(), "requirements.txt": f"llmstack=={__version__}\n"}


def make_repository(root: Path) -> list[str]:
    """Write a new repository into `root`, which is made if it is not there; returns the paths of its files.

    Raises RefusedError that names everything in the way, before anything is written: a file of the same name, or one
    where a folder is needed. Raises UsageError when `root` is no folder, DiskError.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder")
    wanted = repository_files()
    there = list_tree(root, [], wanted)
    blocking = there.files | there.links | there.others | (there.folders & wanted.keys())
    if blocking:
        head = "nothing was written: these files exist, and init overwrites nothing"
        advice = "move them away, or make the repository in another folder: `llmstack init DIR`"
        raise RefusedError([head, *(f"  {path}" for path in sorted(blocking)), advice])
    make_root(root)
    apply(WritePlan(tuple(Change(path, None, text.encode(), "create") for path, text in wanted.items()), ()), root)
    return sorted(wanted)


def next_commands(root: Path) -> list[str]:
    """The commands that come after."""
    commands = [f"cd {shlex.quote(str(root))}"] if root != Path() else []
    commands += ["git init"] if find_repository(root) is None else []
    return [*commands, "llmstack gen", "git add --all && git commit"]
