"""Environments for the tests of what a sync tool reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmstack import programs, schemas, yamlio
from llmstack.objects.placed import Object
from tests.laws.trees import Tree, tree_of

FLUX = {"tool": "flux", "cluster": "eu", "repoURL": "https://git.example.com/llm.git"}
ARTIFACT = {**FLUX, "source": "artifact", "path": "deploy/llm"}
ARGO = {"tool": "argo", "cluster": "eu", "repoURL": "git@git.example.com:llm.git"}

MODELS = [
    {"name": "llama", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 1, "pvcStorage": "1Gi", "replicaCount": 4},
    {"name": "qwen", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 1, "keda": {"enabled": True}},
    {"name": "big", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 8, "raySpec": {"enabled": True}},
    {"name": "wide", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 8, "lwsSpec": {"enabled": True, "size": 2}},
]  # fmt: skip


def values(sync: Mapping[str, Any], *, models: list[dict[str, Any]] | None = None, **gitops: Any) -> dict[str, Any]:
    """An environment with every unit but secrets/."""
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "elsewhere"}}
    return {
        "servingEngineSpec": {
            "startupProbe": {"periodSeconds": 10, "failureThreshold": 180},
            "modelSpec": MODELS if models is None else models,
        },
        "routerSpec": {"autoscaling": {"enabled": True}},
        "cacheServerSpec": {"enableServer": True, "image": {"repository": "r", "tag": "v1"}},
        "sharedStorage": {"enabled": True, "size": "1Gi"},
        "extraObjects": [config_map],
        "gitops": {"namespace": "llm", "createNamespace": True, "sync": dict(sync), **gitops},
    }


def tree(sync: Mapping[str, Any], **more: Any) -> Tree:
    return tree_of({"prod": values(sync, **more)})


def objects(files: Mapping[str, str], folder: str = "clusters/") -> dict[tuple[str, str], Object]:
    """What the sync tool reads, by kind and name; the kustomizations that list it are left out."""
    loaded = [yamlio.load(text) for path, text in files.items() if path.startswith(folder) and path.endswith(".yaml")]
    found = {(each["kind"], each["metadata"]["name"]): each for each in loaded if "metadata" in each}
    assert found
    return found


def verdicts(files: Mapping[str, str]) -> list[programs.Verdict]:
    """What real kubeconform says of clusters/, each file on its own, strictly."""
    folder = os.environ.get("LLMSTACK_TOOLS")
    program = programs.find_tool(programs.KUBECONFORM, Path(folder) if folder else None)
    texts = {
        path: text for path, text in files.items() if path.startswith("clusters/") and "kustomize.config" not in text
    }
    return programs.kubeconform_texts(
        program, texts, schema_locations=schemas.locations(), kubernetes_version=schemas.full_version("1.34")
    )
