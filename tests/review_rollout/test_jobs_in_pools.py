"""What pods that end by themselves, or that no manifest counts, take of a pool beside its rollouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmstack.report.words import say_hang

Make = Callable[..., Any]
GPUS = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}
POD = {"spec": {**GPUS, "restartPolicy": "Never"}}
RAY = {"headGroupSpec": {"template": {"spec": {"containers": []}}}, "workerGroupSpecs": [{"template": POD}]}


def job(kind: str = "Job", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "x"}, "spec": {"template": POD, **spec}}


CRON = job("CronJob", schedule="0 0 * * *", jobTemplate={"spec": {"template": POD}})
ON_NODES = {**job("DaemonSet", template={"spec": GPUS}), "apiVersion": "apps/v1"}
RAY_JOB = {**job("RayJob", rayClusterSpec=RAY), "apiVersion": "ray.io/v1"}


@pytest.mark.parametrize(
    ("before", "after", "peak", "uncounted"),
    [
        (None, job(), 5, False),
        (None, job(parallelism=2, completions=4), 7, False),
        (None, job(parallelism=2, completions=1), 5, False),
        (None, job(suspend=True), 3, False),
        (job(parallelism=1, completions=3), job(parallelism=2, completions=3), 5, True),
        (job(), job(), 3, True),  # done, or not
        (job(), None, 3, False),
        (None, CRON, 3, True),
        (None, ON_NODES, 3, True),
        (None, RAY_JOB, 3, True),
        (ON_NODES, ON_NODES, 3, True),
    ],
)
def test_a_pool_beside_a_rollout(
    before: Any, after: Any, peak: int, uncounted: bool, deployment: Make, review: Make, pool: Make
) -> None:
    """Two replicas that roll with one more."""
    pair = [deployment(image=each, replicas=2, surge=1, unavailable=0) for each in ("v1", "v2")]
    result = review((pair[0], pair[1]), (before, after), pools=[pool(8)], loads={"llama": 300})
    [found] = result.gpus
    assert result.rollouts[0].basis["seconds"] == ("exact" if found.deadlock is not None else "assumed")
    assert (found.before, found.after, found.peak, found.uncounted) == (2, 2, peak, uncounted)
    assert say_hang(found).endswith("no manifest counts take GPUs of it too") == uncounted
