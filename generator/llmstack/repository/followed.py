"""What builds of environments read, followed before anything is built: by `lint` and by `validate`."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence

from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.files import KustomizationError, find_kustomization, is_kustomization
from llmstack.kustomize.reached import Reached
from llmstack.repository.environments import list_environments
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
    reached.findings += _find_unbuilt(snapshot, environments, built)
    return reached


def _find_unbuilt(snapshot: Snapshot, environments: Sequence[str], built: Collection[str]) -> Iterator[Finding]:
    """Kustomizations of custom/ that stand at no unit's place, and that none which is built refers to: at the top of an
    environment's folder, and where all environments are looked at, in a folder of another name."""
    known = {each.name for each in list_environments(snapshot)}
    for path in filter(is_kustomization, snapshot.paths("custom")):
        folder = posixpath.dirname(path)
        _, name, *unit = folder.split("/") if folder.count("/") else ("", "", "")
        is_of_none = name not in known and known <= set(environments)
        if folder not in built and (is_of_none or (name in environments and not unit)):
            help = "put what it says into an overlay of a unit, custom/<env>/<unit>, or name it in one; or remove it"
            message = f"{folder} is not built: it is no overlay of a unit, and none refers to it"
            yield Finding("orphaned-custom", Severity.WARNING, message, place=Place(path), help=help)


def built_folders(snapshot: Snapshot, environment: str) -> dict[str, str]:
    """What is built of an environment: its units, and last what the sync tool reads, under its own path."""
    synced = cluster_folders(snapshot, environment)
    clusters = {folder: folder for folder in synced if find_kustomization(snapshot.read, folder) is not None}
    return dict(sorted(unit_folders(snapshot.read, environment).items())) | clusters
