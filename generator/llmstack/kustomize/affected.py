"""Which units may build to something else after a change of files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmstack import yamlio
from llmstack.kustomize.files import NAMES, Read, find_kustomization


@dataclass(frozen=True)
class Side:
    """A tree: the text of its files, and the units of an environment with the folder that stands for each."""

    read: Read
    units: Callable[[str], Mapping[str, str]]


_REFERENCE = re.compile(r"^\s*(?:-\s+(?:path:\s+)?|path:\s+)[\"']?([^\s\"'#:]+)(?!\S*:)", re.MULTILINE)
_SHARED = "engine"
_FOLDERS = ("base/", "overlays/", "custom/")


def affected_units(
    changed: Iterable[str], environments: Iterable[str], before: Side, after: Side
) -> dict[str, list[str]]:
    """The units, by environment and sorted, whose build may differ between two trees.

    `changed` holds the paths of all files that differ, from the root; `environments` the folders of overlays/
    on either side. A unit is affected when a file of its own folder, of its overlay in custom/, or of anything that
    these refer to, is among the changed ones, or when it enters or leaves the environment's list. Environments without
    such units are left out. The units of an environment are only looked through when something that they may share has
    changed.
    """
    paths = {posixpath.normpath(path) for path in changed}
    found: dict[str, set[str]] = {}
    shared = set()
    for path in paths:
        place = _unit_of(path)
        if place is not None and any(_exists(read, *place) for read in (before.read, after.read)):
            found.setdefault(place[0], set()).add(place[1])
        else:
            shared.add(path)
    lists = {environment: _lists_of(environment) & paths for environment in environments}
    shared = {path for path in shared if path.startswith(_FOLDERS)}.difference(*lists.values())
    search = _Search(shared, after.read)
    for environment, listed in lists.items():
        units = found.setdefault(environment, set())
        if shared or listed:
            units_after = after.units(environment)
            units.update(unit for unit, directory in units_after.items() if shared and search.reaches(directory))
        if listed:
            units.update(units_after.keys() ^ before.units(environment).keys())
    return {environment: sorted(found[environment]) for environment in sorted(found) if found[environment]}


def _unit_of(path: str) -> tuple[str, str] | None:
    """Environment and unit of a file in a unit's folder or in its overlay in custom/, else None."""
    top, *rest = path.split("/")
    if top not in ("overlays", "custom") or len(rest) < 3:
        return None
    environment, unit = rest[0], rest[1]
    if unit == "models":
        return (environment, f"models/{rest[2]}") if len(rest) > 3 else None
    return None if unit == _SHARED else (environment, unit)


def _exists(read: Read, environment: str, unit: str) -> bool:
    return find_kustomization(read, f"overlays/{environment}/{unit}") is not None


def _lists_of(environment: str) -> set[str]:
    """Where an environment's list may stand."""
    return {f"overlays/{environment}/{name}" for name in NAMES}


def _references(text: str) -> list[str]:
    """Everything in a kustomization that may be a path; more than that does no harm."""
    if "[" not in text and "{" not in text:
        return _REFERENCE.findall(text)
    try:
        return list(_texts(yamlio.load_all(text)))
    except yamlio.YAMLError:
        return _REFERENCE.findall(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


class _Search:
    """Follows the references of a tree, each folder once, to the files that changed."""

    def __init__(self, changed: set[str], read: Read) -> None:
        self._changed = changed
        self._folders = {posixpath.dirname(path) for path in changed}
        self._read = read
        self._known: dict[str, bool] = {}

    def reaches(self, directory: str) -> bool:
        """Whether a changed file stands in the folder, or in anything that its kustomization refers to."""
        if directory not in self._known:
            self._known[directory] = directory in self._folders
            self._known[directory] = self._known[directory] or self._refers(directory)
        return self._known[directory]

    def _refers(self, directory: str) -> bool:
        found = find_kustomization(self._read, directory)
        references = _references(found[1]) if found is not None else ()
        targets = {posixpath.normpath(posixpath.join(directory, each)) for each in references}
        if targets & self._changed:
            return True
        return any(self.reaches(target) for target in sorted(targets) if self._is_folder(target))

    def _is_folder(self, path: str) -> bool:
        return not path.endswith((".yaml", ".yml")) and not path.startswith("..")
