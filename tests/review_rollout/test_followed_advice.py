"""Advice that is followed: it can be done, and takes away what it is told for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_obstacles import MOUNT, apart, claim, with_pod
from tests.review_rollout.test_scalers import keda
from tests.review_rollout.values_review import told

from llmstack.review.result import EnvironmentReview

Make = Callable[..., Any]


def advice(review: EnvironmentReview, id: str) -> list[str]:
    return [risk.advice for risk in review.risks if risk.id == id]


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({}, None),
        ({"nodeName": "n1"}, "all pods are on node `n1`"),
        (MOUNT, "claim `data` is ReadWriteOnce"),
    ],
)
def test_a_pod_beside_the_old_one_is_advised_where_it_would_not_wait(
    fields: Any, waits: str | None, deployment: Make, review: Make, pool: Make
) -> None:
    def change(surge: int) -> tuple[Any, Any]:
        old, new = (deployment(image=each, gpus=8, surge=surge, unavailable=1 - surge) for each in ("v1", "v2"))
        return with_pod(old, **fields), with_pod(new, **fields)

    facts = {"pools": [pool(16, 8)], "loads": {"llama": 300}, "stays": [claim("ReadWriteOnce")]}
    [said] = advice(review(change(0), **facts), "outage")
    followed = review(change(1), **facts)
    if waits is None:
        assert said == "Set maxSurge 1 and maxUnavailable 0 (needs 8 spare GPUs), or run two replicas."
        assert (told(followed, "outage"), told(followed, "rollout-stuck")) == ([], [])
    else:
        assert said.startswith("Merge at a quiet time: a new pod beside the old one would wait (")
        assert waits in said
        assert told(followed, "rollout-stuck") != []


def test_two_replicas_are_not_advised_on_a_volume_of_one_node(deployment: Make, review: Make, pool: Make) -> None:
    """The old pod does not mount it, so that one more could start beside it; two could not."""
    old = deployment(image="v1", surge=0, unavailable=1)
    new = with_pod(deployment(image="v1", surge=0, unavailable=1), **MOUNT)
    facts = {"pools": [pool(16, 8)], "loads": {"llama": 300}, "stays": [claim("ReadWriteOnce")]}
    [said] = advice(review((old, new), **facts), "outage")
    assert "or run two replicas" not in said


@pytest.mark.parametrize(
    ("others", "nodes", "room"),
    [
        ([8], 3, 2),  # one node is full: two of three take a pod
        ([8], 4, None),
        ([7, 7, 7], 3, None),  # each leaves one GPU
        ([4, 4], 3, None),
        ([4, 4, 4, 4], 3, 2),  # two on a node, and two that leave four GPUs each
        ([8, 8, 8], 3, 0),
    ],
)
def test_other_pods_fill_the_nodes_of_pods_that_are_apart(
    others: list[int], nodes: int, room: int | None, deployment: Make, review: Make, pool: Make
) -> None:
    """Three pods of one GPU (of five, where two fours make a node full for them), each on a node of its own."""
    gpus = 5 if others == [4, 4, 4, 4] else 1
    rule = apart({"app.kubernetes.io/name": "llama"})
    new = with_pod(deployment(replicas=3, gpus=gpus, surge=0, unavailable=1), **rule)
    old = with_pod(deployment(replicas=2, gpus=gpus, surge=0, unavailable=1), **rule)
    stays = [deployment(f"other{at}", gpus=size) for at, size in enumerate(others)]
    result = review((old, new), pools=[pool(8 * nodes, 8)], loads={"llama": 300}, stays=stays)
    found = told(result, "rollout-stuck")
    if room is None:
        assert found == []
    elif sum(others) + 3 * gpus <= 8 * nodes:
        [(severity, _, message)] = found
        assert severity == "error"
        assert message.endswith(f"beside the other pods of pool `h100` {room} of its {nodes} nodes can take one")


def test_a_node_that_pods_begin_to_be_bound_to_may_be_full(deployment: Make, review: Make, pool: Make) -> None:
    old, new = (deployment(image=each, gpus=8, surge=0, unavailable=1) for each in ("v1", "v2"))
    pinned = with_pod(copy.deepcopy(new), nodeName="n1")
    facts = {"pools": [pool(24, 8)], "loads": {"llama": 300}}
    [(severity, _, message)] = told(review((old, pinned), stays=[deployment("other")], **facts), "rollout-stuck")
    assert severity == "warning"
    assert message.startswith("the rollout may never finish: all pods are on node `n1` from now on")
    assert told(review((old, pinned), **facts), "rollout-stuck") == []
    stayed = with_pod(copy.deepcopy(old), nodeName="n1")
    assert told(review((stayed, pinned), stays=[deployment("other")], **facts), "rollout-stuck") == []


@pytest.mark.parametrize(
    ("budget", "pods", "said"),
    [
        ({"maxUnavailable": 0}, 2, "Allow one (`maxUnavailable: 1`)."),
        (
            {"maxUnavailable": "0%"},
            1,
            "Allow one (`maxUnavailable: 1`); run two replicas then, else an eviction is an outage.",
        ),
        ({"minAvailable": "100%"}, 2, "Allow one (`maxUnavailable: 1`)."),
        ({"minAvailable": 2}, 2, "Allow one (`maxUnavailable: 1`), or run more replicas."),
        ({"minAvailable": "80%"}, 2, "Allow one (`maxUnavailable: 1`), or run more replicas."),
    ],
)
def test_more_replicas_are_advised_where_a_budget_lets_one_of_them_go(
    budget: Any, pods: int, said: str, deployment: Make, review: Make
) -> None:
    def protected(**spec: Any) -> dict[str, Any]:
        selector = {"matchLabels": {"app.kubernetes.io/name": "llama"}}
        head = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
        return {**head, "spec": {"selector": selector, **spec}}

    made = protected(**budget)
    assert advice(review((None, made), stays=[deployment(replicas=pods)]), "drain-blocked") == [said]
    more = review((None, made), stays=[deployment(replicas=20)])
    assert bool(advice(more, "drain-blocked")) is ("or run more replicas" not in said)


@pytest.mark.parametrize(
    ("parallelism", "gpus", "free", "said"),
    [
        (1, 4, 2, "Free 2 GPUs first."),
        (3, 1, 2, "Free 1 GPU first, or let it run fewer at a time (`parallelism: 2`)."),
        (3, 2, 1, "Free 5 GPUs first."),
    ],
)
def test_a_job_runs_fewer_pods_where_some_fit(
    parallelism: int, gpus: int, free: int, said: str, deployment: Make, review: Make, pool: Make
) -> None:
    def job(parallelism: int) -> dict[str, Any]:
        container = {"name": "c", "resources": {"limits": {"nvidia.com/gpu": gpus}}}
        spec = {
            "parallelism": parallelism,
            "completions": 6,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        }
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": spec}

    facts = {"pools": [pool(8)], "stays": [deployment(replicas=8 - free)]}
    assert advice(review((None, job(parallelism)), **facts), "gpu-shortage") == [said]
    if "parallelism" in said:
        assert advice(review((None, job(2)), **facts), "gpu-shortage") == []


def test_a_least_that_the_pool_does_not_hold_is_lowered_at_the_scaler(
    deployment: Make, review: Make, pool: Make
) -> None:
    same = deployment(replicas=None)
    facts = {"pools": [pool(4)], "loads": {"llama": 300}}
    result = review((same, same), (keda(2, 8), keda(6, 8)), **facts)
    assert advice(result, "gpu-shortage") == [
        "Add 2 GPUs to the pool, or let `llama` be scaled to 4 at the least instead of 6."
    ]
    followed = review((same, same), (keda(2, 4), keda(4, 4)), **facts)
    assert advice(followed, "gpu-shortage") == []


def cron(least: int) -> dict[str, Any]:
    scaler = keda(least, 3)
    hours = {"timezone": "UTC", "start": "0 8 * * *", "end": "0 18 * * *", "desiredReplicas": "3"}
    scaler["spec"]["triggers"] = [{"type": "cron", "metadata": hours}]
    return scaler


@pytest.mark.parametrize(
    ("before", "after", "sleeps"),
    [
        (cron(1), cron(0), True),
        (cron(0), cron(0), False),
        (cron(1), cron(1), False),
        (None, cron(0), True),  # the manifest had said how many
        (cron(1), None, False),
    ],
)
def test_what_may_be_taken_to_zero_from_now_on(
    before: Any, after: Any, sleeps: bool, deployment: Make, review: Make, pool: Make
) -> None:
    old, new = (deployment(replicas=2 if scaler is None else None) for scaler in (before, after))
    found = review((old, new), (before, after), pools=[pool(8)], loads={"llama": 300})
    outages = [each for each in found.risks if each.id == "outage" and "to zero" in each.message]
    assert [(str(each.severity), each.object, each.amount) for each in outages] == (
        [("warning", "Deployment/llama", 300)] if sleeps else []
    )
    if sleeps:
        assert outages[0].message.endswith(
            "requests fail then until a trigger wakes it and, for 5 min, a pod has loaded"
        )


def test_what_nothing_wakes_is_told_once(deployment: Make, review: Make, pool: Make) -> None:
    asleep = cron(0)
    asleep["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-scale-out": "true"}
    same = deployment(replicas=None)
    found = review((same, same), (cron(1), asleep), pools=[pool(8)], loads={"llama": 300})
    assert len(told(found, "unreachable")) == 1
    assert told(found, "outage") == []


def test_pods_of_nodes_that_no_pool_has_are_in_none(deployment: Make, review: Make, pool: Make) -> None:
    old, new = (with_pod(deployment(surge=1), nodeSelector={"gpu": each}) for each in ("h100", "h200"))
    facts = {"pools": [pool(8, 8, gpu="h100"), pool(8, 8, name="a100", gpu="a100")]}
    [(_, _, message)] = told(review((old, new), **facts), "unknown-capacity")
    assert message.endswith(
        "none of the declared pools (h100, a100) has their nodes: whether they are there cannot be judged"
    )


@pytest.mark.parametrize(
    ("tag", "sleep", "drains"), [("v0.11.2", 15, False), ("v0.11.2", 0, True), ("v0.18.0", 15, True)]
)
def test_a_drain_is_advised_where_it_is_not_set_or_lets_more_finish(
    tag: str, sleep: int, drains: bool, deployment: Make, review: Make
) -> None:
    pair = []
    for args in ("1", "2"):
        made = deployment(replicas=2)
        [container] = made["spec"]["template"]["spec"]["containers"]
        hook = {"lifecycle": {"preStop": {"sleep": {"seconds": sleep}}}} if sleep else {}
        container |= {"image": f"vllm/vllm-openai:{tag}", "args": ["m", "--max-num-seqs", args], **hook}
        pair.append(made)
    [said] = advice(review(tuple(pair)), "requests-cut")
    assert said.startswith("Set `gitops.drain` on the model") is drains
    assert drains or said.endswith("`gitops.drain` lets longer ones finish from vLLM 0.18 on.")
