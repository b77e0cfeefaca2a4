"""Units that are never applied, as one that they wait for never becomes ready.

A Kustomization waits until all of its `dependsOn` are ready (kustomize-controller, docs/spec/v1/kustomizations.md,
"Dependencies"), and one that checks health is ready once its rollouts are through ("Health checks").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from llmstack.kubernetes.pods import Identity
from llmstack.review.rollout.obstacles.case import Obstacle
from llmstack.review.rollout.queue import Queue
from llmstack.review.rollout.workload import Workload


def with_those_behind(
    obstacles: Mapping[Identity, Sequence[Obstacle]],
    workloads: Sequence[Workload],
    never: Collection[Identity],
    queue: Queue,
) -> dict[Identity, Sequence[Obstacle]]:
    """Return what stands in the way of workloads, those too that wait for `never`, which never finish."""
    found = dict(obstacles)
    for unit in sorted({each.unit for each in workloads if each.identity in never and each.unit in queue.units}):
        behind = queue.behind(unit)
        for workload in workloads:
            if workload.unit in behind and workload.move != "remove":
                message = f"its unit waits for `{unit}` (`dependsOn`), which never becomes ready: it is not applied"
                advice = f"Merge the change of `{unit}` by itself once it can finish, or let this unit not wait for it."
                found[workload.identity] = [*found.get(workload.identity, ()), Obstacle(message, advice, "always")]
    return found
