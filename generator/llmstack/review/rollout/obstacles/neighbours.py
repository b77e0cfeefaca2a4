"""Which pods of a cluster cannot share a node: by a required anti-affinity, or by a port of the host.

kubernetes.io, "Assigning Pods to Nodes", inter-pod affinity and anti-affinity; the scheduler keeps a new pod away from
those whose own rule is against it too (pkg/scheduler/framework/plugins/interpodaffinity). Of pods with one port of the
host a node takes one (plugins/nodeports).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from llmstack.kubernetes.pods import Identity, maps, value_at
from llmstack.kubernetes.selectors import Labelled, selects
from llmstack.review.rollout.placement import PoolKey

HOSTNAME = "kubernetes.io/hostname"
NAME = "kubernetes.io/metadata.name"
"""The label that every Namespace has, with its name."""


class Pods(Struct, frozen=True):
    """The pods of one workload after the change."""

    identity: Identity
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    number: int
    gpus: int
    """Of all pods of a replica."""
    pool: PoolKey | None
    space: Mapping[str, str] = field(default_factory=dict)
    """The labels of its Namespace, as far as they are known beyond its name."""
    sizes: tuple[int, ...] = ()
    """The GPUs of each pod of a replica."""

    @property
    def terms(self) -> list[Mapping[str, Any]]:
        """Its rules on pods that it cannot share a node, a zone … with."""
        rules = value_at(self.spec, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
        return list(maps(rules))

    @property
    def host_ports(self) -> set[tuple[Any, ...]]:
        field = "containerPort" if self.spec.get("hostNetwork") is True else "hostPort"
        ports = [port for container in self.spec.get("containers") or () for port in maps(container.get("ports"))]
        return {(port[field], port.get("protocol", "TCP"), port.get("hostIP")) for port in ports if port.get(field)}


def hits(one: Pods, other: Pods, key: str = HOSTNAME) -> bool:
    """Whether a rule of one keeps it from nodes (or what else `key` names) with the other."""
    return any(
        term.get("topologyKey") == key
        and term.get("labelSelector") is not None
        and is_for(term, one.identity[1], other.identity[1], other.space)
        and selects(term["labelSelector"], other.labels)
        for term in one.terms
    )


def is_for(term: Mapping[str, Any], own: str, other: str, labels: Mapping[str, str]) -> bool:
    """Whether a rule is for pods of a namespace: those that it lists, and those that it selects by their labels, the
    name among them (k8s.io/api, core/v1, PodAffinityTerm); its own where it does neither."""
    listed, chosen = term.get("namespaces") or (), term.get("namespaceSelector")
    if other in listed:
        return True
    if chosen is None:
        return not listed and other == own
    return selects(chosen, {**labels, NAME: other})


class Crowd(Struct, frozen=True):
    """Other pods that some pods cannot share a node with: how many, and the fewest nodes that they can be on."""

    pods: int
    nodes: int


class _Whole(Struct, frozen=True):
    """What is counted once of a set of pods, for all that are in it."""

    apart: bool
    """Whether no two of them can share a node."""
    pods: int
    nodes: int
    """The fewest nodes of each, all together."""
    widest: tuple[int, int]
    """The fewest nodes of the two that need most."""


class Neighbours(Struct, frozen=True, dict=True):
    """The pods of all workloads, and which of them are kept apart. A set of them is a number with a bit for each, as
    in `Labelled`: that many pods have rules on many others is then no square, let alone a cube, of comparisons."""

    pods: Sequence[Pods]
    _crowds: dict[tuple[int, int], _Whole] = field(default_factory=dict)

    def ruled_out(self, one: Pods) -> int:
        """Those that a required anti-affinity keeps from nodes with some pods, whose rule it may be."""
        return self._kept_from(one) | self._keeping_from(one)

    def sharing_a_port(self, one: Pods) -> int:
        """Those that take a port of the host that some pods take."""
        found = 0
        for port in one.host_ports:
            found |= self._ports.get(port, 0)
        return found

    def of_pool(self, pool: PoolKey | None) -> int:
        """Those that may be on nodes of a pool; all where it is not known."""
        return (1 << len(self.pods)) - 1 if pool is None else self._pools.get(pool, 0)

    def selected(self, term: Mapping[str, Any], own: str) -> int:
        """Those that a rule of pods in the namespace `own` is for, and selects."""
        inside = 0
        for namespace, found in self._namespaces.items():
            if is_for(term, own, namespace, self._spaces[namespace]):
                inside |= found
        return inside and inside & self._labelled.select(term["labelSelector"])

    def without(self, mask: int, own: Identity) -> int:
        """A set without the pods of one workload."""
        at = self._places.get(own)
        return mask if at is None else mask & ~(1 << at)

    def is_alone(self, one: Pods) -> bool:
        """Whether a pod cannot be on a node with another one of the same workload."""
        at = self._places.get(one.identity)
        return _is_alone(one) if at is None else self._alone[at]

    def crowd(self, mask: int, one: Pods, size: int) -> Crowd:
        """The pods of a set without `one`, none of which can be with it, on nodes of `size` GPUs."""
        at = self._places.get(one.identity)
        mask = mask if at is None else mask | 1 << at  # the same for each of them, mostly
        if (mask, size) not in self._crowds:
            self._crowds[mask, size] = self._count(mask, size)
        whole = self._crowds[mask, size]
        if at is None:
            return Crowd(whole.pods, whole.nodes if whole.apart else whole.widest[0])
        own = self._nodes_of(self.pods[at], size)
        rest = whole.nodes - own if whole.apart else whole.widest[own == whole.widest[0]]
        return Crowd(whole.pods - self.pods[at].number, rest)

    def sizes_beside(self, one: Pods) -> Mapping[int, int]:
        """How many pods of each size take GPUs of a pool, without those of one workload."""
        own = self._places.get(one.identity)
        found = Counter(self._sizes.get(one.pool, ())) if one.pool is not None else Counter[int]()
        return found if own is None else found - _sizes_of(self.pods[own])

    @cached_property
    def _sizes(self) -> Mapping[PoolKey, Counter[int]]:
        found: dict[PoolKey, Counter[int]] = {}
        for each in self.pods:
            if each.pool is not None:
                found.setdefault(each.pool, Counter()).update(_sizes_of(each))
        return found

    def _count(self, mask: int, size: int) -> _Whole:
        places = [at for at, bit in enumerate(reversed(f"{mask:b}")) if bit == "1"]
        each = [self._nodes_of(self.pods[at], size) for at in places]
        first, second, *_ = [*sorted(each, reverse=True), 0, 0]
        apart = all(not mask & ~(self._apart[at] | 1 << at) for at in places)
        return _Whole(apart, sum(self.pods[at].number for at in places), sum(each), (first, second))

    def _nodes_of(self, one: Pods, size: int) -> int:
        """The fewest nodes of `size` GPUs that pods can be on."""
        return one.number if self.is_alone(one) else max(1, -(-one.number * one.gpus // size))

    @cached_property
    def _apart(self) -> list[int]:
        return [self.ruled_out(each) | self.sharing_a_port(each) for each in self.pods]

    @cached_property
    def _alone(self) -> list[bool]:
        return [_is_alone(each) for each in self.pods]

    @cached_property
    def _places(self) -> Mapping[Identity, int]:
        return {each.identity: at for at, each in enumerate(self.pods)}

    @cached_property
    def _labelled(self) -> Labelled:
        return Labelled([each.labels for each in self.pods])

    @cached_property
    def _namespaces(self) -> Mapping[Any, int]:
        return _sets(each.identity[1:2] for each in self.pods)

    @cached_property
    def _spaces(self) -> Mapping[str, Mapping[str, str]]:
        return {each.identity[1]: each.space for each in self.pods}

    @cached_property
    def _pools(self) -> Mapping[Any, int]:
        return _sets([each.pool] for each in self.pods)

    @cached_property
    def _ports(self) -> Mapping[Any, int]:
        return _sets(each.host_ports for each in self.pods)

    def _kept_from(self, one: Pods) -> int:
        """Those that rules of some pods keep them from."""
        found = 0
        for term in one.terms:
            if term.get("topologyKey") == HOSTNAME and term.get("labelSelector") is not None:
                found |= self.selected(term, one.identity[1])
        return found

    def _keeping_from(self, one: Pods) -> int:
        """Those whose own rules keep them from some pods."""
        at = self._places.get(one.identity)
        if at is not None:
            return self._turned[at]
        return sum(1 << at for at, each in enumerate(self.pods) if each.terms and hits(each, one))

    @cached_property
    def _turned(self) -> list[int]:
        """For each of the pods, those whose rules keep them from it."""
        size = len(self.pods)
        if not any(each.terms for each in self.pods):
            return [0] * size
        rows = [f"{self._kept_from(each):0{size}b}" for each in reversed(self.pods)]
        return [int("".join(column), 2) for column in zip(*rows, strict=True)][::-1]


def _sizes_of(pods: Pods) -> Counter[int]:
    """How many pods of each size a workload has."""
    return Counter({size: pods.sizes.count(size) * pods.number for size in {*pods.sizes} - {0}})


def _is_alone(one: Pods) -> bool:
    return hits(one, one) or bool(one.host_ports)


def _sets(keys: Any) -> dict[Any, int]:
    """The places at which each key is found, as a set."""
    found: dict[Any, int] = {}
    for at, each in enumerate(keys):
        for key in each:
            found[key] = found.get(key, 0) | 1 << at
    return found
