"""The file that makes a folder one that kustomize builds, and what it lists."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from llmstack import yamlio

Read = Callable[[str], str | None]
"""The text of a file of the tree by its path from the root, with `/` between names; None when it is not there."""

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize looks for (api, `konfig/general.go`); it refuses a folder with two of them."""


class KustomizationError(Exception):
    """What kustomize could not read as a kustomization; `path` is the file, where one is to blame."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def is_kustomization(path: str) -> bool:
    """Whether a file makes its folder one that kustomize builds."""
    return posixpath.basename(path) in NAMES


def find_kustomization(read: Read, folder: str) -> tuple[str, str] | None:
    """The path and the text of a folder's kustomization; None where there is none.

    Raises KustomizationError where there are several.
    """
    paths = [posixpath.normpath(posixpath.join(folder, name)) for name in NAMES]
    found = [(path, text) for path in paths if (text := read(path)) is not None]
    if len(found) > 1:
        raise KustomizationError(
            f"{found[0][0]} and {found[1][0]} both make {folder} a kustomization: keep one", found[1][0]
        )
    return found[0] if found else None


def list_resources(read: Read, folder: str) -> list[str]:
    """The paths of what a folder's kustomization lists as resources, from the root; nothing where there is none.

    Raises KustomizationError for what kustomize could not read, and for a path that leads out of the tree.
    """
    found = find_kustomization(read, folder)
    if found is None:
        return []
    path, text = found
    try:
        content: Any = yamlio.load(text) or {}
    except (yamlio.YAMLError, ValueError, RecursionError) as error:
        raise KustomizationError(f"{path} is not YAML: {str(error).partition(chr(10))[0]}", path) from error
    entries = content.get("resources") or [] if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise KustomizationError(f"{path} is not a kustomization with a list of resources", path)
    targets = [posixpath.normpath(posixpath.join(folder, entry)) for entry in entries]
    for entry, target in zip(entries, targets, strict=True):
        if target.startswith("..") or entry.startswith("/"):
            raise KustomizationError(f"{path} leads out of the repository: {entry}", path)
    return targets
