"""What the nodes that facts know keep from a pod: taints, labels, and how many of it their CPU and memory hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.scheduling import first_untolerated, fits_labels, scarcest
from llmstack.review.capacity import takes
from llmstack.review.facts import Pool
from llmstack.review.wording import plural

Pod = Mapping[str, Any]


def refusals(pod: Pod, pool: Pool | None, gpus: int, most: int) -> Iterator[tuple[str, str]]:
    """Yield why nodes of a pool do not hold `most` such pods at a time, each of so many GPUs, with advice.

    Each holds whatever else is on the nodes, so that it is certain. GPUs themselves are judged elsewhere. Where the
    values give the pool more nodes than facts know, nothing is said.
    """
    if pool is None or not pool.groups or len(pool.nodes or ()) > sum(len(group.nodes) for group in pool.groups):
        return
    open_to = [group for group in pool.groups if takes(group, pod) and not _other_labels(group, pod)]
    if not open_to:
        yield _why_not(pod, pool.groups[0], f"of pool `{pool.name}`")
        return
    holding = {group.name: _room(group, pod, gpus) for group in open_to}
    by_gpus = sum(free // gpus for group in open_to for free in group.nodes) if gpus else 0
    number = sum(each for _, each in holding.values())
    if number < most <= by_gpus:
        scarce = next(resource for resource, each in holding.values() if resource)
        message = (
            f"the nodes of pool `{pool.name}` have `{scarce}` for {plural(number, 'such pod')}, and {most} are needed"
        )
        yield f"{message} at a time: the rest stays Pending", f"Request less `{scarce}`, or run fewer replicas."


def refused_anywhere(pod: Pod, facts: ClusterFacts | None) -> tuple[str, str] | None:
    """Why no node of a cluster ever takes a pod, by the group that comes closest; None where one does, or nobody knows
    its nodes."""
    groups = [group for group in facts.nodes if group.count > group.cordoned] if facts is not None else []
    if not groups or any(takes(group, pod) and not _other_labels(group, pod) for group in groups):
        return None
    closest = min(groups, key=lambda group: first_untolerated(pod, group.taints) is not None)
    message, advice = _why_not(pod, closest, f"of group `{closest.name}`")
    return f"no node of the cluster takes the pods; {message}", advice


def _other_labels(group: NodeGroup, pod: Pod) -> bool:
    """Whether a pod asks for another value of a label that nodes of a group are known to have."""
    return fits_labels(pod, group.labels, group.labels.keys()) is False


def _why_not(pod: Pod, group: NodeGroup, nodes: str) -> tuple[str, str]:
    """What keeps a pod from the nodes of a group: a taint, a label, or too little of something; `nodes` names them."""
    taint = first_untolerated(pod, group.taints)
    if taint is not None:
        told = f"{taint.key}={taint.value}" if taint.value else taint.key
        value = f", operator: Equal, value: {taint.value}" if taint.value else ", operator: Exists"
        return (
            f"the nodes {nodes} have the taint `{told}:{taint.effect}`, which the pods do not tolerate: they stay "
            "Pending",
            f"Add the toleration {{key: {taint.key}{value}, effect: {taint.effect}}}.",
        )
    if _other_labels(group, pod):
        asked = (pod.get("nodeSelector") or {}).items()
        wrong = [f"`{key}={group.labels[key]}`" for key, value in asked if group.labels.get(key, value) != value]
        has = f"have {', '.join(wrong)}" if wrong else "have other labels"
        message = f"the nodes {nodes} {has}, and the pods ask for others: they stay Pending"
        return message, "Correct the node selector or affinity."
    resource, _ = scarcest(pod, group.allocatable) or ("", 0)
    message = f"a pod asks for more `{resource}` than a node {nodes} has ({group.allocatable.get(resource)})"
    return f"{message}: it stays Pending", f"Request less `{resource}`."


def _room(group: NodeGroup, pod: Pod, gpus: int) -> tuple[str, int]:
    """How many such pods the nodes of a group hold, and what there is too little of; empty where that is GPUs."""
    amounts = {key: value for key, value in group.allocatable.items() if not is_accelerator(key)}
    resource, at_most = scarcest(pod, amounts) or ("", 1 << 30)
    by_node = [(free // gpus if gpus else at_most) for free in group.nodes]
    scarce = resource if any(each > at_most for each in by_node) else ""
    return scarce, sum(min(each, at_most) for each in by_node)
