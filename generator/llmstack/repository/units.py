"""What a repository holds of an environment: its folders, what people build on, its encrypted manifests."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from llmstack.disk.ownership import is_ours
from llmstack.errors import FoundError, IrregularFileError
from llmstack.kustomize.files import KustomizationError, is_kustomization
from llmstack.repository.root import SUFFIXES
from llmstack.repository.snapshot import Snapshot
from llmstack.tree.units import SECRETS, unit_folders


def custom_units(snapshot: Snapshot, environment: str) -> list[str]:
    """Units that people build on: folders of custom/<env>/ with a kustomization, by whichever of its names."""
    top = f"custom/{environment}"
    folders = {posixpath.dirname(path) for path in snapshot.paths(top) if is_kustomization(path)}
    return sorted(posixpath.relpath(folder, top) for folder in folders if folder != top)


def cluster_folders(snapshot: Snapshot, environment: str) -> list[str]:
    """What the sync tool reads of an environment: its folder in each cluster, `clusters/<cluster>/<env>`."""
    folders = {"/".join(path.split("/")[:3]) for path in snapshot.paths("clusters") if path.count("/") > 2}
    return sorted(folder for folder in folders if folder.endswith(f"/{environment}"))


def scopes(snapshot: Snapshot, environment: str) -> list[str]:
    """The folders that belong to one environment: its overlay, and its folder of every cluster."""
    return [f"overlays/{environment}", *cluster_folders(snapshot, environment)]


def generated_environments(snapshot: Snapshot) -> list[str]:
    """Environments that overlays/ holds."""
    return [name for name, kind in snapshot.entries("overlays").items() if kind == "a folder"]


def former_folders(before: Snapshot, after: Snapshot, environment: str) -> dict[str, str]:
    """The folder of each unit before a change; where nobody can read the aggregate that lists them, those of the units
    after it that were there."""
    try:
        return unit_folders(before.read, environment)
    except (FoundError, KustomizationError):
        later = unit_folders(after.read, environment)
        return {unit: folder for unit, folder in later.items() if before.paths(folder)}


def encrypted_manifests(snapshot: Snapshot, environment: str) -> Mapping[str, str]:
    """The texts of the files in overlays/<env>/secrets/ that are not generated, by name: encrypted manifests."""
    folder = f"overlays/{environment}/{SECRETS}"
    found = {}
    for name, kind in snapshot.entries(folder).items():
        path = f"{folder}/{name}"
        if kind or not name.endswith(SUFFIXES) or name.startswith(".") or _is_linked(snapshot, path):
            continue
        content = snapshot.read_bytes(path)
        if content is not None and not is_ours(content):
            found[name] = content.decode("utf-8", "replace")
    return found


def _is_linked(snapshot: Snapshot, path: str) -> bool:
    """Whether a path leads elsewhere, out of the repository too: what stands there is no manifest of this folder."""
    try:
        return snapshot.resolve(path) != path
    except IrregularFileError:
        return True
