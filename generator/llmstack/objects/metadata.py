"""Metadata that several kinds share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from llmstack.model.stack import Stack

KEPT = {
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
}
"""On what holds data: neither Flux nor Argo CD removes it with its unit."""

CHECKSUM = "checksum/config"


def metadata(
    stack: Stack,
    name: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Metadata of a namespaced object."""
    return {
        "name": name,
        "namespace": stack.gitops.namespace,
        "labels": dict(labels) if labels else None,
        "annotations": dict(annotations) if annotations else None,
    }


def checksum(*data: Mapping[str, str] | None) -> dict[str, str]:
    """The annotation that restarts pods when a config map they read changes; empty when they read none."""
    read = [dict(item) for item in data if item]
    if not read:
        return {}
    text = json.dumps(read, sort_keys=True, ensure_ascii=False)
    return {CHECKSUM: hashlib.sha256(text.encode()).hexdigest()}
