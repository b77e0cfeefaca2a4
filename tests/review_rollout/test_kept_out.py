"""GPUs that a failing rollout holds where something lets no more than some of its pods in."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.review_rollout.test_priorities import CLASSES

Make = Callable[..., Any]
Pod = dict[str, Any]
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}}
MOUNTED = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}
PORT = {"ports": [{"containerPort": 8000, "hostPort": 8000}]}
NAMED = {"matchLabels": {"app.kubernetes.io/name": "llama"}}
APART = [{"topologyKey": "kubernetes.io/hostname", "labelSelector": NAMED}]
ALONE = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": APART}}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}}
READS = {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "b"}}}]}


def quota(gpus: int) -> Pod:
    hard = {"requests.nvidia.com/gpu": str(gpus)}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}


def claim(mode: str) -> Pod:
    return {**CLAIM, "spec": {"accessModes": [mode]}}


@pytest.mark.parametrize(
    ("before", "after", "surge", "pod", "container", "beside", "held"),
    [
        (2, 2, 1, {}, {}, quota(2), (2, 2)),
        (2, 2, 0, {}, {}, quota(2), (1, 2)),  # an old pod goes first
        (0, 4, 0, {}, {}, quota(2), (0, 2)),
        (1, 3, 0, {}, {}, quota(2), (1, 2)),
        (2, 2, 1, {}, PORT, None, (2, 2)),  # two nodes
        (0, 3, 0, {}, PORT, None, (0, 2)),
        (2, 2, 1, ALONE, {}, None, (2, 2)),
        (0, 3, 0, ALONE, {}, None, (0, 2)),
        (1, 1, 1, MOUNTED, {}, claim("ReadWriteOncePod"), (1, 1)),
        (1, 1, 1, MOUNTED, {}, claim("ReadWriteOnce"), (1, 2)),  # on its node it waits, and holds them
        (2, 2, 1, {"nodeName": "n"}, {}, None, (2, 3)),
        (4, 4, 1, {"nodeName": "n"}, {}, None, (4, 4)),  # which has 4
        (2, 2, 0, {"priorityClassName": "nowhere"}, {}, None, (1, 2)),  # nobody knows
        (2, 2, 0, {}, READS, SECRET, (1, 2)),  # its container is not made, on GPUs that are its own
    ],
)
def test_what_is_kept_out_holds_nothing(
    before: int, after: int, surge: int, pod: Pod, container: Pod, beside: Pod | None, held: tuple[int, int],
    deployment: Make, review: Make, pool: Make,
) -> None:  # fmt: skip
    def made(image: str, replicas: int) -> Any:
        obj = deepcopy(deployment(image=image, replicas=replicas, surge=surge, unavailable=1 - surge))
        spec = obj["spec"]["template"]["spec"]
        spec.update(pod if image == "v2" or "priorityClassName" not in pod else {})
        spec["containers"][0].update(container if image == "v2" or container is PORT else {})
        return obj

    pair = (made("v1", before) if before else None, made("v2", after))
    stays = [*CLASSES, *([beside] if beside is not None else [])]
    [rollout] = review(pair, pools=[pool(8, 4)], loads={"llama": 60}, stays=stays).rollouts
    assert (rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == held


def test_without_its_class_no_pod_is_made(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=each, replicas=2, surge=0, unavailable=1) for each in ("v1", "v2")]
    for obj in pair:
        obj["spec"]["template"]["spec"]["priorityClassName"] = "hi"
    [rollout] = review((pair[0], pair[1]), (CLASSES[0], None), pools=[pool(8)], loads={"llama": 60}).rollouts
    assert (rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == (1, 1)
