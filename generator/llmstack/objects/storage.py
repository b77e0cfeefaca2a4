"""Shared storage: the claim every engine mounts, and its volume where that is ours to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.access_modes import DEFAULT as DEFAULT_MODES
from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.metadata import KEPT, metadata
from llmstack.objects.placed import Placed, place

UNIT = "storage"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield claim and volume; nothing when sharedStorage.enabled is false."""
    if not stack.shared_storage.enabled:
        return
    if stack.shared_storage.is_static:
        yield place(UNIT, volume(stack))
    yield place(UNIT, claim(stack))


def _labels(stack: Stack, *more: Mapping[str, str]) -> dict[str, str]:
    """With the chart's own labels, by which people and tools may find volume and claim."""
    own = {"app": stack.gitops.release, "component": "shared-pvc-storage"}
    return labels.labels(stack, "shared-storage", "shared-storage", own, *more)


def _storage_class(stack: Stack) -> str | None:
    """One explicit class on a static volume and its claim: the default class would provision another."""
    stated = stack.shared_storage.storage_class
    return stated or "" if stack.shared_storage.is_static else stated


def volume(stack: Stack) -> dict[str, Any]:
    storage = stack.shared_storage
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": names.shared_volume(stack),
            "labels": _labels(stack, {"type": "local"}),
            "annotations": dict(KEPT),
        },
        "spec": {
            "capacity": {"storage": storage.size},
            "accessModes": storage.access_modes or list(DEFAULT_MODES),
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": _storage_class(stack),
            "hostPath": {"path": storage.host_path} if storage.host_path else None,
            "nfs": None if storage.host_path else {"server": storage.nfs.server, "path": storage.nfs.path},
        },
    }


def claim(stack: Stack) -> dict[str, Any]:
    storage = stack.shared_storage
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(stack, names.shared_claim(stack), _labels(stack), KEPT),
        "spec": {
            "accessModes": storage.access_modes or list(DEFAULT_MODES),
            "storageClassName": _storage_class(stack),
            "volumeName": names.shared_volume(stack) if storage.is_static else None,
            "resources": {"requests": {"storage": storage.size}},
        },
    }
