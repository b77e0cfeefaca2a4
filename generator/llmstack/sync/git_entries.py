"""The entries of a Git generator of an ApplicationSet: folders and files of this repository (argo-cd,
docs/operator-manual/applicationset/Generators-Git.md)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.kubernetes.untyped import mapping, sequence

Entry = Mapping[str, Any]
Entries = list[Entry] | None
"""What the fields of a template stand for, once for each Application; None where it cannot be told."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NOT_OF_NAMES = re.compile(r"[^-a-z0-9.]")
_GLOB = re.compile(r"[*?]")
_MORE_THAN_STARS = re.compile(r"[\[\]{}\\]")
MOST_ENTRIES = 2_000
"""Entries that are looked at: of more, which a matrix of two long lists has, none is."""


class Tree(Struct, frozen=True):
    """The repository at one revision."""

    files: Callable[[str], Collection[str]] = lambda folder: ()
    """The files below a folder, from the root of the repository."""
    read: Callable[[str], str | None] = lambda path: None


def joined(parts: Iterator[Entries]) -> Entries:
    """The entries of all parts; None where one cannot be told, or they are more than are looked at."""
    found: list[Entry] = []
    for part in parts:
        if part is None or len(found) + len(part) > MOST_ENTRIES:
            return None
        found += part
    return found


def of_git(stated: Mapping[str, Any], tree: Tree) -> Entries:
    """The entries of a Git generator; None where it reads another commit, or names its fields otherwise."""
    if _COMMIT.fullmatch(str(stated.get("revision") or "")) or stated.get("pathParamPrefix"):
        return None
    folders, files = ([*map(mapping, sequence(stated.get(key)))] for key in ("directories", "files"))
    if folders and not files:
        return _of_folders(folders, tree)
    return _of_files(files, tree) if files and not folders else None


def _of_folders(patterns: Sequence[Mapping[str, Any]], tree: Tree) -> Entries:
    """A folder to an entry; where one is excluded, no pattern brings it back."""
    below = _below(patterns, tree)
    if below is None:
        return None
    folders = sorted({folder for path in below for folder in _folders_above(path)})
    return [{"path": _parts(each)} for each in folders if _takes(patterns, each)]


def _of_files(patterns: Sequence[Mapping[str, Any]], tree: Tree) -> Entries:
    """The objects of each file, with its folder. By default a star matches slashes too, and by a setting of the
    controller it does not: what differs by that cannot be told."""
    below = _below(patterns, tree)
    if below is None:
        return None
    taken = [[path for path in sorted(below) if _takes(patterns, path, slashes=slashes)] for slashes in (True, False)]
    return joined(_of_file(path, tree) for path in taken[0]) if taken[0] == taken[1] else None


def _of_file(path: str, tree: Tree) -> Entries:
    """The objects of a file, each with the folder that it is in."""
    try:
        contents = yamlio.load(tree.read(path) or "")
    except yamlio.YAMLError:
        return None
    folder = {**_parts(posixpath.dirname(path)), "filename": posixpath.basename(path)}
    return [{**mapping(each), "path": folder} for each in (contents if isinstance(contents, list) else [contents])]


def _takes(patterns: Sequence[Mapping[str, Any]], path: str, *, slashes: bool = False) -> bool:
    """Whether a pattern matches and none excludes it."""
    matching = [each for each in patterns if _matches(str(each.get("path")), path, slashes=slashes)]
    return bool(matching) and not any(each.get("exclude") for each in matching)


def _below(patterns: Sequence[Mapping[str, Any]], tree: Tree) -> Collection[str] | None:
    """The files below the folders that the patterns begin with; None where one is not of this repository, or has more
    than stars and question marks in it."""
    found: set[str] = set()
    for pattern in patterns:
        path = str(pattern.get("path"))
        if _MORE_THAN_STARS.search(path):
            return None
        start = _GLOB.split(path, maxsplit=1)[0]
        places = [start.rpartition("/")[0], *([path] if start == path else [])]
        files = [file for place in places if place for file in tree.files(place)]
        if not files and not pattern.get("exclude"):
            return None
        found |= set(files)
    return found


def _folders_above(path: str) -> Iterator[str]:
    """The folders that hold a file; Argo CD looks into none whose name begins with a dot."""
    steps = path.split("/")[:-1]
    for end in range(1, len(steps) + 1):
        if steps[end - 1].startswith("."):
            return
        yield "/".join(steps[:end])


def _parts(path: str) -> dict[str, Any]:
    name = posixpath.basename(path)
    return {
        "path": path,
        "basename": name,
        "basenameNormalized": _NOT_OF_NAMES.sub("-", name.lower())[:253].strip("-."),
        "segments": path.split("/"),
    }


def _matches(pattern: str, path: str, *, slashes: bool) -> bool:
    """Whether a pattern of a shell matches; a star of Go's `path.Match` stops at a slash."""
    if slashes:
        return fnmatchcase(path, pattern)
    names, patterns = path.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(fnmatchcase, names, patterns))
