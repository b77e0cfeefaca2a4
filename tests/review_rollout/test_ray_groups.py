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


def one_group(**fields: Any) -> dict[str, Any]:
    made = cluster([("a", 2, 1), ("b", 1, 4)])
    made["spec"]["workerGroupSpecs"][0] |= fields
    return made


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"minReplicas": 3}, 7),  # replicas are kept within the bounds of their group
        ({"maxReplicas": 1}, 5),
        ({"minReplicas": 3, "maxReplicas": 1}, 5),
        ({"suspend": True}, 4),
        ({"replicas": 0}, 4),
    ],
)
def test_bounds_and_suspension_of_a_group(fields: dict[str, Any], after: int, compared: Make, pool: Make) -> None:
    """Of a group that goes the cluster stays, and nothing is removed or left at an old template."""
    result = compared([one_group()], [one_group(**fields)], pools=(pool(64, 8),), load_seconds={"r": 300})
    [row] = result.gpus
    assert (row.before, row.after) == (6, after)
    assert not {"removal", "not-applied", "outage"} & {risk.id for risk in result.risks}


def test_a_suspended_cluster_is_gone_and_not_behind_its_template(compared: Make, pool: Make) -> None:
    sides = cluster([("a", 2, 1)]), cluster([("a", 2, 1)])
    sides[1]["spec"]["suspend"] = True
    gone = compared([sides[0]], [sides[1]], pools=(pool(8, 8),))
    assert {risk.id for risk in gone.risks} == {"removal"}
    back = compared([sides[1]], [sides[0]], pools=(pool(8, 8),))
    assert [(row.before, row.after) for row in back.gpus] == [(0, 2)]
    assert back.risks == ()


def test_workers_that_rays_own_autoscaler_gives(compared: Make, pool: Make) -> None:
    def scaled(most: int, *, on: bool) -> dict[str, Any]:
        made = cluster([("a", 2, 1)])
        made["spec"] |= {"enableInTreeAutoscaling": on, "upgradeStrategy": {"type": "Recreate"}}
        made["spec"]["workerGroupSpecs"][0]["maxReplicas"] = most
        return made

    for before, after, asked in (
        (scaled(8, on=False), scaled(8, on=True), True),
        (scaled(2, on=False), scaled(2, on=True), False),  # it gives no more than there are
        (scaled(8, on=True), scaled(9, on=True), False),
    ):
        result = compared([before], [after], pools=(pool(8, 8),), load_seconds={"r": 300})
        said = [risk.message for risk in result.risks if risk.id == "not-judged"]
        assert len(said) == asked
        judged = before["spec"]["workerGroupSpecs"][0]["maxReplicas"] == 2
        assert [row.deadlock for row in result.gpus] == ([False] if judged else [None])
