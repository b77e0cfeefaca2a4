"""What pods count for in a ResourceQuota, as the API server's admission counts it.

Names, sums and which pods a scope selects: pkg/quota/v1/evaluator/core/pods.go of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Identity, Object, containers, identity_of, totals_of_pod
from llmstack.kubernetes.replicas import replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted

Pod = Mapping[str, Any]

REQUIRED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""What every container must state where a quota limits it (`validationSet` in pods.go)."""


@dataclass(frozen=True)
class Pods:
    """Equal pods of one workload."""

    owner: Object
    spec: Pod
    number: int


def pods_of(objects: Iterable[Object]) -> Iterator[Pods]:
    """Yield the pods of every workload; a scaler's least number where it owns the replicas."""
    found = list(objects)
    owned = scalers(found)
    for each in found:
        if is_counted(each["kind"]):
            replicas = replicas_of(each, owned)
            specs = specs_of_replica(each)
            yield from (Pods(each, spec, replicas * number) for spec, number in specs if replicas * number)


def totals_of(quota: Object, inside: Iterable[Object]) -> defaultdict[str, Fraction]:
    """What all pods that a quota selects count for, by its names; `inside` are the objects of its namespace."""
    found = list(inside)
    defaults = defaults_of(found)
    totals: defaultdict[str, Fraction] = defaultdict(Fraction)
    for pods in pods_of(found):
        if selects(quota, pods.spec, defaults):
            for name, amount in used(pods.spec, defaults).items():
                totals[name] += amount * pods.number
    return totals


def used(spec: Pod, defaults: Mapping[str, Amounts]) -> dict[str, Fraction]:
    """What one pod counts for, by the names of a quota: `pods`, `requests.cpu`, `limits.memory` …

    Summed as the scheduler sums what it takes of a node, with what its runtime class adds (`overhead`): to a limit only
    where there is one.
    """
    totals = totals_of_pod(spec, lambda container: stated(container, defaults).items())
    for name, amount in amounts_in(spec.get("overhead")).items():
        for key in (name, f"requests.{name}", *((f"limits.{name}",) if totals.get(f"limits.{name}") else ())):
            totals[key] = totals.get(key, Fraction(0)) + amount
    return {"pods": Fraction(1), **totals}


def claimed(claim: Object | None) -> dict[str, Fraction]:
    """What a PersistentVolumeClaim counts for, by the names of a quota; nothing for none.

    pkg/quota/v1/evaluator/core/persistent_volume_claims.go: its number and its storage, also those of its class.
    """
    if claim is None:
        return {}
    spec = claim.get("spec") or {}
    size = amounts_in((spec.get("resources") or {}).get("requests")).get("storage", Fraction())
    one = Fraction(1)
    found = {"persistentvolumeclaims": one, "count/persistentvolumeclaims": one, "requests.storage": size}
    if name := spec.get("storageClassName"):
        of_class = f"{name}.storageclass.storage.k8s.io"
        found |= {f"{of_class}/requests.storage": size, f"{of_class}/persistentvolumeclaims": one}
    return found


def counted_beyond(before: Iterable[Object], after: Iterable[Object]) -> dict[Identity, tuple[str, str]]:
    """Return the objects that come, or count for more than before, and with which their namespace exceeds a quota that
    counts objects: that quota's name, and its name of the count. Of several that come, each may be the one too many.

    pkg/quota/v1/generic (`count/<plural>.<group>`), pkg/quota/v1/evaluator/core/services.go. Claims are apart
    (`claimed`).
    """
    was = {identity_of(obj): _counted(obj) for obj in before}
    now = list(after)
    found: dict[Identity, tuple[str, str]] = {}
    for quota in (obj for obj in now if obj.get("kind") == "ResourceQuota"):
        _, space, title = identity_of(quota)
        inside = {identity_of(obj): _counted(obj) for obj in now if identity_of(obj)[1] == space}
        for name, hard in amounts_in((quota.get("spec") or {}).get("hard")).items():
            if sum(counts.get(name, 0) for counts in inside.values()) > hard:
                more = (key for key, counts in inside.items() if counts.get(name, 0) > was.get(key, {}).get(name, 0))
                found |= dict.fromkeys(more, (title, name))
    return found


def _counted(obj: Object) -> dict[str, int]:
    """What an object counts for by the names of a quota: one of its kind, and a Service its load balancer and ports."""
    kind, group = str(obj.get("kind")), str(obj.get("apiVersion")).rpartition("/")[0]
    plural = kind.lower()
    plural = f"{plural[:-1]}ies" if plural.endswith("y") else f"{plural}es" if plural.endswith("s") else f"{plural}s"
    found = {f"count/{plural}{'.' if group else ''}{group}": 1}
    if group or kind not in _COUNTED_BY_NAME:
        return found
    found[plural] = 1
    spec = obj.get("spec") or {}
    if kind == "Service" and spec.get("type") == "LoadBalancer":
        found["services.loadbalancers"] = 1
    if spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    ):
        found["services.nodeports"] = len(spec.get("ports") or ())
    return found


_COUNTED_BY_NAME = frozenset(("ConfigMap", "ReplicationController", "ResourceQuota", "Secret", "Service"))
"""Kinds of the core that a quota also counts without `count/`; claims and pods apart."""


def stated(container: Mapping[str, Any], defaults: Mapping[str, Amounts]) -> dict[str, Fraction]:
    """A container's amounts by the names of a quota; `cpu` is another name of `requests.cpu`, and so on.

    A request that is not stated is that of a LimitRange, else the limit (SetDefaults_Pod, pkg/apis/core/v1).
    """
    resources = container.get("resources") or {}
    own = amounts_in(resources.get("limits"))
    requests = {**defaults.get("requests", {}), **own, **amounts_in(resources.get("requests"))}
    limits = {**defaults.get("limits", {}), **own}
    found = {f"limits.{name}": amount for name, amount in limits.items()}
    for name, amount in requests.items():
        found[f"requests.{name}"] = amount
        if "/" not in name:
            found[name] = amount
    return found


def missing(spec: Pod, limited: Iterable[str], defaults: Mapping[str, Amounts]) -> list[str]:
    """The names of a quota that some container of a pod must state and does not, in the order of REQUIRED."""
    wanted = set(limited)
    states = [stated(container, defaults) for _, _, container in containers(dict(spec))]
    return [name for name in REQUIRED if name in wanted and any(name not in each for each in states)]


def selects(quota: Object, spec: Pod, defaults: Mapping[str, Amounts]) -> bool:
    """Whether a quota counts a pod, by its scopes; pods of a workload have no deadline of their own."""
    quota_spec = quota.get("spec") or {}
    expressions = [{"scopeName": scope, "operator": "Exists"} for scope in quota_spec.get("scopes") or ()]
    expressions += (quota_spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(_in_scope(expression, spec, defaults) for expression in expressions)


def _in_scope(expression: Mapping[str, Any], spec: Pod, defaults: Mapping[str, Amounts]) -> bool:
    scope = expression.get("scopeName")
    if scope == "PriorityClass":
        return _matches(expression, str(spec.get("priorityClassName") or ""))
    if scope in ("BestEffort", "NotBestEffort"):
        limited = any(stated(container, defaults) for _, _, container in containers(dict(spec)))
        return bool(limited == (scope == "NotBestEffort"))
    return bool(scope == "NotTerminating")


def _matches(expression: Mapping[str, Any], name: str) -> bool:
    operator, values = expression.get("operator"), expression.get("values") or ()
    if operator in ("In", "NotIn"):
        return bool((name in values) == (operator == "In"))
    return bool(name) == (operator == "Exists")
