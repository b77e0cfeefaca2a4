"""What an engine's pod mounts: the model's claim, the shared one, memory, templates, and what people add."""

from __future__ import annotations

from typing import Any

from llmstack.kubernetes.access_modes import DEFAULT as DEFAULT_MODES
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import chat_template, lmcache, names
from llmstack.objects.pod import Items, unique

DATA_PATH = "/data"
SHARED_PATH = "/data/shared-pvc-storage"


def claim_name(stack: Stack, model: Model) -> str | None:
    """The claim mounted at /data: an existing one, one of ours, or none."""
    if model.pvc_existing_claim_name:
        return model.pvc_existing_claim_name
    return own_claim_name(stack, model) if model.pvc_storage else None


def claim_modes(model: Model) -> list[str]:
    """Access modes of the model's claim; empty without one, or with an existing one of which nothing is said."""
    if model.pvc_existing_claim_name:
        return list(model.pvc_access_mode or ())
    return list(model.pvc_access_mode or DEFAULT_MODES) if model.pvc_storage else []


def own_claim_name(stack: Stack, model: Model) -> str:
    """The name of the model's own claim: of its former name where it was renamed, so that the weights stay."""
    return names.storage_claim(stack, model.gitops.moved_from or model.name or "engine")


def weights_path(stack: Stack, model: Model) -> str:
    """HF_HOME: where the weights are kept. As in the chart, the shared storage goes before the model's own claim."""
    if stack.shared_storage.enabled:
        return SHARED_PATH
    return DATA_PATH if claim_name(stack, model) else "/tmp"


def claim_mount(stack: Stack) -> dict[str, Any]:
    return {"name": names.storage_volume(stack), "mountPath": DATA_PATH}


def shared_volume(stack: Stack) -> dict[str, Any]:
    return _claim_volume(names.shared_storage_volume(stack), names.shared_claim(stack))


def shared_mount(stack: Stack) -> dict[str, Any]:
    return {"name": names.shared_storage_volume(stack), "mountPath": SHARED_PATH}


def volumes(stack: Stack, model: Model, *, shm: bool) -> Items:
    """The pod's volumes, each name once; `extraVolumes` win. `shm` says whether it has /dev/shm of its own."""
    claim = claim_name(stack, model)
    own = [
        _claim_volume(names.storage_volume(stack), claim) if claim else None,
        shared_volume(stack) if stack.shared_storage.enabled else None,
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": model.shm_size}} if shm else None,
        {"name": "lmcache-disk", "emptyDir": {}} if lmcache.owns_disk(stack, model) else None,
        chat_template.volume(stack, model),
    ]
    return unique([*own, *(model.extra_volumes or [])], "name") or []


def mounts(stack: Stack, model: Model, *, shm: bool) -> Items:
    """The container's mounts, each path once; `extraVolumeMounts` win."""
    disk = {"name": "lmcache-disk", "mountPath": lmcache.DISK_PATH}
    own = [
        claim_mount(stack) if claim_name(stack, model) else None,
        shared_mount(stack) if stack.shared_storage.enabled else None,
        {"name": "shm", "mountPath": "/dev/shm"} if shm else None,
        disk if lmcache.owns_disk(stack, model) else None,
        chat_template.mount(stack, model),
    ]
    return unique([*own, *(model.extra_volume_mounts or [])], "mountPath") or []


def _claim_volume(name: str, claim: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}
