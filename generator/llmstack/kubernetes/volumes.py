"""Volumes: where the data of PersistentVolumes lies, whatever they and their claims are called; and those of claims
that a StatefulSet makes for its pods."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, value_at

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


def with_claims(spec: dict[str, Any], obj: Object) -> dict[str, Any]:
    """A pod's spec with the volumes that its StatefulSet makes of claims (Kubernetes documentation, "StatefulSets",
    Volume Claim Templates)."""
    claims = [value_at(each, "metadata", "name") for each in maps(value_at(obj, "spec", "volumeClaimTemplates"))]
    made = [{"name": name, "persistentVolumeClaim": {}} for name in claims]
    return {**spec, "volumes": [*(spec.get("volumes") or ()), *made]} if made else spec


def _source_of(volume: Object) -> str | None:
    spec = value_at(volume, "spec")
    if not isinstance(spec, Mapping) or "hostPath" in spec:
        return None
    if spec.get("persistentVolumeReclaimPolicy", "Retain") != "Retain":
        return None
    source = {key: value for key, value in spec.items() if key not in _OF_THE_OBJECT}
    return json.dumps(source, sort_keys=True, default=str) if source else None
