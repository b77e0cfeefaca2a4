"""Nodes by what the scheduler asks of them, and what other tenants hold of each group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from llmstack.facts.cluster import Amount, NodeGroup
from llmstack.kubernetes.accelerators import is_extended
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

_Key = tuple[tuple[tuple[str, str], ...], tuple[Taint, ...], tuple[tuple[str, int], ...]]


def group_nodes(
    nodes: Iterable[Node], others: Iterable[Pod] | None, labels: Collection[str], pools: Mapping[str, Mapping[str, str]]
) -> tuple[NodeGroup, ...]:
    """Groups of nodes, those with the most GPUs first; `others` are pods of other tenants (None where no
    pods were seen), `labels` are keys that count
    beside `LABELS`, and `pools` are names of groups by the labels of their nodes."""
    held: dict[str, list[Pod]] | None = None if others is None else {}
    for pod in others or ():
        assert held is not None
        held.setdefault(pod.node, []).append(pod)
    alike: dict[_Key, list[Node]] = {}
    for node in nodes:
        alike.setdefault(_key(node, LABELS.union(labels)), []).append(node)
    groups = [
        _group(key, members, held) for key, found in sorted(alike.items()) for members in _by_size(found)
    ]  # fmt: skip
    groups.sort(key=lambda group: -sum(group.accelerators.values()) * group.count)
    return tuple(_named(groups, pools))


def _key(node: Node, labels: Collection[str]) -> _Key:
    kept = {key: value for key, value in node.meta.labels.items() if key in labels and key != "kubernetes.io/hostname"}
    taints = {each for each in node.taints if not PASSING.match(each.key)}
    extended = {key: int(amount) for key, amount in node.allocatable.items() if is_extended(key) and amount >= 1}
    order = sorted(taints, key=lambda each: (each.key, each.effect, each.value))
    return tuple(sorted(kept.items())), tuple(order), tuple(sorted(extended.items()))


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


def _group(key: _Key, members: Sequence[Node], held: Mapping[str, Sequence[Pod]] | None) -> NodeGroup:
    labels, taints, extended = key
    allocatable: dict[str, Amount] = {
        "cpu": str(int(min(map(_cpu, members)))),
        "memory": f"{int(min(map(_memory, members)) / GIB)}Gi",
        **dict(extended),
    }
    group = NodeGroup("", len(members), labels=dict(labels), taints=taints, allocatable=allocatable)
    usable = [node for node in members if node.ready and not node.cordoned]
    free: Counter[int] = Counter()
    priorities: Counter[int] = Counter()
    for node in usable if group.gpu is not None and held is not None else ():
        taken = [(pod.gpus.get(group.gpu or "", 0), pod.priority) for pod in (held or {}).get(node.meta.name, ())]
        free[max(0, group.per_node - sum(gpus for gpus, _ in taken))] += 1
        for gpus, priority in taken:
            priorities[priority] += gpus
    return replace(group, cordoned=len(members) - len(usable), free=dict(free), priorities=dict(+priorities))


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
    product = next((group.labels[key] for key in PRODUCTS if key in group.labels), "gpu")
    words = re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-")
    return re.sub(r"\A(?:(?:nvidia|tesla|amd|intel)-)*", "", words).partition("-")[0] or "gpu"
