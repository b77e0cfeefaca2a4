"""What the API server refuses of pods that come, and of those that would come next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.kubernetes.limit_ranges import above_default, defaults_of, refusals

Make = Callable[..., Any]
Values = dict[str, Any]


def limit_range(**item: Any) -> Values:
    return {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "Container", **item}]},
    }  # fmt: skip


def quota(**hard: str) -> Values:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}


def pod(*containers: Values) -> Values:
    return {"containers": [{"name": str(number), "resources": each} for number, each in enumerate(containers)]}


@pytest.mark.parametrize(
    ("item", "resources", "said"),
    [
        ({"max": {"cpu": "2"}}, {"limits": {"cpu": "4"}}, ["at most 2 of `cpu` to a container, and 4 is asked"]),
        ({"max": {"cpu": "2"}}, {}, []),  # it is given the most as its limit
        ({"max": {"memory": "1G"}}, {"limits": {"memory": "32G"}}, ["at most 1G of `memory` to a container, and 32G is asked"]),
        ({"min": {"cpu": "2"}}, {"requests": {"cpu": "1"}}, ["at least 2 of `cpu` to a container, and 1 is asked"]),
        ({"min": {"cpu": "2"}}, {}, []),  # it is given the least as its request
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}, []),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            ["a limit of `cpu` of at most 2 times its request to a container"],
        ),
        ({"type": "Pod", "max": {"cpu": "3"}}, {"limits": {"cpu": "2"}}, ["at most 3 of `cpu` to a pod, and 4 is asked"]),
        ({"type": "Pod", "max": {"cpu": "3"}}, {}, ["at most 3 of `cpu` to a pod, which then has to state a limit of it"]),
        ({"type": "Pod", "min": {"cpu": "3"}}, {}, ["at least 3 of `cpu` to a pod, which then has to request it"]),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}, {}, []),
    ],
)  # fmt: skip
def test_what_a_limit_range_refuses(item: Values, resources: Values, said: list[str]) -> None:
    """Of two equal containers; plugin/pkg/admission/limitranger/admission.go."""
    found = limit_range(**item)
    assert list(dict.fromkeys(refusals(found, pod(resources, resources), defaults_of([found])))) == said


def test_a_request_above_the_default_limit() -> None:
    given = defaults_of([limit_range(default={"memory": "1Gi"})])
    assert list(above_default(pod({"requests": {"memory": "2Gi"}}), given)) == ["memory"]
    assert list(above_default(pod({"requests": {"memory": "2Gi"}, "limits": {"memory": "2Gi"}}), given)) == []
    assert list(above_default(pod({}), given)) == []


def with_limits(obj: Any, **resources: str) -> Any:
    obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"].update(resources)
    return obj


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([quota(**{"requests.nvidia.com/gpu": "2"})], [quota(**{"requests.nvidia.com/gpu": "1"})], "leaves less than all"),
        ([quota(pods="3")], [quota(pods="2")], "no room for one more pod"),
        ([], [quota(**{"limits.memory": "64Gi"})], "does not state `limits.memory`"),
        ([limit_range(max={"cpu": "8"})], [limit_range(max={"cpu": "2"})], "at most 2 of `cpu`"),
        ([quota(pods="2")], [quota(pods="3")], None),
        ([quota(pods="1")], [quota(pods="1")], None),  # as it was before
        ([], [quota(pods="9")], None),
    ],
)  # fmt: skip
def test_what_tightens_under_pods_that_stay(
    before: list[Values], after: list[Values], said: str | None, deployment: Make, compared: Make
) -> None:
    stays = with_limits(deployment(replicas=2, surge=1, unavailable=0), cpu="4")
    found = told(compared([stays, *before], [stays, *after]), "rollout-stuck")
    assert [severity for severity, _, _ in found] == (["warning"] if said else [])
    assert not said or (said in found[0][2] and "what runs goes on" in found[0][2])


@pytest.mark.parametrize("kind", ["PriorityClass", "RuntimeClass", "ServiceAccount"])
def test_a_class_that_goes_under_pods_that_stay(kind: str, deployment: Make, compared: Make) -> None:
    field = {
        "PriorityClass": "priorityClassName",
        "RuntimeClass": "runtimeClassName",
        "ServiceAccount": "serviceAccountName",
    }
    gone = {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": "n"}}

    def made(image: str) -> Any:
        obj = deployment(surge=0, unavailable=1, image=image)
        obj["spec"]["template"]["spec"][field[kind]] = "n"
        return obj

    [(severity, _, message)] = told(compared([made("a"), gone], [made("a")]), "rollout-stuck")
    assert (severity, f"{kind} `n` goes with this change" in message) == ("warning", True)
    [(severity, _, message)] = told(compared([made("a"), gone], [made("b")]), "rollout-stuck")
    assert (severity, message.startswith("the rollout never finishes")) == ("error", True)
    assert told(compared([made("a"), gone], [made("a"), gone]), "rollout-stuck") == []


@pytest.mark.parametrize(
    ("hard", "after", "basis"),
    [
        ("4", {"a": "v2", "b": "v1"}, "assumed"),  # one that terminates counts until its grace period is over
        ("5", {"a": "v2", "b": "v1"}, "exact"),
        ("5", {"a": "v2", "b": "v2"}, "assumed"),
        ("6", {"a": "v2", "b": "v2"}, "exact"),
        ("4", {"a": "v1", "c": "v1"}, "assumed"),
        ("6", {"a": "v1", "c": "v1"}, "exact"),
    ],
)
def test_pods_that_a_quota_lets_in_as_others_go(
    hard: str, after: dict[str, str], basis: str, deployment: Make, compared: Make, pool: Make
) -> None:
    limit = quota(**{"requests.nvidia.com/gpu": hard})
    sides = [
        [limit, *(deployment(name, replicas=2, surge=0, unavailable=1, image=image) for name, image in side.items())]
        for side in ({"a": "v1", "b": "v1"}, after)
    ]
    result = compared(*sides, pools=(pool(8),), load_seconds=dict.fromkeys("abc", 300))
    assert {each.basis["seconds"] for each in result.rollouts if each.seconds is not None} == {basis}
    assert told(result, "rollout-stuck") == []
