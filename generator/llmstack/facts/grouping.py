"""Nodes by what the scheduler asks of them, and what other tenants hold of each group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from msgspec.structs import replace

from llmstack.facts.cluster import Amount, Devices, NodeGroup
from llmstack.facts.devices import NodeDevices
from llmstack.facts.fields import MOST
from llmstack.kubernetes.accelerators import is_accelerator, is_extended
from llmstack.observed.things import Node, Pod, Taint

LABELS = frozenset((
    "agentpool", "amd.com/gpu.product-name", "cloud.google.com/gke-accelerator", "cloud.google.com/gke-nodepool",
    "cloud.google.com/gke-spot", "cloud.google.com/gke-tpu-accelerator", "cloud.google.com/gke-tpu-topology",
    "eks.amazonaws.com/nodegroup", "gpu.intel.com/product", "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.sh/capacity-type", "karpenter.sh/nodepool", "kubernetes.azure.com/agentpool", "kubernetes.io/arch",
    "node.kubernetes.io/instance-type", "nvidia.com/gpu.product", "nvidia.com/mig.config",
    "topology.kubernetes.io/zone",
))  # fmt: skip
"""Labels of nodes that pods are sent by: of Kubernetes itself, of clouds' node pools, and of what finds GPUs."""
PRODUCTS = (
    "nvidia.com/gpu.product", "amd.com/gpu.product-name", "gpu.intel.com/product", "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator", "karpenter.k8s.aws/instance-gpu-name",
)  # fmt: skip
"""Of those, the ones that name the card."""
PASSING = re.compile(
    r"node\.kubernetes\.io/|node\.cloudprovider\.kubernetes\.io/|karpenter\.sh/disrupt|"
    r"(ToBeDeletedBy|DeletionCandidateOf)ClusterAutoscaler\Z"
)
"""Taints that come and go: what the node controller, cloud providers and autoscalers set (Kubernetes documentation,
"Well-Known Labels, Annotations and Taints")."""
ALIKE = Fraction(9, 10)
"""CPU and memory of nodes of one kind differ by what is reserved on them; less than this part is another kind."""
GIB = 1 << 30

_Key = tuple[tuple[tuple[str, str], ...], tuple[Taint, ...], tuple[tuple[str, int], ...], tuple[Devices, ...]]


def group_nodes(
    nodes: Iterable[Node],
    others: Iterable[Pod] | None,
    labels: Collection[str],
    pools: Mapping[str, Mapping[str, str]],
    devices: Mapping[str, NodeDevices] = MappingProxyType({}),
) -> tuple[NodeGroup, ...]:
    """Groups of nodes, those with the most GPUs first; `others` are pods of other tenants (None where no
    pods were seen), `labels` are keys that count
    beside `LABELS`, `pools` are names of groups by the labels of their nodes, and `devices` is what nodes offer to
    claims."""
    held: dict[str, list[Pod]] | None = None if others is None else {}
    for pod in others or ():
        assert held is not None
        held.setdefault(pod.node, []).append(pod)
    alike: dict[_Key, list[Node]] = {}
    claimed = {node: found for node, found in devices.items() if found.sorts}
    for node in nodes:
        alike.setdefault(_key(node, LABELS.union(labels), claimed), []).append(node)
    groups = [
        _group(key, members, held, claimed) for key, found in sorted(alike.items()) for members in _by_size(found)
    ]
    groups.sort(key=lambda group: -sum(group.accelerators.values()) * group.count)
    return tuple(_named(groups, pools))


def _key(node: Node, labels: Collection[str], devices: Mapping[str, NodeDevices]) -> _Key:
    kept = {key: value for key, value in node.meta.labels.items() if key in labels and key != "kubernetes.io/hostname"}
    taints = {each for each in node.taints if not PASSING.match(each.key)}
    counted = {key: amount for key, amount in node.allocatable.items() if is_extended(key) and 1 <= amount <= MOST}
    extended = {key: int(amount) for key, amount in counted.items()}
    order = sorted(taints, key=lambda each: (each.key, each.effect, each.value))
    counts = any(is_accelerator(key) for key in extended)
    offered = devices[node.meta.name].sorts if node.meta.name in devices and not counts else ()
    return tuple(sorted(kept.items())), tuple(order), tuple(sorted(extended.items())), offered


def _by_size(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes that have the same but for some of their CPU and memory, the largest first."""
    groups: list[list[Node]] = []
    for node in sorted(nodes, key=lambda each: (-_cpu(each), -_memory(each), each.meta.name)):
        fits = groups and all(amount(node) >= amount(groups[-1][0]) * ALIKE for amount in (_cpu, _memory))
        groups[-1].append(node) if fits else groups.append([node])
    return groups


def _cpu(node: Node) -> Fraction:
    return node.allocatable.get("cpu", Fraction(0))


def _memory(node: Node) -> Fraction:
    return node.allocatable.get("memory", Fraction(0))


def _group(
    key: _Key,
    members: Sequence[Node],
    held: Mapping[str, Sequence[Pod]] | None,
    devices: Mapping[str, NodeDevices],
) -> NodeGroup:
    labels, taints, extended, offered = key
    allocatable: dict[str, Amount] = {
        "cpu": str(int(min(map(_cpu, members)))),
        "memory": f"{int(min(map(_memory, members)) / GIB)}Gi",
        **dict(extended),
    }
    group = NodeGroup("", len(members), labels=dict(labels), taints=taints, allocatable=allocatable, devices=offered)
    usable = [node for node in members if node.ready and not node.cordoned]
    free: Counter[int] = Counter()
    priorities: Counter[int] = Counter()
    for node in usable if group.gpu is not None and held is not None else ():
        taken = _taken(group, node, (held or {}).get(node.meta.name, ()), devices)
        free[max(0, group.per_node - sum(gpus for gpus, _ in taken))] += 1
        for gpus, priority in taken:
            priorities[priority] += gpus
    return replace(group, cordoned=len(members) - len(usable), free=dict(free), priorities=dict(+priorities))


def _taken(
    group: NodeGroup, node: Node, pods: Iterable[Pod], devices: Mapping[str, NodeDevices]
) -> list[tuple[int, int]]:
    """What others hold of a node's GPUs, with their priorities: as pods count them, or as claims were given them."""
    if not group.devices:
        return [(pod.gpus.get(group.gpu or "", 0), pod.priority) for pod in pods]
    return [(1, priority) for sort, priority in devices[node.meta.name].held if sort == group.devices[0]]


def _named(groups: Sequence[NodeGroup], pools: Mapping[str, Mapping[str, str]]) -> Iterable[NodeGroup]:
    """The groups with a name each: of the pool whose labels they have, else of their card or machine."""
    used: Counter[str] = Counter()
    for group in groups:
        name = _name(group, pools)
        used[name] += 1
        yield replace(group, name=f"{name}-{used[name]}" if used[name] > 1 else name)


def _name(group: NodeGroup, pools: Mapping[str, Mapping[str, str]]) -> str:
    if group.gpu is None:
        return "cpu"
    fitting = {
        name: labels
        for name, labels in sorted(pools.items())
        if labels and all(group.labels.get(key) == value for key, value in labels.items())
    }
    if fitting:
        return max(fitting, key=lambda name: len(fitting[name]))
    product = next((group.labels[key] for key in PRODUCTS if key in group.labels), _product(group))
    words = re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-")
    return re.sub(r"\A(?:(?:nvidia|tesla|amd|intel)-)*", "", words).partition("-")[0] or "gpu"


def _product(group: NodeGroup) -> str:
    return next((each.product for each in group.devices if each.product), "gpu")
