"""What pods that end by themselves, or that no manifest counts, take of a pool beside its rollouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

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
    is_bounded = after is None or after["kind"] == "Job"
    assert found.deadlock is (False if is_bounded else None)
    alone = after is None or after["spec"].get("suspend")
    assert result.rollouts[0].basis["seconds"] == ("exact" if alone else "assumed")
    assert (found.before, found.after, found.peak, found.uncounted) == (2, 2, peak, uncounted)
    assert say_hang(found).endswith("no manifest counts take GPUs of it too") == (not is_bounded)


@pytest.mark.parametrize(
    ("count", "alone", "after", "hangs"),
    [
        (5, 3, job(), (False, False)),  # two, one more, and two of the Job
        (4, 3, job(), (None, None)),  # the one more waits for the Job's end
        (4, 3, job(parallelism=2, completions=4), (None, None)),
        (2, 3, job(), (True, True)),  # it would be so without the Job
        (7, 3, job(parallelism=2, completions=4), (False, False)),
        (8, 3, CRON, (None, None)),
    ],
)
def test_a_pool_beside_a_job(
    count: int, alone: int, after: Any, hangs: tuple[Any, Any], deployment: Make, review: Make, pool: Make
) -> None:
    """What a Job takes at most is known; when it ends is not."""
    pair = [deployment(image=each, replicas=2, surge=1, unavailable=0) for each in ("v1", "v2")]
    [found] = review((pair[0], pair[1]), (after, after), pools=[pool(count)], loads={"llama": 300}).gpus
    assert (found.peak, found.deadlock, found.certain) == (alone, *hangs)


@pytest.mark.parametrize(
    ("count", "replicas", "surge", "said"),
    [
        (
            4,
            (2, 4),
            0,
            ("error", "they stay Pending, or pods of `llama` do until it has ended, where its own come first"),
        ),
        (5, (2, 4), 0, ("error", "1 of 2 stays Pending, or pods of `llama` do until")),
        (6, (2, 4), 0, None),
        (4, (2, 2), 1, ("warning", "pods of `llama` that need 1 more for a moment stay Pending until it has ended")),
        (5, (2, 2), 1, None),
        (4, (2, 2), 0, None),  # it finds what is free
        (
            3,
            (2, 2),
            0,
            ("error", "1 of 2 stays Pending, or pods of `llama` do until"),
        ),  # it takes what a replica gives up
    ],
)
def test_a_job_that_begins_with_a_rollout(
    count: int,
    replicas: tuple[int, int],
    surge: int,
    said: tuple[str, str] | None,
    deployment: Make,
    review: Make,
    pool: Make,
) -> None:
    """Two pods of one GPU each beside a model whose pods have one."""
    job_pod = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
    begins = (None, job(parallelism=2, completions=2, template={"spec": {**job_pod, "restartPolicy": "Never"}}))
    images = ("v1", "v1") if replicas[0] != replicas[1] else ("v1", "v2")
    pair = [
        deployment(replicas=number, image=image, surge=surge, unavailable=1 - surge)
        for number, image in zip(replicas, images, strict=True)
    ]
    found = told(review((pair[0], pair[1]), begins, pools=[pool(count)], loads={"llama": 300}), "gpu-shortage")
    assert [(severity, key) for severity, key, _ in found] == ([(said[0], "Job/x")] if said else [])
    assert not said or said[1] in found[0][2]
