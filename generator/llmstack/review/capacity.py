"""The pools of a cluster: what the values declare of them, and what facts know of their nodes.

Values win: `count` and `perNode` are what they say. Facts add what values do not: which nodes take pods, what other
tenants hold on each, taints, CPU and memory; and pools where nothing is declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.kubernetes.accelerators import gpus_of_pod
from llmstack.kubernetes.device_selectors import select
from llmstack.kubernetes.devices import class_of, devices_of, read_claims
from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.replicas import specs_of_replica
from llmstack.kubernetes.scheduling import first_untolerated, fits_labels, scarcest
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.facts import Pool

PodSpec = Mapping[str, Any]


class GpuPod(Struct, frozen=True):
    """The spec of a pod that takes accelerators, as a resource or by claims of devices (DRA)."""

    spec: PodSpec
    classes: frozenset[str] = frozenset()
    """The DeviceClasses that it claims devices of."""

    def asks_of(self, resource: str, classes: frozenset[str]) -> bool:
        """Whether its accelerators are those of a resource, or of devices that count as it."""
        return bool(self.classes & classes) or gpus_of_pod(self.spec, (resource,))[0] == resource


class _Known(Struct, frozen=True):
    """What is known of all nodes of a cluster."""

    groups: tuple[NodeGroup, ...]
    labels: frozenset[str]
    """Keys of labels that are known of every node, there or not."""
    classes: frozenset[str]
    """DeviceClasses whose devices are known."""

    def fitting(self, pod: GpuPod, groups: Iterable[NodeGroup]) -> list[NodeGroup]:
        """The groups whose nodes a pod may run on, as far as is known."""
        return [group for group in groups if self.may_be_on(pod, group) and takes(group, pod.spec)]

    def may_be_on(self, pod: GpuPod, group: NodeGroup) -> bool:
        """Whether neither the labels of a group nor the classes of its devices rule a pod out."""
        named = pod.classes & self.classes
        return named <= group.device_classes and fits_labels(pod.spec, group.labels, self.labels) is not False


def takes(group: NodeGroup, pod: PodSpec) -> bool:
    """Whether taints, CPU and memory of an empty node of a group let a pod in."""
    scarce = scarcest(pod, group.allocatable)
    return first_untolerated(pod, group.taints) is None and (scarce is None or scarce[1] > 0)


def gpu_pods(objects: Sequence[Object], resources: Iterable[str] = ()) -> list[GpuPod]:
    """The pods of objects that take accelerators, or claim devices that may be some."""
    claims = read_claims(objects)
    found = []
    for obj in (obj for obj in objects if is_lasting(str(obj.get("kind")))):
        for spec, _ in specs_of_replica(obj):
            devices = devices_of(spec, identity_of(obj)[1], claims) or {}
            if devices or gpus_of_pod(spec, resources)[1]:
                found.append(GpuPod(spec, frozenset(devices)))
    return found


def know_pools(
    declared: Sequence[Pool],
    facts: ClusterFacts | None,
    pods: Sequence[GpuPod],
    *,
    now: bool = False,
    asked: Iterable[str] = (),
) -> tuple[Pool, ...]:
    """The pools of a cluster: those that are declared, with what facts know of their nodes, and those of nodes that no
    declaration speaks of, where some of `pods` may run on them. What is so `now` has the last word on sizes too.
    `asked` are further classes of devices that claims narrow."""
    if facts is None:
        return tuple(declared)
    nodes = _with_narrowed(facts.nodes, {*asked, *(name for pod in pods for name in pod.classes)})
    groups = tuple(group for group in nodes if group.gpu is not None and group.count)
    known = _Known(
        groups,
        labels=frozenset(key for group in facts.nodes for key in group.labels),
        classes=frozenset(name for group in groups for name in group.device_classes),
    )
    of_each = {id(pool): groups_of(pool, groups, declared) for pool in declared}
    there = [_with_nodes(pool, of_each[id(pool)], known, pods, now) for pool in declared]
    return (*there, *_undeclared(groups, known, pods, declared))


def _with_narrowed(groups: Sequence[NodeGroup], asked: Iterable[str]) -> list[NodeGroup]:
    """The groups, their devices with the classes too as claims narrow them, where all devices of the class can be told
    apart by that; without classes of which nodes have several sorts, of which but the first is counted."""
    sorts = {sort for group in groups for sort in group.devices}
    of_sort = {sort: set(sort.classes) for sort in sorts}
    for key in asked:
        name, expressions = class_of(key)
        answers = {sort: select(expressions, sort.traits) for sort in sorts if name in sort.classes}
        if expressions and None not in answers.values():
            for sort in answers:
                of_sort[sort] |= {key} if answers[sort] else set()
    beside = {name for group in groups for sort in group.devices[1:] for name in of_sort[sort]}
    told = {sort: replace(sort, classes=tuple(sorted(names - beside))) for sort, names in of_sort.items()}
    return [replace(group, devices=tuple(told[sort] for sort in group.devices)) for group in groups]


def _asking(pods: Iterable[GpuPod], resource: str, groups: Iterable[NodeGroup]) -> list[GpuPod]:
    """The pods that take what groups of nodes count as a resource."""
    classes = frozenset(name for group in groups for name in group.device_classes)
    return [pod for pod in pods if pod.asks_of(resource, classes)]


def counts(pool: Pool, group: NodeGroup) -> bool:
    """Whether a declared pool is of what a group of nodes has most of: the resource, or devices of its class."""
    return group.gpu == pool.resource or not pool.device_classes.isdisjoint(group.device_classes)


def groups_of(pool: Pool, groups: Sequence[NodeGroup], declared: Sequence[Pool]) -> list[NodeGroup]:
    """The groups of nodes that a declared pool is made of: by its labels, else by its name, else all of the resource
    where no other pool counts it."""
    counted = [group for group in groups if counts(pool, group)]
    keys = {key for group in counted for key in group.labels}
    if pool.node_selector and keys >= pool.node_selector.keys():
        return [group for group in counted if pool.node_selector.items() <= group.labels.items()]
    named = [group for group in counted if re.fullmatch(re.escape(pool.name) + r"(-\d+)?", group.name)]
    alone = [each for each in declared if each.resource == pool.resource] == [pool]
    return named or (counted if alone and not pool.node_selector else [])


def _with_nodes(pool: Pool, groups: Sequence[NodeGroup], known: _Known, pods: Sequence[GpuPod], now: bool) -> Pool:
    """A declared pool with its nodes; as it is where facts know none, or nodes of another size."""
    if not groups or (not now and any(pool.per_node not in (None, group.per_node) for group in groups)):
        return pool
    if now:
        sizes = [group.per_node for group in groups]
        pool = replace(pool, count=sum(group.count * group.per_node for group in groups), per_node=max(sizes))
    size = sum(group.count * group.per_node for group in groups)
    used, mixed = _used(groups, known, _asking(pods, pool.resource, groups))
    nodes = sorted((gpus for group in used for gpus in group.nodes), reverse=True)
    per_node = pool.per_node or max(group.per_node for group in groups)
    if pool.count < size:
        nodes = list(_first(nodes, pool.count))
    whole, rest = divmod(max(0, pool.count - size), per_node)  # what the values have beyond the facts is free
    nodes = [*nodes, *[per_node] * whole, *([rest] if rest else [])]
    return _pool(pool, nodes, used, per_node=per_node, whole=pool.count, mixed=mixed)


def _first(nodes: Iterable[int], count: int) -> Iterator[int]:
    """Nodes until they have so many GPUs."""
    for gpus in nodes:
        if count > 0:
            yield min(gpus, count)
        count -= gpus


def _pool(
    pool: Pool, nodes: Sequence[int], used: Sequence[NodeGroup], *, per_node: int, whole: int, mixed: bool
) -> Pool:
    return replace(
        pool,
        count=sum(nodes),
        per_node=per_node,
        nodes=tuple(nodes),
        closed=tuple(group.per_node for group in used for _ in range(min(group.cordoned, group.count))),
        groups=tuple(used),
        whole=whole,
        mixed=mixed,
        device_classes=pool.device_classes.union(*(group.device_classes for group in used)),
    )


def _used(groups: Sequence[NodeGroup], known: _Known, pods: Sequence[GpuPod]) -> tuple[list[NodeGroup], bool]:
    """The groups that pods may run on, all where none says otherwise; and whether not all pods have the same."""
    choices = [[group.name for group in known.fitting(pod, groups)] for pod in pods]
    sets = {frozenset(names) for names in choices if names}
    if not sets:
        return list(groups), False
    return [group for group in groups if any(group.name in names for names in sets)], len(sets) > 1


def _undeclared(
    groups: Sequence[NodeGroup], known: _Known, pods: Sequence[GpuPod], declared: Sequence[Pool]
) -> Iterator[Pool]:
    """Pools of accelerators that no declaration speaks of: groups are one where a pod may run on any of them."""
    undeclared = [group for group in groups if not any(counts(pool, group) for pool in declared)]
    for resource in sorted({group.gpu for group in undeclared if group.gpu is not None}):
        counted = [group for group in undeclared if group.gpu == resource]
        asking = _asking(pods, resource, counted)
        for joined in _joined(counted, known, asking):
            used, mixed = _used(joined, known, asking)
            nodes = sorted((gpus for group in used for gpus in group.nodes), reverse=True)
            labels = dict(set.intersection(*(set(group.labels.items()) for group in joined)))
            pool = Pool("+".join(group.name for group in joined), resource, 0, node_selector=labels, learned=True)
            whole = sum(group.count * group.per_node for group in used)
            yield _pool(pool, nodes, used, per_node=max(each.per_node for each in used), whole=whole, mixed=mixed)


def _joined(groups: Sequence[NodeGroup], known: _Known, pods: Sequence[GpuPod]) -> list[list[NodeGroup]]:
    """The groups by the pods that they share, in their order."""
    sets = [{group.name} for group in groups]
    for pod in pods:
        fitting = known.fitting(pod, groups) or [group for group in groups if known.may_be_on(pod, group)]
        names = {group.name for group in fitting}
        touched = [each for each in sets if each & names]
        if len(touched) > 1:
            sets = [each for each in sets if not each & names] + [set().union(*touched)]
    members = [[group for group in groups if group.name in each] for each in sets]
    return sorted(members, key=lambda each: groups.index(each[0]))
