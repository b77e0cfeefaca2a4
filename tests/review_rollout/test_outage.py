"""No replica is ready for a while: how long, why, and what spares it, whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_scalers import keda

Make = Callable[..., Any]
LOAD = {"llama": 300}
RECREATED = "no replica is ready for 5 min 30 s: all replicas are deleted before new ones start"
ROLLING = "Use `type: RollingUpdate` with maxSurge 1 and maxUnavailable 0"
ALL_OF_ONE = "no replica is ready for 5 min: up to 1 of 1 replica may be unavailable"
TWO = "Set maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU), or run two replicas."
QUIET = "set maxSurge 1 and maxUnavailable 0; with the GPUs that are there, merge at a quiet time."
CASES: dict[str, tuple[dict[str, Any], dict[str, int], tuple[str, str, int | None] | None]] = {
    # 30 s until the old pod is gone, then 5 min
    "recreated": ({}, LOAD, (RECREATED, f"{ROLLING} (needs 1 spare GPU).", 330)),
    "recreated without GPUs": ({"gpus": 0}, LOAD, (RECREATED, f"{ROLLING}.", 330)),
    "recreated in a full pool": ({"gpus": 8}, LOAD, (RECREATED, f"Add 8 GPUs to the pool, and {QUIET}", 330)),
    "recreated, for how long is not known": ({}, {}, (
        "no replica is ready for a while: all replicas are deleted before new ones start", f"{ROLLING} (needs 1 spare GPU).", None)),
    # what ends does not count: the new pod starts at once where there are GPUs for both
    "the one there is": ({"surge": 0, "unavailable": 1}, LOAD, (ALL_OF_ONE, TWO, 300)),
    "all of two": ({"replicas": 2, "surge": 0, "unavailable": 2}, LOAD, (
        "no replica is ready for 5 min: up to 2 of 2 replicas may be unavailable",
        "Set maxUnavailable below 2, or maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU).", 300)),
    "all of two in a full pool": ({"replicas": 2, "gpus": 4, "surge": 0, "unavailable": 2}, LOAD, (
        "no replica is ready for 5 min 30 s: up to 2 of 2 replicas may be unavailable", f"Add 4 GPUs to the pool, and {QUIET}", 330)),
    "one of two": ({"replicas": 2, "surge": 0, "unavailable": 1}, LOAD, None),
    "one beside": ({"surge": 1, "unavailable": 0}, LOAD, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_for_how_long_and_why(case: str, deployment: Make, review: Make, pool: Make) -> None:
    spec, loads, expected = CASES[case]
    result = review(tuple(deployment(image=image, **spec) for image in ("v1", "v2")), pools=[pool(8)], loads=loads)
    told = [(each.message, each.advice, each.amount) for each in result.risks if each.id == "outage"]
    assert told == ([expected] if expected else [])


@pytest.mark.parametrize(("most", "while_"), [(8, "while its scaler is at 1 replica, "), (1, "")])
def test_a_scaler_may_spare_it(most: int, while_: str, deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    result = review(pair, (keda(1, most), keda(1, most)), pools=[pool(8)], loads=LOAD)
    [risk] = [each for each in result.risks if each.id == "outage"]
    assert (risk.object, risk.message, risk.advice) == ("Deployment/llama", f"{while_}{ALL_OF_ONE}", TWO)


def test_it_lasts_where_no_new_replica_is_let_in(deployment: Make, review: Make, pool: Make) -> None:
    limit = {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "Container", "max": {"nvidia.com/gpu": "1"}}]},
    }  # fmt: skip
    pair = [deployment(gpus=gpus, surge=0, unavailable=1) for gpus in (1, 2)]
    result = review((pair[0], pair[1]), stays=[limit], pools=[pool(8)], loads={"llama": 300})
    [risk] = [each for each in result.risks if each.id == "outage"]
    assert risk.message.startswith("no replica is ready any more, as no new one starts: ")
    assert risk.amount is None


PROBE = {"httpGet": {"path": "/health", "port": 8000}}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (("readinessProbe", "startupProbe"), (), True),
        (("startupProbe",), (), True),
        (("readinessProbe",), ("livenessProbe",), True),
        (("readinessProbe", "startupProbe"), ("readinessProbe",), False),
        (("readinessProbe", "startupProbe"), ("startupProbe",), False),
        ((), (), False),
        ((), ("readinessProbe",), False),
    ],
)
def test_pods_whose_load_nothing_waits_for(
    before: Any, after: Any, told: bool, deployment: Make, review: Make, pool: Make
) -> None:
    pair = tuple(deployment(image=image, replicas=2, surge=0, unavailable=1) for image in ("v1", "v2"))
    for obj, probes in zip(pair, (before, after), strict=True):
        obj["spec"]["template"]["spec"]["containers"][0] |= dict.fromkeys(probes, PROBE)
    found = [each for each in review(pair, pools=[pool(8)], loads=LOAD).risks if each.id == "outage"]
    assert [(each.amount, "before one has loaded, and requests fail for 5 min" in each.message) for each in found] == (
        [(300, True)] if told else []
    )


def test_a_probe_of_another_container_waits_for_no_load(deployment: Make, review: Make, pool: Make) -> None:
    """Kubernetes counts a pod as ready once all its containers are: the sidecar's probe says nothing of the model."""
    pair = tuple(deployment(image=image, replicas=2, surge=0, unavailable=1) for image in ("v1", "v2"))
    for obj, probes in zip(pair, ({"readinessProbe": PROBE}, {}), strict=True):
        pod = obj["spec"]["template"]["spec"]
        pod["containers"][0] |= {"command": ["vllm", "serve", "org/llama"], **probes}
        pod["containers"].append({"name": "sidecar", "image": "busybox:1", "readinessProbe": PROBE})
    found = [each.amount for each in review(pair, pools=[pool(8)], loads=LOAD).risks if each.id == "outage"]
    assert found == [300]


def test_what_helps_a_ray_cluster_that_has_no_room_for_a_second(review: Make, pool: Make) -> None:
    def cluster(image: str) -> dict[str, Any]:
        container = {"name": "ray", "image": image, "resources": {"limits": {"nvidia.com/gpu": "4"}}}
        head = {"rayStartParams": {}, "template": {"spec": {"containers": [container]}}}
        metadata = {"name": "llama", "namespace": "llm"}
        spec = {"upgradeStrategy": {"type": "Recreate"}, "headGroupSpec": head}
        return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": metadata, "spec": spec}

    told = [
        [
            each.advice
            for each in review((cluster("v1"), cluster("v2")), pools=[pool(size)]).risks
            if each.id == "outage"
        ]
        for size in (4, 8)
    ]
    assert ["not there: merge at a quiet time" in advice for side in told for advice in side] == [True, False]
