"""The definitions of the custom resources that llmstack writes, as their projects publish them, CEL rules included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llmstack import yamlio
from tests.cluster.build import module_folder
from tests.cluster.kubectl import Kubectl

FOLDER = Path(__file__).parent / "crds"
"""Definitions that no Go module carries: production-stack's operator of 2026-08-05, source-watcher of 2026-08."""

PUBLISHED = (
    ("crds", "github.com/argoproj/argo-cd/v3", "manifests/crds/*-crd.yaml"),
    ("crds", "github.com/bitnami-labs/sealed-secrets", "helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml"),
    ("crds", "github.com/external-secrets/external-secrets", "config/crds/bases/external-secrets.io_externalsecrets.yaml"),
    ("crds", "github.com/kedacore/keda/v2", "config/crd/bases/keda.sh_*.yaml"),
    ("crds", "github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd/*monitors.yaml"),
    ("crds", "github.com/ray-project/kuberay/ray-operator", "config/crd/bases/ray.io_rayclusters.yaml"),
    ("crds", "sigs.k8s.io/gateway-api", "config/crd/standard/gateway.networking.k8s.io_*.yaml"),
    ("crds", "sigs.k8s.io/gateway-api", "config/crd/experimental/gateway.networking.k8s.io_t[cl][ps]routes.yaml"),
    ("crds", "sigs.k8s.io/gateway-api", "config/crd/experimental/gateway.networking.k8s.io_udproutes.yaml"),
    ("crds", "sigs.k8s.io/gateway-api-inference-extension", "config/crd/bases/inference.networking.k8s.io_*.yaml"),
    ("crds", "sigs.k8s.io/lws", "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"),
    ("source-controller", "github.com/fluxcd/source-controller", "config/crd/bases/*.yaml"),
    ("helm-controller", "github.com/fluxcd/helm-controller", "config/crd/bases/*.yaml"),
    ("kustomize-controller", "github.com/fluxcd/kustomize-controller", "config/crd/bases/*.yaml"),
)  # fmt: skip
"""Folder of modules/, module, and files of the module."""


def definitions() -> list[dict[str, Any]]:
    """Every CustomResourceDefinition; fails when a module has no file where we look."""
    paths = sorted(FOLDER.glob("*.yaml"))
    for folder, module, pattern in PUBLISHED:
        found = sorted(module_folder(folder, module).glob(pattern))
        assert found, f"{module} has no {pattern}"
        paths += found
    return [each for path in paths for each in yamlio.load_all(path.read_text(encoding="utf-8")) if each]


def install(kubectl: Kubectl) -> None:
    """Add the definitions to a cluster, and wait until it serves them."""
    kubectl.established({each["metadata"]["name"] for each in kubectl.apply(definitions(), manager="tests")})
