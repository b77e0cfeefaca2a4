"""What pods count for in a ResourceQuota, as the API server's admission counts it.

Names, sums and which pods a scope selects: pkg/quota/v1/evaluator/core/pods.go of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Identity, Object, containers, identity_of, maps, totals_of_pod
from llmstack.kubernetes.replicas import replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted

Pod = Mapping[str, Any]
Scope = tuple[str, str, Collection[str]]
"""A scope's name, operator and values (`scopeSelector`)."""

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


READ = 32
"""How many ResourceQuotas of one namespace are read: with each, all of its objects are counted."""


def quotas_in(objects: Iterable[Object]) -> dict[str, list[Object]]:
    """The ResourceQuotas among objects, by namespace."""
    found: dict[str, list[Object]] = {}
    for obj in objects:
        if _is_core(obj, "ResourceQuota"):
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


@dataclass(frozen=True, slots=True)
class Beyond:
    """An object with which its namespace exceeds a quota."""

    quota: str
    name: str
    """What the quota calls that which is exceeded."""
    alone: bool
    """Whether the API server refuses it whatever else comes; else it is one of several, of which some find room."""


def beyond_quotas(
    before: Iterable[Object], after: Iterable[Object], leaving: Mapping[Identity, str], unit_of: Mapping[Identity, str]
) -> dict[Identity, Beyond]:
    """Return the objects that come, or count for more than before, and with which their namespace exceeds a quota.

    `leaving` are the objects that go, by their unit: a sync tool applies a unit first and prunes it then, so that they
    count beside what comes with the same unit (`unit_of`); those of other units may be gone by then. Of workloads' own
    objects the pods count once their controller makes them, and are apart.

    pkg/quota/v1/generic (`count/<plural>.<group>`), pkg/quota/v1/evaluator/core/{services,pods,
    persistent_volume_claims}.go; a server-side dry run is held against quotas too (pkg/admission/plugin/resourcequota).
    """
    was, now = ({identity_of(obj): obj for obj in side} for side in (before, after))
    found: dict[Identity, Beyond] = {}
    for namespace, quotas in quotas_in(now.values()).items():
        within, inside = ({key: obj for key, obj in side.items() if key[1] == namespace} for side in (was, now))
        counts = _Counts(within, inside, leaving, unit_of)
        for quota in quotas[:READ]:
            for other, over in counts.beyond(quota, exists=identity_of(quota) in was):
                if other not in found or (over.alone and not found[other].alone):
                    found[other] = over
    return found


Sum = Mapping[str, Fraction]
"""What objects count for, by the names of a quota."""


@dataclass(frozen=True)
class _Counts:
    """The objects of one namespace before and after a change, and what they count for in its quotas.

    Quotas without scopes count the same: it is worked out once for all of them.
    """

    was: Mapping[Identity, Object]
    now: Mapping[Identity, Object]
    leaving: Mapping[Identity, str]
    unit_of: Mapping[Identity, str]

    def beyond(self, quota: Object, *, exists: bool) -> Iterator[tuple[Identity, Beyond]]:
        """Yield the objects that exceed a quota. `exists` says whether it is there before the change: one that comes
        with the objects holds none of them up for sure."""
        grown = self.growth(quota) if _is_scoped(quota) else self._growth
        hard = amounts_in((quota.get("spec") or {}).get("hard")) if grown else {}
        names = [name for name in grown if name in hard]
        sums = self.sums(quota) if names and _is_scoped(quota) else self._sums
        for name in names:
            is_over = sums.after.get(name, 0) > hard[name]
            room = hard[name] - sums.stays.get(name, 0)
            for other, more in grown[name] if is_over or exists else ():
                beside = sums.gone.get(self.unit_of.get(other, ""), {}).get(name, 0)
                alone = exists and beside + more > room
                if alone or is_over:
                    yield other, Beyond(identity_of(quota)[2], name, alone)

    @cached_property
    def _growth(self) -> Mapping[str, Sequence[tuple[Identity, Fraction]]]:
        return self.growth({})

    @cached_property
    def _sums(self) -> _Sums:
        return self.sums({})

    @cached_property
    def _defaults(self) -> Mapping[str, Amounts]:
        return defaults_of(self.now.values())

    @cached_property
    def _changed(self) -> Sequence[Identity]:
        return [key for key, obj in self.now.items() if obj != self.was.get(key)]

    def growth(self, quota: Object) -> Mapping[str, Sequence[tuple[Identity, Fraction]]]:
        """The objects that come, or count for more than before, and by how much, by the names of the quota."""
        found: dict[str, list[tuple[Identity, Fraction]]] = {}
        for key in self._changed:
            old = self._own(quota, self.was.get(key))
            for name, amount in self._own(quota, self.now[key]).items():
                if amount > old.get(name, 0):
                    found.setdefault(name, []).append((key, amount - old.get(name, 0)))
        return found

    def sums(self, quota: Object) -> _Sums:
        """What counts for a quota: all that stays, all there is after the change, and what goes with each unit."""
        gone: dict[str, list[Object]] = {}
        for key in self.was.keys() & self.leaving.keys():
            gone.setdefault(self.leaving[key], []).append(self.was[key])
        stays = [obj for key, obj in self.was.items() if key not in self.leaving]
        return _Sums(
            self._total(quota, stays),
            self._total(quota, self.now.values()),
            {unit: self._total(quota, objects) for unit, objects in gone.items()},
        )

    def _own(self, quota: Object, obj: Object | None) -> Sum:
        """What one object counts for as it is applied."""
        if obj is None:
            return {}
        if _is_core(obj, "Pod"):
            spec = obj.get("spec") or {}
            return used(spec, self._defaults) if selects(quota, spec, self._defaults) else {}
        if _is_scoped(quota):
            return {}
        return {**_counted(obj), **claimed(obj if _is_core(obj, "PersistentVolumeClaim") else None)}

    def _total(self, quota: Object, objects: Iterable[Object]) -> Sum:
        """What objects count for, with the pods of workloads."""
        found = list(objects)
        totals = totals_of(quota, found)
        for obj in found:
            for name, amount in self._own(quota, obj).items() if not _is_core(obj, "Pod") else ():
                totals[name] += amount
        return totals


@dataclass(frozen=True)
class _Sums:
    """What objects of a namespace count for in a quota."""

    stays: Sum
    after: Sum
    gone: Mapping[str, Sum]
    """Of the objects that leave, by unit."""


def _is_scoped(quota: Object) -> bool:
    spec = quota.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _is_core(obj: Object, kind: str) -> bool:
    """Whether an object is of a kind of the core: another group may have one of that name, of another form."""
    return obj.get("kind") == kind and obj.get("apiVersion") == "v1"


def _counted(obj: Object) -> dict[str, Fraction]:
    """What an object counts for by the names of a quota: one of its kind, and a Service its load balancer and ports."""
    kind, group = str(obj.get("kind")), group_of(obj)
    plural = kind.lower()
    plural = f"{plural[:-1]}ies" if plural.endswith("y") else f"{plural}es" if plural.endswith("s") else f"{plural}s"
    found = {f"count/{plural}{'.' if group else ''}{group}": Fraction(1)}
    if group or kind not in _COUNTED_BY_NAME:
        return found
    return {**found, plural: Fraction(1), **(_of_service(obj.get("spec") or {}) if kind == "Service" else {})}


def _of_service(spec: Mapping[str, Any]) -> dict[str, Fraction]:
    balanced, ports = spec.get("type") == "LoadBalancer", Fraction(len(spec.get("ports") or ()))
    found = {"services.loadbalancers": Fraction(1)} if balanced else {}
    if spec.get("type") == "NodePort" or (balanced and spec.get("allocateLoadBalancerNodePorts") is not False):
        found["services.nodeports"] = ports
    return found


_COUNTED_BY_NAME = frozenset(("ConfigMap", "ReplicationController", "ResourceQuota", "Secret", "Service"))
"""Kinds of the core that a quota also counts without `count/`; claims and pods apart."""
_NAMED_OBJECTS = frozenset(f"{kind.lower()}s" for kind in _COUNTED_BY_NAME)
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
