"""A Ray cluster whose groups of workers grow or shrink while its pods stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
Groups = list[tuple[str, int, int]]
"""Name, replicas, and the GPUs of each."""


def cluster(groups: Groups) -> dict[str, Any]:
    def pod(gpus: int) -> dict[str, Any]:
        limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
        return {"spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": limits}}]}}

    workers = [{"groupName": name, "replicas": number, "template": pod(gpus)} for name, number, gpus in groups]
    labels = {"app.kubernetes.io/name": "r", "app.kubernetes.io/component": "engine"}
    return {
        "apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r", "labels": labels},
        "spec": {"headGroupSpec": {"template": pod(0)}, "workerGroupSpecs": workers},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "gpus", "seconds"),
    [
        ([("a", 1, 8), ("b", 1, 4)], [("a", 1, 8), ("b", 2, 4)], (12, 16, 16), 300),
        ([("a", 1, 8), ("b", 1, 4)], [("a", 2, 8), ("b", 3, 4)], (12, 28, 28), 300),  # both sizes
        ([("a", 2, 8), ("b", 3, 4)], [("a", 1, 8), ("b", 1, 4)], (28, 12, 28), 0),
        ([("a", 1, 8)], [("a", 2, 8), ("c", 2, 2)], (8, 20, 20), 300),  # a group of a size that was not there
    ],
)
def test_groups_of_several_sizes(
    before: Groups, after: Groups, gpus: tuple[int, int, int], seconds: int, review: Make, pool: Make
) -> None:
    result = review((cluster(before), cluster(after)), pools=[pool(64, 8)], loads={"r": 300})
    [row], [rollout] = result.gpus, result.rollouts
    assert (row.before, row.after, row.peak) == gpus
    assert (rollout.why, rollout.min_ready, rollout.seconds) == ("scale", 1, seconds)
    assert result.removed == ()


@pytest.mark.parametrize(
    ("before", "after", "count", "gpus", "seconds"),
    [
        ([("a", 2, 8), ("b", 1, 4)], [("a", 1, 8), ("b", 3, 4)], 64, (20, 20, 20), 300),
        ([("a", 1, 8), ("b", 1, 4)], [("a", 2, 8), ("b", 0, 4)], 64, (12, 16, 16), 300),
        ([("a", 2, 8), ("b", 1, 4)], [("a", 0, 8), ("b", 5, 4)], 20, (20, 20, 20), 330),  # once those that end are gone
    ],
)
def test_a_group_grows_while_one_of_another_size_shrinks(
    before: Groups, after: Groups, count: int, gpus: tuple[int, int, int], seconds: int, review: Make, pool: Make
) -> None:
    """KubeRay ends and makes workers of all groups in one go (raycluster_controller.go, `reconcilePods`)."""
    result = review((cluster(before), cluster(after)), pools=[pool(count, 8)], loads={"r": 300})
    [row], [rollout] = result.gpus, result.rollouts
    assert (row.before, row.after, row.peak, row.deadlock) == (*gpus, False)
    assert (rollout.why, rollout.replicas, rollout.gpus_per_replica) == ("scale", 1, gpus[1])
    assert (rollout.min_ready, rollout.seconds) == (1, seconds)
    assert "outage" not in {risk.id for risk in result.risks}
