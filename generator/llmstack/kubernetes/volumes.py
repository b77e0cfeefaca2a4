"""Where the data of a PersistentVolume lies, whatever the volume and its claims are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, value_at

_OF_THE_OBJECT = frozenset((
    "accessModes", "capacity", "claimRef", "mountOptions", "persistentVolumeReclaimPolicy", "storageClassName",
    "volumeAttributesClassName", "volumeMode",
))  # fmt: skip
"""Fields of PersistentVolumeSpec that say nothing of where the data lies; `nodeAffinity` says on which nodes."""


def source_of(volume: Object | None) -> Mapping[str, Any] | None:
    """What holds the data of a volume that outlives its object: an export, a disk by its handle, a folder of one node.

    None where the data goes with the claim (`Delete`), and for a hostPath: each node has a folder of its own.
    """
    spec = value_at(volume, "spec")
    if not isinstance(spec, Mapping) or "hostPath" in spec:
        return None
    if spec.get("persistentVolumeReclaimPolicy", "Retain") != "Retain":
        return None
    return {key: value for key, value in spec.items() if key not in _OF_THE_OBJECT} or None


def source_behind(claim: Object | None, objects: Iterable[Object]) -> Mapping[str, Any] | None:
    """What holds the data of a claim that names its volume, where that is among the objects; else None."""
    name = value_at(claim, "spec", "volumeName")
    volumes = (each for each in objects if each.get("kind") == "PersistentVolume" and name)
    return next((source_of(each) for each in volumes if value_at(each, "metadata", "name") == name), None)
