"""Folders of a repository by the root of the tree, wherever in the repository that is."""

from __future__ import annotations

import posixpath

CLUSTERS = "clusters"
SOURCEIGNORE = ".sourceignore"
"""What source-controller leaves out, in whichever folder it stands."""
_UNITS = ("overlays/", "custom/")


def local_path(path: str) -> str:
    """A folder of the repository from the root of the tree, wherever in the repository that is."""
    for top in (*_UNITS, f"{CLUSTERS}/"):
        before, found, rest = path.partition(top)
        if found and (not before or before.endswith("/")):
            return posixpath.normpath(f"{top}{rest}")
    return path


def is_unit(path: str) -> bool:
    """Whether a folder of the repository may be a unit of a tree."""
    return local_path(path).startswith(_UNITS)


def is_sourceignore(path: str) -> bool:
    return path.rpartition("/")[2] == SOURCEIGNORE
