"""What builds of environments read, followed before anything is built: by `lint` and by `validate`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.files import KustomizationError, find_kustomization, is_kustomization
from llmstack.kustomize.reached import Reached
from llmstack.repository.overrides import find_overrides
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import cluster_folders
from llmstack.tree.units import unit_folders


def follow_units(snapshot: Snapshot, environments: Sequence[str]) -> Reached:
    """What builds of these environments read, with findings on what must not be read, or cannot be (references that
    lead out, above all), and on what makes Argo CD build something else."""
    reached = snapshot.look_through([f"overlays/{name}" for name in environments])
    if reached.findings:
        return reached  # a list that cannot be read names no units
    try:
        folders = [folder for name in environments for folder in built_folders(snapshot, name).values()]
    except KustomizationError as error:
        help = "run `llmstack gen`, or remove what is too much"
        return Reached(
            findings=[Finding("build-failed", Severity.ERROR, str(error), place=Place(error.path), help=help)]
        )
    reached.add(snapshot.look_through([folder for folder in folders if folder not in reached.reads]))
    built = sorted({posixpath.dirname(path) for path in reached.files if is_kustomization(path)})
    reached.findings += find_overrides(snapshot, built)
    return reached


def built_folders(snapshot: Snapshot, environment: str) -> dict[str, str]:
    """What is built of an environment: its units, and last what the sync tool reads, under its own path."""
    synced = cluster_folders(snapshot, environment)
    clusters = {folder: folder for folder in synced if find_kustomization(snapshot.read, folder) is not None}
    return dict(sorted(unit_folders(snapshot.read, environment).items())) | clusters
