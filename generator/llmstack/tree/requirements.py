"""What a cluster must have before an environment can run in it, told from the environment's objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.untyped import mapping
from llmstack.objects.placed import Object, Placed, may_name

OPERATORS = {
    "argoproj.io": "Argo CD 3",
    "bitnami.com": "the Sealed Secrets controller",
    "external-secrets.io": "the External Secrets Operator",
    "gateway.networking.k8s.io": "the Gateway API and a controller for it",
    "inference.networking.k8s.io": "the Gateway API inference extension",
    "keda.sh": "KEDA",
    "kustomize.toolkit.fluxcd.io": "Flux (kustomize-controller)",
    "leaderworkerset.x-k8s.io": "the LeaderWorkerSet controller",
    "monitoring.coreos.com": "the Prometheus operator",
    "production-stack.vllm.ai": "the vLLM production stack's operator",
    "ray.io": "the KubeRay operator, 1.1 or later",
    "source.extensions.fluxcd.io": "Flux (source-watcher)",
    "source.toolkit.fluxcd.io": "Flux (source-controller)",
}
"""What brings the kinds of an API group that Kubernetes itself does not have."""

BUILT_IN = re.compile(r"|apps|autoscaling|batch|policy|[a-z]+(?:\.[a-z]+)?\.k8s\.io")
"""Kubernetes' own API groups: one word, or a name below k8s.io that no project beside it has taken."""

NAMED: Mapping[str, str] = {
    "claimName": "PersistentVolumeClaim",
    "ingressClassName": "IngressClass",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "serviceAccountName": "ServiceAccount",
    "storageClassName": "StorageClass",
}
"""Fields of Kubernetes' types that name another object, and that object's kind."""

CONFIG_MAPS = ("configMap", "configMapRef", "configMapKeyRef")


class Requirements(Struct, frozen=True):
    """What has to be there.

    `operators` are (what, its kinds) pairs, `named` the names of objects by kind that something refers to and
    nothing here makes, `gpus` the resources that containers ask for. `default_class` is true where a claim leaves
    its storage class to the cluster. How many of anything is not said, so that a change of replicas changes one file.
    """

    operators: tuple[tuple[str, tuple[str, ...]], ...]
    named: Mapping[str, tuple[str, ...]]
    gpus: tuple[str, ...]
    default_class: bool


def requirements(objects: Iterable[Placed], others: Iterable[Object] = ()) -> Requirements:
    """Collect from the environment's objects; `others` are those that are no part of a unit (Flux's, Argo CD's).

    The class of a volume that is written here is a name by which its claim finds it: no StorageClass need exist.
    """
    own = [placed.object for placed in objects]
    made = {(object["kind"], object["metadata"]["name"]) for object in own}
    made |= {("StorageClass", name) for each in own if each["kind"] == "PersistentVolume" for _, name in _names(each)}
    named: dict[str, set[str]] = defaultdict(set)
    for object in own:
        for kind, name in _names(object):
            if (kind, name) not in made and (kind, name) != ("ServiceAccount", "default"):
                named[kind].add(name)
    claims = [object for object in own if object["kind"] == "PersistentVolumeClaim"]
    return Requirements(
        _operators([*own, *others]),
        {kind: tuple(sorted(names)) for kind, names in sorted(named.items())},
        _gpus(own),
        any("storageClassName" not in mapping(claim.get("spec")) for claim in claims),
    )


def _operators(objects: list[Object]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for object in objects:
        group = group_of(object)
        if group in OPERATORS or not BUILT_IN.fullmatch(group):
            kinds[OPERATORS.get(group, f"what serves {group}")].add(object["kind"])
    return tuple((what, tuple(sorted(names))) for what, names in sorted(kinds.items()))


def _names(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of each object that a value names, optional ones left out."""
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    if not isinstance(value, dict):
        return
    for field, item in value.items():
        if field in NAMED and isinstance(item, str):
            yield from [(NAMED[field], item)] if item else []
        elif field in CONFIG_MAPS and isinstance(item, dict):
            yield from _config_map(item)
        elif may_name(field, item) and field != "resources":
            yield from _names(item)


def _config_map(reference: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(reference.get("name"), str) and not reference.get("optional"):
        yield "ConfigMap", reference["name"]


def _gpus(objects: Iterable[Object]) -> tuple[str, ...]:
    return tuple(
        sorted({resource for object in objects for resource in _resources(object) if is_accelerator(resource)})
    )


def _resources(value: Any) -> Iterator[str]:
    """Yield the name of every resource that a container within a value asks for."""
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)
    elif isinstance(value, dict):
        for field, item in value.items():
            if field == "resources" and isinstance(item, dict):
                yield from (*mapping(item.get("requests")), *mapping(item.get("limits")))
            elif may_name(field, item):
                yield from _resources(item)
