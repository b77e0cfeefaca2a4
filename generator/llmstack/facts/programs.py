"""What runs in a cluster besides our own: versions, by images and labels of controllers, and how Flux is set up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from llmstack.observed.things import Node, Workload

FLUX_CONTROLLER = "kustomize-controller"
FLUX_CONCURRENT = 4
"""`--concurrent` where it is not set (kustomize-controller, main.go)."""

_IMAGES: Mapping[str, str] = {
    "argo": r"(^|/)argocd$",
    "keda": r"(^|/)keda$",
    "kuberay": r"(^|/)kuberay/operator$|(^|/)kuberay-operator$",
    "lws": r"(^|/)lws(/lws|-controller)?$",
}
"""By program, the repository of its controller's image, without the registry: quay.io/argoproj/argocd,
ghcr.io/kedacore/keda, quay.io/kuberay/operator, registry.k8s.io/lws/lws."""
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:[.+-].*)?\Z", re.ASCII)


def versions_of(nodes: Iterable[Node], workloads: Iterable[Workload]) -> dict[str, str]:
    """Major and minor of Kubernetes (the newest kubelet: none is newer than the API server) and of the controllers that
    were seen, the newest where there are several."""
    found: dict[str, set[tuple[int, int]]] = {}
    for node in nodes:
        _add(found, "kubernetes", node.kubelet)
    for workload in workloads:
        if workload.meta.name == FLUX_CONTROLLER:
            # Flux's images have versions of their own; its installer labels what it makes with Flux's
            _add(found, "flux", workload.meta.labels.get("app.kubernetes.io/version", ""))
        for container in workload.containers:
            repository, _, tag = container.image.partition("@")[0].rpartition(":")
            for program, pattern in _IMAGES.items():
                if re.search(pattern, repository):
                    _add(found, program, tag)
    return {program: "{}.{}".format(*max(versions)) for program, versions in sorted(found.items())}


def _add(found: dict[str, set[tuple[int, int]]], program: str, version: str) -> None:
    match = _VERSION.match(version) if len(version) < 64 else None
    if match is not None:
        found.setdefault(program, set()).add((int(match[1]), int(match[2])))


def flux_concurrent(workloads: Iterable[Workload]) -> int | None:
    """How many Kustomizations Flux reconciles at a time; None where no Flux was seen."""
    for workload in workloads:
        if workload.meta.kind == "Deployment" and workload.meta.name == FLUX_CONTROLLER:
            args = [argument for container in workload.containers for argument in container.args]
            return _flag(args, "--concurrent") or FLUX_CONCURRENT
    return None


def _flag(args: Sequence[str], name: str) -> int | None:
    """The value of a flag, the last where it comes twice."""
    found = None
    for number, argument in enumerate(args):
        key, equals, value = argument.partition("=")
        if key != name:
            continue
        value = value if equals else args[number + 1] if number + 1 < len(args) else ""
        found = int(value) if value.isdecimal() and len(value) < 6 else found
    return found or None
