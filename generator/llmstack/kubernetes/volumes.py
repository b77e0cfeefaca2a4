"""Where the data of PersistentVolumes lies, whatever the volumes and their claims are called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from llmstack.kubernetes.pods import Identity, Object, identity_of, value_at

_OF_THE_OBJECT = frozenset((
    "accessModes", "capacity", "claimRef", "mountOptions", "persistentVolumeReclaimPolicy", "storageClassName",
    "volumeAttributesClassName", "volumeMode",
))  # fmt: skip
"""Fields of PersistentVolumeSpec that say nothing of where the data lies; `nodeAffinity` says on which nodes."""


def read_sources(objects: Iterable[Object]) -> dict[Identity, str]:
    """Return, of each volume, and of each claim that names one of them, what holds its data and outlives it: an export,
    a disk by its handle, a folder of one node.

    Those are left out whose data goes with the claim (`Delete`), and hostPaths: each node has a folder of its own.
    """
    found = list(objects)
    volumes = {str(each["metadata"]["name"]): each for each in found if each.get("kind") == "PersistentVolume"}
    by_name = {name: source for name, each in volumes.items() if (source := _source_of(each)) is not None}
    sources = {identity_of(volumes[name]): source for name, source in by_name.items()}
    for claim in (each for each in found if each.get("kind") == "PersistentVolumeClaim"):
        source = by_name.get(str(value_at(claim, "spec", "volumeName")))
        if source is not None:
            sources[identity_of(claim)] = source
    return sources


def _source_of(volume: Object) -> str | None:
    spec = value_at(volume, "spec")
    if not isinstance(spec, Mapping) or "hostPath" in spec:
        return None
    if spec.get("persistentVolumeReclaimPolicy", "Retain") != "Retain":
        return None
    source = {key: value for key, value in spec.items() if key not in _OF_THE_OBJECT}
    return json.dumps(source, sort_keys=True, default=str) if source else None
