"""What pods and claims count for in a ResourceQuota, as the API server's admission counts it.

Names, sums and which pods a scope selects: pkg/quota/v1/evaluator/core/pods.go of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Object, containers, identity_of, maps, totals_of_pod
from llmstack.kubernetes.replicas import replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted

Pod = Mapping[str, Any]
Scope = tuple[str, str, Collection[str]]
"""A scope's name, operator and values (`scopeSelector`)."""

REQUIRED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""What every container must state where a quota limits it (`validationSet` in pods.go)."""


class Pods(Struct, frozen=True):
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


READ = 32
"""How many ResourceQuotas of one namespace are read: with each, all of its objects are counted."""


def quotas_in(objects: Iterable[Object]) -> dict[str, list[Object]]:
    """The ResourceQuotas among objects, by namespace."""
    found: dict[str, list[Object]] = {}
    for obj in objects:
        if is_core(obj, "ResourceQuota"):
            found.setdefault(identity_of(obj)[1], []).append(obj)
    return found


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
    return {"pods": Fraction(1), "count/pods": Fraction(1), **totals}


def count_pod(requests: Amounts, limits: Amounts) -> dict[str, Fraction]:
    """The same of a pod of which all requests and all limits are known."""
    return {"pods": Fraction(1), "count/pods": Fraction(1), **_named(requests, limits)}


def is_of_pods_or_claims(name: str) -> bool:
    """Whether pods or PersistentVolumeClaims count for a name of a quota, and not objects of another kind."""
    if name.startswith("count/"):
        return name in ("count/pods", "count/persistentvolumeclaims")
    return name.partition(".")[0] not in _NAMED_OBJECTS


def claimed(claim: Object | None) -> dict[str, Fraction]:
    """What a PersistentVolumeClaim counts for, by the names of a quota; nothing for none.

    pkg/quota/v1/evaluator/core/persistent_volume_claims.go: its number and its storage, also those of its class.
    """
    if claim is None:
        return {}
    spec = claim.get("spec") or {}
    size = amounts_in((spec.get("resources") or {}).get("requests")).get("storage", Fraction())
    return count_claim(size, spec.get("storageClassName"))


def count_claim(size: Fraction, storage_class: str | None) -> dict[str, Fraction]:
    """The same of a claim of so many bytes, of a class where it states one."""
    one = Fraction(1)
    found = {"persistentvolumeclaims": one, "count/persistentvolumeclaims": one, "requests.storage": size}
    if storage_class:
        of_class = f"{storage_class}.storageclass.storage.k8s.io"
        found |= {f"{of_class}/requests.storage": size, f"{of_class}/persistentvolumeclaims": one}
    return found


def is_core(obj: Object, kind: str) -> bool:
    """Whether an object is of a kind of the core: another group may have one of that name, of another form."""
    return obj.get("kind") == kind and obj.get("apiVersion") == "v1"


COUNTED_BY_NAME = frozenset(("ConfigMap", "ReplicationController", "ResourceQuota", "Secret", "Service"))
"""Kinds of the core that a quota also counts without `count/`; claims and pods apart."""
_NAMED_OBJECTS = frozenset(f"{kind.lower()}s" for kind in COUNTED_BY_NAME)
"""And what it calls them."""


def stated(container: Mapping[str, Any], defaults: Mapping[str, Amounts]) -> dict[str, Fraction]:
    """A container's amounts by the names of a quota; `cpu` is another name of `requests.cpu`, and so on.

    A request that is not stated is that of a LimitRange, else the limit (SetDefaults_Pod, pkg/apis/core/v1).
    """
    resources = container.get("resources") or {}
    own = amounts_in(resources.get("limits"))
    requests = {**defaults.get("requests", {}), **own, **amounts_in(resources.get("requests"))}
    return _named(requests, {**defaults.get("limits", {}), **own})


def _named(requests: Amounts, limits: Amounts) -> dict[str, Fraction]:
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
    scopes: list[Scope] = [(str(each), "Exists", ()) for each in quota_spec.get("scopes") or ()]
    scopes += [
        (str(each.get("scopeName")), str(each.get("operator")), each.get("values") or ())
        for each in maps((quota_spec.get("scopeSelector") or {}).get("matchExpressions"))
    ]
    limited = any(stated(container, defaults) for _, _, container in containers(dict(spec))) if scopes else False
    return is_in_scopes(scopes, str(spec.get("priorityClassName") or ""), limited=limited)


def is_in_scopes(scopes: Iterable[Scope], priority_class: str, *, limited: bool) -> bool:
    """Whether a pod is in all scopes: of a priority class (empty: of none), with or without a request or limit."""
    return all(_is_in(*scope, priority_class, limited=limited) for scope in scopes)


def _is_in(scope: str, operator: str, values: Collection[str], priority_class: str, *, limited: bool) -> bool:
    if scope == "PriorityClass":
        if operator in ("In", "NotIn"):
            return (priority_class in values) == (operator == "In")
        return bool(priority_class) == (operator == "Exists")
    if scope in ("BestEffort", "NotBestEffort"):
        return limited == (scope == "NotBestEffort")
    return scope == "NotTerminating"
