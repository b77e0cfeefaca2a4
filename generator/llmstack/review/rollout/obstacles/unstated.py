"""Resources beside CPU, memory and GPUs (a node's local disk, network cards), where nothing says what a node has.

The scheduler counts each against what a node states as allocatable, and a pod fits nowhere where it is not stated
(kubernetes.io, "Local ephemeral storage" and "Extended Resources").
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.scheduling import requests_of
from llmstack.review.rollout.obstacles.case import Case, Obstacle

_COUNTED = ("cpu", "memory")


def find(case: Case) -> Iterator[Obstacle]:
    """Said where the pods begin to request one, or more of it, and no node that facts know states it."""
    before = requests_of(case.pod_before)
    cluster = case.scene.facts.cluster
    stated = {resource for group in (cluster.nodes if cluster is not None else ()) for resource in group.allocatable}
    for resource, amount in sorted(requests_of(case.pod).items()):
        known = resource in stated or resource in _COUNTED or is_accelerator(resource)
        if not known and amount > before.get(resource, 0):
            verb = "request more" if resource in before else "begin to request"
            message = f"the pods {verb} `{resource}`, and nothing here states how much of it a node has: whether one"
            advice = f"See that a node has as much `{resource}` free (`kubectl describe node`)."
            yield Obstacle(f"{message} takes them cannot be judged", advice, "unknown", likely=False)
