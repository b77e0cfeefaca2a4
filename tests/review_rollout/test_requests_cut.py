"""`requests-cut`: told where vLLM's pods end and nothing waits for what they serve, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import Values, reviewed, values
from tests.review_rollout.values_review import told as all_told

Make = Callable[..., Any]
SERVE = ["vllm", "serve"]
CUT = [("note", "Deployment/llama")]


def engine(make: Make, image: str = "v1", replicas: int = 2, **pod: Any) -> Any:
    """A Deployment of vLLM; `pod` are fields of its pod, `container` those of its container."""
    made = make(image=image, replicas=replicas, surge=0, unavailable=1)
    spec = made["spec"]["template"]["spec"]
    spec["containers"][0] |= {"command": SERVE, **pod.pop("container", {})}
    spec |= pod
    return made


def told(result: Any) -> list[tuple[str, str]]:
    return [(risk.severity.value, risk.object) for risk in result.risks if risk.id == "requests-cut"]


DRAINED = {"container": {"args": ["m", "--shutdown-timeout", "60"]}, "terminationGracePeriodSeconds": 75}
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "nothing waits": ({}, CUT),
    "zero seconds": ({"container": {"args": ["--shutdown-timeout=0"]}}, CUT),
    "the grace period is shorter": ({"container": {"args": ["--shutdown-timeout=60"]}}, CUT),
    "a sleep takes the rest of it": (
        {
            "container": {"args": ["--shutdown-timeout=60"], "lifecycle": {"preStop": {"sleep": {"seconds": 30}}}},
            "terminationGracePeriodSeconds": 80,
        },
        CUT,
    ),
    "a command that sleeps takes the rest of it": (
        {
            "container": {
                "args": ["--shutdown-timeout=60"],
                "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 40"]}}},
            },
            "terminationGracePeriodSeconds": 90,
        },
        CUT,
    ),
    "the last of two counts": (
        {
            "container": {"args": ["--shutdown-timeout=60", "--shutdown-timeout", "0"]},
            "terminationGracePeriodSeconds": 90,
        },
        CUT,
    ),
    "the last of two counts, however they are written": (
        {
            "container": {"args": ["m", "--shutdown-timeout", "0", "--shutdown_timeout=60"]},
            "terminationGracePeriodSeconds": 90,
        },
        [],
    ),
    "a script starts it": ({"container": {"command": ["sh", "-c", "sleep 1; exec vllm serve m --port 8000"]}}, CUT),
    "it waits": (DRAINED, []),
    "a script starts it, and it waits": (
        DRAINED | {"container": {"command": ["sh", "-c", "exec vllm serve m --shutdown-timeout 60"]}},
        [],
    ),
    "it is no vLLM": ({"container": {"command": ["tritonserver"]}}, []),
}


@pytest.mark.parametrize(("pod", "expected"), CASES.values(), ids=CASES.keys())
def test_a_restart(deployment: Make, review: Make, pod: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    pair = engine(deployment, **pod), engine(deployment, "v2", **pod)
    assert told(review(pair)) == expected


@pytest.mark.parametrize(
    ("timeout", "sleep", "key"),
    [
        ("0", 20, "preStop sleep of 20 s"),
        ("0", 60, "`terminationGracePeriodSeconds` of 30 s"),
        ("60", 0, "`terminationGracePeriodSeconds` of 30 s"),
        ("20", 15, "`terminationGracePeriodSeconds` of 30 s"),
    ],
)
def test_shorter_requests_finish(deployment: Make, review: Make, timeout: str, sleep: int, key: str) -> None:
    container = {
        "args": ["m", f"--shutdown-timeout={timeout}"],
        "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}},
    }
    found = review((engine(deployment, container=container), engine(deployment, "v2"))).risks
    (risk,) = (each for each in found if each.id == "requests-cut")
    assert risk.message == f"requests that take longer than the {key} are cut when their pod ends"


def test_the_pods_that_end_are_the_old_ones(deployment: Make, review: Make) -> None:
    assert told(review((engine(deployment), engine(deployment, "v2", **DRAINED)))) == CUT
    assert told(review((engine(deployment, **DRAINED), engine(deployment, "v2")))) == []


def test_fewer_replicas_and_none(deployment: Make, review: Make) -> None:
    assert told(review((engine(deployment), engine(deployment, replicas=1)))) == CUT
    assert told(review((engine(deployment), None))) == CUT
    assert told(review((engine(deployment), engine(deployment, replicas=3)))) == []
    assert told(review((None, engine(deployment)))) == []


RAY = {"raySpec": {"enabled": True, "headNode": {"requestCPU": 2, "requestMemory": "8Gi", "requestGPU": 1}}}
GROUPS = {"lwsSpec": {"enabled": True, "size": 2}}
DRAIN = {"gitops": {"drain": {"finish": "60s"}}}


@pytest.mark.parametrize("form", [RAY, GROUPS], ids=["RayCluster", "LeaderWorkerSet"])
def test_engines_over_several_pods_drain(form: Values) -> None:
    def cut(model: Values) -> list[tuple[str, str, str]]:
        model = {"replicaCount": 1, "tag": "v0.20.2", **form, **model}
        other = model | {"vllmConfig": {"maxModelLen": 4096}}
        return all_told(reviewed(values([model]), values([other])), "requests-cut")

    assert len(cut({})) == 1
    assert cut(DRAIN) == []


def test_workers_of_a_ray_cluster_end_with_its_head() -> None:
    kept = {"lifecycle": {"preStop": {"sleep": {"seconds": 10}}}, "terminationGracePeriodSeconds": 300}
    model = {"replicaCount": 1, "tag": "v0.20.2", **RAY, **DRAIN, **kept}
    [(_, _, message)] = all_told(reviewed(values([model]), values([{"name": "other"}])), "requests-cut")
    assert message == "requests that take longer than the workers' preStop sleep of 10 s are cut when their pod ends"
