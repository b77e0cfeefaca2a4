"""GPUs that models ask for, and seconds in which they are held without serving, where scalers and nodes decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmstack.review.applied import what_is_applied
from llmstack.review.compare import compare
from llmstack.review.cost import Usage
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.play import standing
from llmstack.review.surroundings import Surroundings
from llmstack.review.usage import find_usage

Make = Callable[..., Any]
Object = dict[str, Any]
POOL = ("h100", "nvidia.com/gpu")
FACTS = Facts(pools=(Pool(*POOL, 16),))


def usage(before: list[Object], after: list[Object]) -> tuple[Usage, ...]:
    applied = what_is_applied(compare({"u": before}, {"u": after}), before, after, Surroundings())
    return find_usage("prod", applied, (FACTS, FACTS))


def model(deployment: Make, replicas: int | None, gpus: int = 2, kind: str = "Deployment", **more: Any) -> Object:
    obj = deployment(replicas=replicas, gpus=gpus, surge=0, unavailable=1, **more)
    obj["metadata"]["labels"]["model"] = "llama"
    obj["spec"]["template"]["metadata"]["labels"]["model"] = "llama"
    return {**obj, "kind": kind}


def keda(least: int, most: int) -> Object:
    spec = {"scaleTargetRef": {"name": "llama"}, "minReplicaCount": least, "maxReplicaCount": most}
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "llama"}, "spec": spec}


@pytest.mark.parametrize(
    ("replicas", "asked"),
    [
        ((2, 3), [((4, 4), (6, 6))]),
        ((2, 2), [((4, 4), (4, 4))]),
        ((None, 3), [((0, 0), (6, 6))]),
        ((2, None), [((4, 4), (0, 0))]),
    ],
)
def test_what_a_model_asks_for(replicas: Any, asked: Any, deployment: Make) -> None:
    sides = [[] if number is None else [model(deployment, number)] for number in replicas]
    assert [(each.before, each.after) for each in usage(*sides)] == asked


def test_a_scaler_is_an_interval(deployment: Make) -> None:
    stays = [model(deployment, None), keda(1, 8)]
    assert usage(stays, stays) == (Usage("prod", "llama", POOL, (2, 16), (2, 16)),)
    rolls = [model(deployment, None, image="v2"), keda(0, 4)]
    assert usage(stays, rolls) == (Usage("prod", "llama", POOL, (2, 16), (0, 8)),)


def test_pods_of_each_node_have_no_bound(deployment: Make) -> None:
    daemons = [model(deployment, None, kind="DaemonSet")]
    assert usage(daemons, daemons) == (Usage("prod", "llama", POOL, (0, None), (0, None)),)
    assert usage([], daemons) == (Usage("prod", "llama", POOL, (0, 0), (0, None)),)


def test_what_is_refused_stays_as_it_was(deployment: Make) -> None:
    old, new = model(deployment, 2), model(deployment, 3)
    new["spec"] = {**new["spec"], "selector": {"matchLabels": {"app.kubernetes.io/name": "other"}}}
    other = deployment("other", gpus=0)
    applied = what_is_applied(
        compare({"u": [old, other]}, {"u": [new, other]}), [old, other], [new, other], Surroundings()
    )
    after, before = standing(applied, [])
    assert [(side, [each["metadata"]["name"] for each in objects]) for side, objects in (after, before)] == [
        (1, ["other"]), (0, ["llama"]),
    ]  # fmt: skip
    assert before[1][0]["spec"]["replicas"] == 2
    assert [(each.before, each.after) for each in usage([old], [new])] == [((4, 4), (4, 4))]


def test_what_runs_at_a_scalers_most_alone_may_hold_nothing(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(model(deployment, None, image=image) for image in ("v1", "v2"))
    result = review(pair, (keda(0, 2), keda(0, 2)), pools=[pool(16)], loads={"llama": 60})
    assert [(each.least, each.most) for each in result.unserved] == [(0, 2 * 2 * (60 + 30))]
    always = review(pair, (keda(1, 2), keda(1, 2)), pools=[pool(16)], loads={"llama": 60})
    assert [(each.least, each.most) for each in always.unserved] == [(2 * 90, 2 * 2 * 90)]


def test_what_ends_only_where_a_scaler_has_given_more(deployment: Make, review: Make, pool: Make) -> None:
    stays = model(deployment, None)
    result = review((stays, stays), (keda(1, 8), keda(1, 2)), pools=[pool(16)], loads={"llama": 60})
    assert [(each.least, each.most) for each in result.unserved] == [(0, 6 * 2 * 30)]
