"""Objects that the API server refuses whatever was there before: what it asks beyond the schema of their kind.

Sources: k8s.io/kubernetes 1.36, pkg/apis/apps/validation (ValidateDeploymentSpec, ValidateStatefulSetSpec …: a selector
selects its own template), pkg/apis/core/validation (ValidateContainerResourceRequirements: extended resources are whole
and not overcommitted; ValidateService), pkg/apis/autoscaling/validation, pkg/apis/policy/validation; KEDA's webhook
(apis/keda/v1alpha1/scaledobject_types.go, CheckReplicaCountBoundsAreValid). `rules.py` has those of single fields,
`misnamed.py` those of names, `oversized.py` those of sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmstack.finding import Route
from llmstack.kubernetes.accelerators import is_extended
from llmstack.kubernetes.keda import broken_bounds
from llmstack.kubernetes.misnamed import misnamed, misnamed_parts
from llmstack.kubernetes.oversized import oversized
from llmstack.kubernetes.pods import Object, containers, maps, pod_labels, pod_specs, value_at
from llmstack.kubernetes.quantities import is_zero, quantity
from llmstack.kubernetes.restart_policies import broken_restart
from llmstack.kubernetes.rules import broken_rules, broken_shares
from llmstack.kubernetes.schema import Problem
from llmstack.kubernetes.selectors import selects
from llmstack.kubernetes.volumes import with_claims
from llmstack.kubernetes.workloads import PROGRESS_DEADLINE
from llmstack.schemas import KUBERNETES_VERSIONS

_POD = ("spec", "template", "spec")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def refusals(obj: Object | None) -> tuple[Problem, ...]:
    """Return what the API server says against an object; nothing for none. The route is that of the field.

    It is the newest of those known, which takes what an older one may not.
    """
    if obj is None:
        return ()
    pods = [(route, with_claims(spec, obj)) for route, spec in pod_specs(dict(obj))]
    names = (problem for route, spec in pods for problem in misnamed_parts(route, spec))
    return (*misnamed(obj), *oversized(obj), *refused_values(obj), *names)


def refused_values(obj: Object, version: str = KUBERNETES_VERSIONS[-1]) -> tuple[Problem, ...]:
    """Return what the API server of a version (`1.34`) says against an object's fields; names that containers and
    mounts give each other are left out."""
    rule = _RULES.get(str(obj.get("kind")))
    own = rule(obj) if rule is not None else ()
    minor = int(version.rpartition(".")[2])
    pods = (_pod(route, spec, minor) for route, spec in pod_specs(dict(obj)))
    return (*own, *(problem for pod in pods for problem in pod))


def _pod(route: Route, spec: dict[str, Any], minor: int) -> Iterator[Problem]:
    """A pod's tolerations, volumes and affinity, and its containers."""
    for key, kind in (("tolerations", "Toleration"), ("volumes", "Volume")):
        for number, item in enumerate(maps(spec.get(key))):
            yield from _of_type(kind, item, (*route, key, number))
    yield from _of_type("Affinity", spec.get("affinity"), (*route, "affinity"))
    yield from _at_odds(route, spec)
    for group, number, container in containers(spec):
        at = (*route, group, number)
        yield from _container(at, container)
        for problem in broken_restart(container, is_init=group == "initContainers", minor=minor):
            yield Problem((*at, *problem.route), problem.message, problem.help)


def _at_odds(route: Route, spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Fields of a pod that do not go together (pkg/apis/core/validation, validatePodDNSConfig,
    validateHostNetwork, ValidatePodSpec, ValidatePodCreate)."""
    if spec.get("dnsPolicy") == "None" and not value_at(spec, "dnsConfig", "nameservers"):
        yield Problem((*route, "dnsPolicy"), "`dnsPolicy: None` goes with a server in `dnsConfig.nameservers`")
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        yield Problem((*route, "shareProcessNamespace"), "`shareProcessNamespace` and `hostPID` are not both true")
    if route == ("spec",) and spec.get("nodeName") and spec.get("schedulingGates"):  # in a template both are taken
        yield Problem((*route, "nodeName"), "`nodeName` is not set while there are `schedulingGates`")
    for number, container in enumerate(maps(spec.get("containers")) if spec.get("hostNetwork") is True else ()):
        ports = maps(container.get("ports"))
        if any(each.get("hostPort") not in (None, 0, each.get("containerPort")) for each in ports):
            message = "with `hostNetwork` a `hostPort` is its `containerPort`"
            yield Problem((*route, "containers", number, "ports"), message)


def _container(route: Route, container: dict[str, Any]) -> Iterator[Problem]:
    for key in _PROBES:
        yield from _of_type("Probe", container.get(key), (*route, key))
    for number, entry in enumerate(maps(container.get("env"))):
        if isinstance(entry.get("name"), str):
            yield from _of_type("EnvVar", entry, (*route, "env", number))
    resources = container.get("resources")
    yield from _of_type("ResourceRequirements", resources, (*route, "resources"))
    yield from _amounts((*route, "resources"), resources)
    paths = [each.get("mountPath") for each in maps(container.get("volumeMounts"))]
    if len(set(paths)) < len(paths):
        yield Problem((*route, "volumeMounts"), "two volumes are mounted at the same path")


def _amounts(route: Route, resources: Any) -> Iterator[Problem]:
    """A request is at most its limit; an extended resource is whole, and its limit is its request."""
    limits, requests = (value_at(resources, part) or {} for part in ("limits", "requests"))
    for name in {**limits, **requests}:
        limit, request = quantity(limits.get(name)), quantity(requests.get(name))
        if is_extended(name):
            if any(amount is not None and amount.denominator != 1 for amount in (limit, request)):
                yield Problem((*route, name), f"`{name}` is counted in whole units")
            if limit is None or (request is not None and request != limit):
                yield Problem((*route, name), f"`{name}` is not overcommitted: its limit is its request")
        elif limit is not None and request is not None and request > limit:
            yield Problem((*route, "requests", name), f"the request of `{name}` is more than its limit")


def _of_type(kind: str, value: Any, route: Route) -> Iterator[Problem]:
    for problem in broken_rules(kind, value, str(route[-1])):
        yield Problem((*route, *problem.route), problem.message, problem.help)


def _workload(obj: Object) -> Iterator[Problem]:
    """A workload's selector selects its own pods, and it has no fewer than none."""
    spec = value_at(obj, "spec") or {}
    selector, template = spec.get("selector"), value_at(spec, "template")
    if selector and isinstance(template, dict) and not selects(selector, pod_labels(template)):
        yield Problem(("spec", "selector"), "`selector` does not select the pods of its own template")
    yield from _least(spec, "replicas", 0)
    if value_at(template, "spec", "restartPolicy") not in (None, "Always"):
        yield Problem((*_POD, "restartPolicy"), "`restartPolicy` is Always for pods that last")
    if value_at(template, "spec", "activeDeadlineSeconds") is not None:
        yield Problem((*_POD, "activeDeadlineSeconds"), "`activeDeadlineSeconds` is not for pods that last")
    if obj.get("kind") == "Deployment":
        yield from _of_type("DeploymentStrategy", spec.get("strategy"), ("spec", "strategy"))
        deadline, ready = spec.get("progressDeadlineSeconds", PROGRESS_DEADLINE), spec.get("minReadySeconds") or 0
        if isinstance(deadline, int) and deadline <= ready:
            message = f"`progressDeadlineSeconds` ({deadline}) is not more than `minReadySeconds` ({ready})"
            yield Problem(("spec", "progressDeadlineSeconds"), message)


def _stateful_set(obj: Object) -> Iterator[Problem]:
    yield from _workload(obj)
    how = value_at(obj, "spec", "updateStrategy") or {}
    if how.get("type") == "OnDelete" and how.get("rollingUpdate") is not None:
        yield Problem(("spec", "updateStrategy", "rollingUpdate"), "`rollingUpdate` does not go with `OnDelete`")


def _daemon_set(obj: Object) -> Iterator[Problem]:
    """One of its numbers is 0, and the other is not; maxUnavailable is 1 where it is not stated
    (ValidateRollingUpdateDaemonSet; pkg/apis/apps/v1/defaults.go)."""
    yield from _workload(obj)
    rolling = value_at(obj, "spec", "updateStrategy", "rollingUpdate")
    if isinstance(rolling, Mapping):
        surge, unavailable = (rolling.get(key) for key in ("maxSurge", "maxUnavailable"))
        surges, gives = surge is not None and not is_zero(surge), unavailable is None or not is_zero(unavailable)
        if surges is gives:
            message = "of `maxSurge` and `maxUnavailable` (1 where it is not stated) one is 0, and the other is not"
            yield Problem(("spec", "updateStrategy", "rollingUpdate"), message)
    yield from broken_shares(rolling, ("spec", "updateStrategy", "rollingUpdate"), ("maxSurge", "maxUnavailable"))


def _job(obj: Object) -> Iterator[Problem]:
    """What ends says whether it starts again when it fails; a template says Always where it says nothing."""
    for route, spec in pod_specs(dict(obj)):
        if spec.get("restartPolicy") not in ("OnFailure", "Never"):
            yield Problem((*route, "restartPolicy"), "`restartPolicy` of a Job's pods is OnFailure or Never")


def _least(spec: Mapping[str, Any], key: str, least: int) -> Iterator[Problem]:
    value = spec.get(key)
    if isinstance(value, int) and value < least:
        yield Problem(("spec", key), f"`{key}` is at least {least}")


def _autoscaler(obj: Object) -> Iterator[Problem]:
    """0 is a minimum only with the feature gate HPAScaleToZero, which is not judged, and a metric that is there without
    pods (pkg/apis/autoscaling/validation, validateMetrics)."""
    spec = value_at(obj, "spec") or {}
    yield from _least(spec, "minReplicas", 0)
    if spec.get("minReplicas") == 0 and not any(
        each.get("type") in ("Object", "External") for each in maps(spec.get("metrics"))
    ):
        yield Problem(("spec", "minReplicas"), "`minReplicas` is 0 only with a metric of type Object or External")
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and most < max(least, 1):
        yield Problem(("spec", "maxReplicas"), f"`maxReplicas` ({most}) is less than `minReplicas` ({least})")


def _scaled_object(obj: Object) -> Iterator[Problem]:
    spec = value_at(obj, "spec") or {}
    counts = (spec.get(key) for key in ("minReplicaCount", "maxReplicaCount", "idleReplicaCount"))
    for key, message in broken_bounds(*counts):
        yield Problem(("spec", key), f"{message}: KEDA's webhook refuses it")


def _budget(obj: Object) -> Iterator[Problem]:
    spec = value_at(obj, "spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield Problem(("spec", "maxUnavailable"), "`minAvailable` and `maxUnavailable` are not both set")
    yield from broken_shares(spec, ("spec",), ("minAvailable", "maxUnavailable"))


def _service(obj: Object) -> Iterator[Problem]:
    """Several ports have names, and no two are the same port."""
    ports = list(maps(value_at(obj, "spec", "ports")))
    for number, port in enumerate(ports):
        yield from _of_type("ServicePort", port, ("spec", "ports", number))
    if len(ports) > 1 and not all(port.get("name") for port in ports):
        yield Problem(("spec", "ports"), "each of several ports has a name")
    numbers = [(port.get("port"), port.get("protocol") or "TCP") for port in ports]
    if len(set(numbers)) < len(numbers):
        yield Problem(("spec", "ports"), "the same port is listed twice")


_RULES: Mapping[str, Callable[[Object], Iterator[Problem]]] = {
    "CronJob": _job,
    "DaemonSet": _daemon_set,
    "Deployment": _workload,
    "HorizontalPodAutoscaler": _autoscaler,
    "Job": _job,
    "PodDisruptionBudget": _budget,
    "ReplicaSet": _workload,
    "ScaledObject": _scaled_object,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
