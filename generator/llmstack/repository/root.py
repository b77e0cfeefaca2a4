"""Where a repository is: the folder whose values/ a command means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from llmstack.errors import UsageError

SUFFIXES = (".yaml", ".yml")
VALUES = "values"


def find_root(names: Sequence[str], directory: Path | None) -> tuple[Path, tuple[Path, ...]]:
    """The root of the repository that a command is about, and where paths on its command line start.

    That is `-C DIR`, else the parent of the values/ folder that holds a named file, else the nearest folder, from the
    working directory upwards, whose values/ has a values file; else the working directory. Raises UsageError.
    """
    if directory is not None:
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a folder")
        return directory, (directory, Path())
    for name in names:
        path = Path(os.path.abspath(name))
        if path.suffix in SUFFIXES and path.parent.name == VALUES and path.exists():
            return path.parent.parent, (Path(),)
    here = Path.cwd()
    root = _nearest(here)
    return (root, (Path(), root)) if root is not None and root != here else (here, (Path(),))


def _nearest(here: Path) -> Path | None:
    """The nearest folder with values, not beyond the top of the Git repository."""
    for folder in (here, *here.parents):
        values = folder / VALUES
        if values.is_dir() and any(path.suffix in SUFFIXES for path in values.iterdir()):
            return folder
        if (folder / ".git").exists():
            return None
    return None
