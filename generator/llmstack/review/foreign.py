"""Pods of custom resources whose controllers nobody here knows: KServe's, llm-d's, whatever holds a pod's spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmstack.finding import Route
from llmstack.kubernetes.accelerators import NVIDIA_GPU, gpus_of_pod
from llmstack.kubernetes.definitions import group_of, is_built_in
from llmstack.kubernetes.pods import Object, pod_specs
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.served import find_served
from llmstack.kubernetes.sound import sound
from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.review.facts import Facts
from llmstack.review.rollout.placement import PoolKey, pool_of

_TEMPLATES = frozenset(("ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig"))
"""Kinds that hold what others may use, and run nothing."""
_OLD = "ReplicationController"
"""The only kind of Kubernetes' own that runs pods and is not among the known ones."""
_MAKERS = frozenset((("kubeai.org", "Model"), ("kaito.sh", "Workspace"), ("apps.nvidia.com", "NIMService")))
"""Kinds whose pods are made of no container that they hold, but of a profile, a preset or an image alone (the API
references of KubeAI, KAITO and NVIDIA's NIM operator)."""
_IN_DYNAMO = {"cpu": "cpu", "memory": "memory", "gpu": NVIDIA_GPU}
_GROUP = "leaderWorkerTemplate"
_DEPTH = 16
"""How far down a pod's spec is looked for."""


def runs_foreign_pods(object: Object) -> bool:
    """Whether the controller of an object, which is not known here, makes pods: it holds the spec of one, in full or in
    a short form, or is known to."""
    return (group_of(object), object.get("kind")) in _MAKERS or next(_foreign_specs(object), None) is not None


def pod_specs_anywhere(object: Object) -> Iterator[tuple[Route, Mapping[str, Any], int | None]]:
    """Yield the pod specs of an object with their routes, and 1 where one pod is all of an engine; None where it is
    not, or where that is not known."""
    kind = str(object.get("kind"))
    if kind not in WORKLOADS:
        yield from ((route, pod, _copies(object, route)) for route, pod in _foreign_specs(object))
        return
    several = kind in ("RayCluster", "RayService") or _group_size(object.get("spec")) > 1
    yield from ((route, pod, None if several else 1) for route, pod in pod_specs(dict(object)))


def starts_engines(object: Object) -> bool:
    """Whether an object of a kind that is not known has a container that starts vLLM."""
    return any(next(find_served(pod), None) is not None for pod in foreign_specs(object))


def foreign_specs(object: Object) -> Iterator[Mapping[str, Any]]:
    """The pod specs of an object whose kind is not known."""
    return (pod for _, pod in _foreign_specs(object))


def foreign_pools(objects: Iterable[Object], facts: Facts) -> frozenset[PoolKey]:
    """Return the pools from which such pods may take GPUs: how many there are, no manifest says."""
    declared = [pool.resource for pool in facts.pools]
    found = set()
    for object in objects:
        for _, pod in _foreign_specs(object):
            resource, gpus = gpus_of_pod(pod, declared)
            if gpus:
                found.add((pool_of(pod, resource, None, facts), resource))
    return frozenset(found)


def _copies(object: Object, route: Route) -> int | None:
    """1 for a pod in groups of one, which are LeaderWorkerSet's wherever they stand (DisaggregatedSet's roles)."""
    if _GROUP not in route:
        return None
    value: Any = object
    for step in route[: route.index(_GROUP)]:
        value = value[step]
    return 1 if _group_size(value) == 1 else None


def _group_size(spec: Any) -> int:
    group = spec.get(_GROUP) if isinstance(spec, Mapping) else None
    return whole(group.get("size"), 1) if isinstance(group, Mapping) else 1


def _foreign_specs(object: Object) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    kind = object.get("kind")
    if kind in WORKLOADS or kind in _TEMPLATES or (is_built_in(group_of(object)) and kind != _OLD):
        return
    yield from _walk(object.get("spec"), ("spec",))


def _walk(value: Any, route: Route) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """Yield what looks like a pod's spec: containers, each with a name or an image. What is in one is its own."""
    if len(route) > _DEPTH:
        return
    if isinstance(value, dict):
        containers = value.get("containers")
        if isinstance(containers, list) and any(_is_container(each) for each in containers):
            yield route, _sound_spec(value)
            return
        if (short := _short_form(value, route)) is not None:
            yield route, _sound_spec(short)  # no line is looked up below its route
            return
        for key, item in value.items():
            yield from _walk(item, (*route, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, (*route, number))


def _sound_spec(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec with no more than a pod's spec has, of the types that it has: nobody else checks custom resources."""
    pod, _ = sound({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": dict(spec)})
    return (pod or {}).get("spec") or {}


def _is_container(value: Any) -> bool:
    return isinstance(value, Mapping) and ("image" in value or {"args", "command", "resources"} & value.keys() != set())


def _is_predictor(value: Mapping[str, Any], route: Route) -> bool:
    """KServe's InferenceService: `predictor.model` holds the fields of a container (KServe, `PredictorSpec`)."""
    model = value.get("model")
    return route[-1:] == ("predictor",) and isinstance(model, Mapping) and "modelFormat" in model


def _short_form(value: Mapping[str, Any], route: Route) -> Mapping[str, Any] | None:
    """The spec of a pod that KServe or NVIDIA Dynamo writes otherwise; None where it is no such map."""
    if _is_predictor(value, route):
        return {"containers": [value["model"]], "nodeSelector": value.get("nodeSelector")}
    return _of_component(value) if isinstance(value.get("extraPodSpec"), Mapping) else None


def _of_component(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pod of a component of Dynamo: a pod's fields with one container beside them, whose GPUs stand outside under a
    name of their own (`DynamoComponentDeploymentSharedSpec`: `extraPodSpec.mainContainer`, `resources.limits.gpu`)."""
    extra, resources = value["extraPodSpec"], value.get("resources")
    amounts = {
        verb: {_IN_DYNAMO[name]: amount for name, amount in said.items() if name in _IN_DYNAMO}
        for verb, said in (resources.items() if isinstance(resources, Mapping) else ())
        if verb in ("limits", "requests") and isinstance(said, Mapping)
    }
    main = extra.get("mainContainer")
    container = {"name": "main", "resources": amounts, **(main if isinstance(main, Mapping) else {})}
    return {**{key: item for key, item in extra.items() if key != "mainContainer"}, "containers": [container]}
