"""Which units may build to something else after a change of files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from llmstack import yamlio

Read = Callable[[str], str | None]

_REFERENCE = re.compile(r"^\s*(?:-\s+(?:path:\s+)?|path:\s+)[\"']?([^\s\"'#:]+)(?!\S*:)", re.MULTILINE)
_SHARED = "engine"
_FOLDERS = ("base/", "overlays/", "custom/")


def affected_units(
    changed: Iterable[str], environments: Iterable[str], read_before: Read, read_after: Read
) -> dict[str, list[str]]:
    """The units, by environment and sorted, whose build may differ between two trees.

    `changed` holds the paths of all files that differ, from the root; `environments` the folders of overlays/
    on either side; `read_before` and `read_after` give the text of a file, or None. A unit is affected when a
    file of its own folder, of its overlay in custom/, or of anything that these refer to, is among the
    changed ones, or when it enters or leaves the environment's list. Environments without such units are left
    out. The units of an environment are only looked through when something that they may share has changed.
    """
    paths = {posixpath.normpath(path) for path in changed}
    found: dict[str, set[str]] = {}
    shared = set()
    for path in paths:
        place = _unit_of(path)
        if place is not None and any(_exists(read, *place) for read in (read_before, read_after)):
            found.setdefault(place[0], set()).add(place[1])
        else:
            shared.add(path)
    lists = {environment: f"overlays/{environment}/kustomization.yaml" for environment in environments}
    shared = {path for path in shared if path.startswith(_FOLDERS)} - set(lists.values())
    search = _Search(shared, read_after)
    for environment, listed in lists.items():
        units = found.setdefault(environment, set())
        if shared or listed in paths:
            after = _list_units(environment, read_after)
            units.update(unit for unit, directory in after.items() if shared and search.reaches(directory))
        if listed in paths:
            units.update(after.keys() ^ _list_units(environment, read_before).keys())
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
    return read(f"overlays/{environment}/{unit}/kustomization.yaml") is not None


def _list_units(environment: str, read: Read) -> dict[str, str]:
    """The units of an environment's list, and the folder that stands for each.

    `secrets` is a unit wherever it exists: with SOPS it is not in the list.
    """
    aggregate = f"overlays/{environment}"
    homes = (f"{aggregate}/", f"custom/{environment}/")
    units = {"secrets": f"{aggregate}/secrets"} if _exists(read, environment, "secrets") else {}
    for reference in _references(read(f"{aggregate}/kustomization.yaml") or ""):
        directory = posixpath.normpath(posixpath.join(aggregate, reference))
        units |= {directory.removeprefix(home): directory for home in homes if directory.startswith(home)}
    return units


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
        text = self._read(f"{directory}/kustomization.yaml")
        targets = {posixpath.normpath(posixpath.join(directory, each)) for each in _references(text or "")}
        if targets & self._changed:
            return True
        return any(self.reaches(target) for target in sorted(targets) if self._is_folder(target))

    def _is_folder(self, path: str) -> bool:
        return not path.endswith((".yaml", ".yml")) and not path.startswith("..")
