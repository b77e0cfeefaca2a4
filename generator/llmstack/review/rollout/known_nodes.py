"""What the nodes that facts know keep from a pod: taints, labels, and how many of it their CPU and memory hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.facts.cluster import NodeGroup
from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.scheduling import first_untolerated, scarcest
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
    open_to = [group for group in pool.groups if takes(group, pod)]
    if not open_to:
        yield _shut_out(pod, pool)
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


def _shut_out(pod: Pod, pool: Pool) -> tuple[str, str]:
    """Why no node of a pool ever takes a pod, by the first group of its nodes."""
    group = pool.groups[0]
    taint = first_untolerated(pod, group.taints)
    if taint is not None:
        told = f"{taint.key}={taint.value}" if taint.value else taint.key
        message = (
            f"the nodes of pool `{pool.name}` have the taint `{told}:{taint.effect}`, which the pods do not tolerate"
        )
        value = f", operator: Equal, value: {taint.value}" if taint.value else ", operator: Exists"
        return (
            f"{message}: they stay Pending",
            f"Add the toleration {{key: {taint.key}{value}, effect: {taint.effect}}}.",
        )
    resource, _ = scarcest(pod, group.allocatable) or ("", 0)
    message = (
        f"a pod asks for more `{resource}` than a node of pool `{pool.name}` has ({group.allocatable.get(resource)})"
    )
    return f"{message}: it stays Pending", f"Request less `{resource}`."


def _room(group: NodeGroup, pod: Pod, gpus: int) -> tuple[str, int]:
    """How many such pods the nodes of a group hold, and what there is too little of; empty where that is GPUs."""
    amounts = {key: value for key, value in group.allocatable.items() if not is_accelerator(key)}
    resource, at_most = scarcest(pod, amounts) or ("", 1 << 30)
    by_node = [(free // gpus if gpus else at_most) for free in group.nodes]
    scarce = resource if any(each > at_most for each in by_node) else ""
    return scarce, sum(min(each, at_most) for each in by_node)
